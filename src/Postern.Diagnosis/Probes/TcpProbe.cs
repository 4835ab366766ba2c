using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes.Native;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Probes;

/// <summary>
/// Connects to every host of the target on both families and from every address of ours, and to other ports: who answers, and how. The target's fact is the first.
/// A healthy target takes a few round trips, a silent one the connect timeout.
/// </summary>
internal static class TcpProbe
{
    public static async ValueTask<IReadOnlyList<Fact>> RunAsync(ProbeContext context, CancellationToken cancel)
    {
        if (NetTarget.Find(context) is not { } target) return [];
        var points = ConnectPlan.Of(context, target);
        var facts = (await new ConnectSet(context).RunAsync(points, cancel)).ToList();
        await MeasureAsync(context, target, facts, cancel);
        return LinuxSocket.IsSupported ? [.. facts] : [.. facts, Limit()];
    }

    /// <summary>A port that refuses: was the refusal made where the host is? Its other ports say where that would be.</summary>
    private static async ValueTask MeasureAsync(ProbeContext context, NetPoint target, List<TcpFact> facts, CancellationToken cancel)
    {
        if (facts is not [{ Outcome: TcpOutcome.Refused, Icmp: null }, ..]) return;
        string? address = target.Point.Address;
        int other = facts.FindIndex(f => f.Point.Role == PointRole.OtherPort && f.Point.Address == address && f is { Outcome: TcpOutcome.Connected or TcpOutcome.Refused, Icmp: null });
        int?[] measured = await Task.WhenAll(((int[])[0, other]).Where(i => i >= 0).Select(i => MeasureAsync(context, target, facts[i], cancel)));
        facts[0] = facts[0] with { AnswerTtl = measured[0] };
        if (other >= 0) facts[other] = facts[other] with { AnswerTtl = measured[1] };
    }

    private static async Task<int?> MeasureAsync(ProbeContext context, NetPoint target, TcpFact answered, CancellationToken cancel)
    {
        var remote = new System.Net.IPEndPoint(target.Remote.Address, answered.Point.Port);
        return await AnswerTtl.MeasureAsync(remote, target.Local, TimeSpan.FromMilliseconds(answered.Milliseconds ?? 0), context.Time, cancel);
    }

    private static LimitFact Limit() => new()
    {
        SaidBy = Speaker.Us,
        What = "icmp",
        Observed = "who sent an ICMP error, and its code, cannot be seen on this system: without root that takes Linux",
    };
}
