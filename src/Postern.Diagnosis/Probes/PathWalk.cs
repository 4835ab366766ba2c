using System.Net;
using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Probes;

/// <summary>What a walk found. <see cref="ReachedAt"/> is 0 when the port did not answer.</summary>
/// <param name="Hops">From 1 to the last distance that matters, silent ones included.</param>
/// <param name="HostSpokeAt">Distance at which the host itself sent an ICMP error; 0 when it did not.</param>
internal sealed record WalkResult(IReadOnlyList<PathHop> Hops, int ReachedAt, int LastAnswered, int HostSpokeAt, TcpAnswer? Answer);

/// <summary>How the port answered a walk.</summary>
internal readonly record struct TcpAnswer(TcpOutcome Outcome, TimeSpan RoundTrip);

/// <summary>
/// A TCP traceroute by connects with rising time to live: routers at which they die say so in the socket's error queue. A few distances at a time, so that a
/// host that answers sees a handful of connections and no burst; silent distances are asked again later, because routers answer only so often.
/// </summary>
internal sealed class PathWalk(NetPoint target, TimeProvider time)
{
    public const int MaxHops = 30;

    /// <summary>Distances asked together.</summary>
    private const int Batch = 5;

    /// <summary>Distances without any answer after which the rest is taken for silent too; tunnels hide up to half a dozen.</summary>
    private const int MaxSilence = 10;

    private const int MoreTries = 2;

    /// <summary>Before the next distances are asked when these have not all answered.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    /// <summary>A connect lives on while later ones are asked: slow routers count too.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1500);

    private static readonly TimeSpan RetryPatience = TimeSpan.FromMilliseconds(500);

    private readonly ConnectResult?[] _answers = new ConnectResult?[MaxHops + 1];
    private readonly List<Task> _asked = [];

    public async Task<WalkResult> RunAsync(CancellationToken hurry, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(hurry);
        for (int first = 1; first <= MaxHops && !hurry.IsCancellationRequested; first += Batch)
        {
            await AskAsync(Enumerable.Range(first, Math.Min(Batch, MaxHops - first + 1)), Pace, Patience, over.Token, cancel);
            if (End() is not null || first + Batch - 1 - LastAnswered() >= MaxSilence) break;
        }

        for (int i = 0; i < MoreTries && !hurry.IsCancellationRequested; i++)
        {
            // One beyond what answered, where a filter shows itself; and the holes before.
            int end = (End() ?? LastAnswered() + 1) is var e && e > MaxHops ? MaxHops : e;
            int[] silent = [.. Enumerable.Range(1, end).Where(d => _answers[d] is null)];
            if (silent.Length == 0) break;
            await AskAsync(silent, RetryPatience, RetryPatience, over.Token, cancel);
        }

        await over.CancelAsync();
        await Task.WhenAll(_asked);
        return Result();
    }

    private async Task AskAsync(IEnumerable<int> distances, TimeSpan pace, TimeSpan patience, CancellationToken hurry, CancellationToken cancel)
    {
        Task[] these = [.. distances.Select(d => AskAsync(d, patience, hurry, cancel))];
        _asked.AddRange(these);
        await Task.WhenAny(Task.WhenAll(these), Task.Delay(pace, time, hurry));
    }

    private async Task AskAsync(int distance, TimeSpan patience, CancellationToken hurry, CancellationToken cancel)
    {
        using var result = await NetConnect.RunAsync(target.Request(patience) with { Hops = distance, Hurry = hurry }, time, cancel);
        if (result.HasTcpAnswer || result.Icmp is not null) Interlocked.CompareExchange(ref _answers[distance], result, null);
    }

    private int LastAnswered() => Array.FindLastIndex(_answers, a => a is not null) is var last && last > 0 ? last : 0;

    /// <summary>The first distance with an answer that ends the path: from the port, or an error other than "time exceeded".</summary>
    private int? End() => Array.FindIndex(_answers, a => a is not null && (a.HasTcpAnswer || !IcmpTable.IsTimeExceeded(a.Icmp!))) is var at && at > 0 ? at : null;

    private WalkResult Result()
    {
        int end = End() ?? LastAnswered();
        var hops = new List<PathHop>(end);
        for (int d = 1; d <= end; d++)
        {
            var answer = _answers[d];
            string? from = answer is null ? null : answer.HasTcpAnswer ? target.Point.Address : answer.Icmp!.From;
            hops.Add(new PathHop(d, from, answer?.Icmp, answer?.Milliseconds));
        }

        var last = end > 0 ? _answers[end] : null;
        bool reached = last is { HasTcpAnswer: true };
        // A router that filters answers what should go beyond it: it stands where it said "time exceeded", if it said so.
        int known = last is { HasTcpAnswer: false } ? hops.FindIndex(h => h.Address is not null && h.Address == last.Icmp!.From) + 1 : end;
        if (last?.Icmp is { FromUs: true }) known = 0;
        bool hostSpoke = !reached && last?.Icmp?.From == target.Point.Address;
        return new WalkResult(hops, reached ? end : 0, known, hostSpoke ? known : 0, reached ? new TcpAnswer(last!.Outcome, last.Elapsed) : null);
    }
}
