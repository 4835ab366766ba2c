namespace Postern.Core.Demo;

/// <summary>How the demonstration's troubled upstream behaves for a while.</summary>
public enum Trouble : byte
{
    None,           // takes mail
    Greylists,      // 450 4.7.1 to every recipient
    Busy,           // 421 4.3.2 instead of a greeting
    RateLimits,     // 451 4.7.1 to MAIL
    Silent,         // accepts the connection and says nothing
}

/// <summary>One row of the cycle.</summary>
public readonly record struct TroublePhase(Trouble Trouble, TimeSpan Duration);

/// <summary>Goes through its phases for ever, by the clock, from the moment it is first asked: whoever comes first sees the first phase. Thread safe.</summary>
public sealed class TroubleCycle
{
    private readonly IReadOnlyList<TroublePhase> _phases;
    private readonly TimeProvider _time;
    private readonly Lazy<long> _start;
    private readonly TimeSpan _whole;

    /// <param name="phases">At least one, each longer than nothing.</param>
    public TroubleCycle(IReadOnlyList<TroublePhase> phases, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfZero(phases.Count);
        foreach (var phase in phases)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(phase.Duration, TimeSpan.Zero);
            _whole += phase.Duration;
        }
        _phases = phases;
        _time = time;
        _start = new Lazy<long>(time.GetTimestamp);
    }

    /// <summary>Long enough to be seen, short enough to see all of it within two minutes.</summary>
    public static IReadOnlyList<TroublePhase> Usual { get; } =
    [
        new(Trouble.Greylists, TimeSpan.FromSeconds(20)),
        new(Trouble.None, TimeSpan.FromSeconds(20)),
        new(Trouble.Busy, TimeSpan.FromSeconds(20)),
        new(Trouble.None, TimeSpan.FromSeconds(20)),
        new(Trouble.RateLimits, TimeSpan.FromSeconds(10)),
        new(Trouble.Silent, TimeSpan.FromSeconds(15)),
        new(Trouble.None, TimeSpan.FromSeconds(15)),
    ];

    /// <summary>What holds now, and how much longer.</summary>
    public TroublePhase Current
    {
        get
        {
            var into = TimeSpan.FromTicks(_time.GetElapsedTime(_start.Value).Ticks % _whole.Ticks);
            foreach (var phase in _phases)
            {
                if (into < phase.Duration) return phase with { Duration = phase.Duration - into };
                into -= phase.Duration;
            }
            return _phases[^1];
        }
    }
}
