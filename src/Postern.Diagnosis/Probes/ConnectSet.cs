using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Probes;

/// <summary>
/// Runs many connects together, at most 32 at once, and waits for each only as long as its answer can still say something: all the time there is while the target
/// is silent; once it has answered, a few round trips for its other ports, and the time of three SYNs for its siblings. So a healthy target is done at once, and one in a
/// black hole when the connect timeout ends.
/// </summary>
internal sealed class ConnectSet(ProbeContext context)
{
    private const int MaxAtOnce = 32;

    /// <summary>SYNs leave at 0, 1 and 3 s; 3.5 s leaves the third one time to be answered.</summary>
    private static readonly TimeSpan PeerPatience = TimeSpan.FromMilliseconds(3500);

    /// <summary>Holds one SYN sent again.</summary>
    private static readonly TimeSpan PortPatience = TimeSpan.FromMilliseconds(1500);

    private static readonly TimeSpan ShortPatience = TimeSpan.FromMilliseconds(200);

    /// <summary>In the order of <paramref name="points"/>; the target is the first. Points that found no place in time are left out.</summary>
    /// <param name="wait">False when the target is not among them: the first point is then like the others.</param>
    public async Task<IReadOnlyList<TcpFact>> RunAsync(IReadOnlyList<NetPoint> points, CancellationToken cancel, bool wait = true)
    {
        long begun = context.Time.GetTimestamp();
        using var places = new SemaphoreSlim(MaxAtOnce);
        using var peers = new CancellationTokenSource(context.ConnectTimeout, context.Time);
        using var ports = new CancellationTokenSource(context.ConnectTimeout, context.Time);
        var running = points.Select(p => ConnectAsync(p, places, p.Point.Role is PointRole.OtherPort or PointRole.SiblingVariant ? ports.Token : peers.Token, cancel)).ToList();
        if (wait && points.Count > 0)
        {
            await ((Task)running[0]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (running[0] is { IsCompletedSuccessfully: true, Result: { } target }) Hurry(target, context.Time.GetElapsedTime(begun), peers, ports);
        }

        var facts = await Task.WhenAll(running);
        return [.. facts.OfType<TcpFact>()];
    }

    private static void Hurry(TcpFact target, TimeSpan gone, CancellationTokenSource peers, CancellationTokenSource ports)
    {
        if (target.Outcome == TcpOutcome.TimedOut) return;
        var roundTrips = TimeSpan.FromMilliseconds(4 * target.Milliseconds ?? 0);
        var forPorts = target.Outcome == TcpOutcome.Connected ? ShortPatience + roundTrips : Max(PortPatience - gone, ShortPatience);
        ports.CancelAfter(forPorts);
        peers.CancelAfter(Max(PeerPatience - gone, ShortPatience));
    }

    private async Task<TcpFact?> ConnectAsync(NetPoint point, SemaphoreSlim places, CancellationToken hurry, CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(hurry, cancel);
        try
        {
            await places.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }

        try
        {
            using var result = await NetConnect.RunAsync(point.Request(context.ConnectTimeout) with { Hurry = hurry }, context.Time, cancel);
            return NetWords.FactOf(point.Point, result);
        }
        finally
        {
            places.Release();
        }
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
