using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Causes;

/// <summary>How many of the packets that open a connection were lost on the way to the target's host, over all ports and all addresses of ours.</summary>
internal static class LossSignals
{
    /// <summary>Fewer connections say nothing about a share; a tenth of loss is bad luck that TCP makes up for, a third is a broken line.</summary>
    private const int LeastConnects = 4;
    private const double Broken = 0.3;

    /// <summary>Where the quickest answer takes longer than this, slow ones may just be slow.</summary>
    private const double NearMs = 700;

    /// <summary>Null when it is no more than any line loses.</summary>
    public static Signal? Heavy(Scene scene)
    {
        var connects = scene.To(scene.Deciding!.Point.Address).FindAll(PathSignals.Answered);
        if (connects.Count < LeastConnects) return null;
        bool isNear = connects.Min(c => c.Milliseconds ?? 0) < NearMs;
        int lost = connects.Sum(c => c.SynRetransmits is { } told and > 0 ? told : isNear ? Missed(c.Milliseconds) : 0);
        double share = lost / (double)(lost + connects.Count);
        if (share < Broken) return null;
        return new Signal(SignalId.ConnectHeavyLoss, $"{lost} of {lost + connects.Count} SYNs to {scene.Host} were lost", Speaker.Network, [.. connects], Strength: Math.Min(1, 0.6 + share));
    }

    /// <summary>SYNs leave at 0, 1, 3 and 7 s (RFC 6298): an answer after a second is one to a later SYN.</summary>
    private static int Missed(double? milliseconds) => milliseconds switch { >= 7000 => 3, >= 3000 => 2, >= 1000 => 1, _ => 0 };
}
