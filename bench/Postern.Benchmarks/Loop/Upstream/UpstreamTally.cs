using System.Net;

namespace Postern.Benchmarks.Loop.Upstream;

internal enum Happening : byte
{
    /// <summary>A connection was let in.</summary>
    Connected,

    /// <summary>A connection was refused or closed before it could bring mail.</summary>
    TurnedAway,

    /// <summary>A message was refused at MAIL.</summary>
    Refused,

    /// <summary>A message was answered 250.</summary>
    Taken,
}

/// <param name="At">Since the tally's start.</param>
/// <param name="From">The client's address.</param>
/// <param name="Recipient">Of a message that was taken, its first; else null.</param>
internal readonly record struct UpstreamEvent(TimeSpan At, Happening What, IPAddress From, string? Recipient);

/// <summary>What upstreams saw, with times. Several may share one. Thread safe.</summary>
internal sealed class UpstreamTally
{
    private readonly Lock _lock = new();
    private readonly List<UpstreamEvent> _events = [];
    private readonly long _start = TimeProvider.System.GetTimestamp();

    /// <summary>A timestamp of the system's provider in the tally's time.</summary>
    public TimeSpan At(long timestamp) => TimeProvider.System.GetElapsedTime(_start, timestamp);

    public TimeSpan Now => TimeProvider.System.GetElapsedTime(_start);

    /// <summary>Messages answered 250 so far.</summary>
    public int Taken { get; private set; }

    public void Note(Happening what, IPAddress from, string? recipient = null)
    {
        lock (_lock)
        {
            _events.Add(new UpstreamEvent(Now, what, from, recipient));
            if (what == Happening.Taken) Taken++;
        }
    }

    public IReadOnlyList<UpstreamEvent> Events
    {
        get { lock (_lock) return [.. _events]; }
    }

    public int Count(Happening what, TimeSpan from, TimeSpan to)
    {
        lock (_lock) return _events.Count(e => e.What == what && e.At >= from && e.At < to);
    }
}
