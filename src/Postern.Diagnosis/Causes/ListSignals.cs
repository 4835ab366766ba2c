using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using static Postern.Diagnosis.Causes.SignalId;

namespace Postern.Diagnosis.Causes;

/// <summary>What blocklists say of our address, and what receivers check about us. Lists that are dead, refuse us or are not well say nothing at all: neither listed nor clean.</summary>
internal static class ListSignals
{
    /// <summary>How a server that is itself refused by a list words it, having taken the refusal for a listing.</summary>
    private static readonly string[] RefusedWords = ["open resolver", "public resolver", "query refused", "queries refused", "/returnc/", "127.255.255.", "too many queries", "excessive number of queries", "refused.shtml"];

    public static void Read(Scene scene, List<Signal> signals)
    {
        Listings(scene, signals);
        foreach (var check in scene.Identity)
            if (check.Passed == false) signals.Add(Signal.Of(IdOf(check.Aspect), check));
    }

    private static void Listings(Scene scene, List<Signal> signals)
    {
        int clean = 0, unusable = 0;
        var listed = new List<BlocklistFact>();
        foreach (var list in scene.Lists)
        {
            // A listing of another address of ours does not explain what this one hears.
            if (scene.Deciding?.Point.LocalAddress is { } ours && list.Address != ours && scene.Lists.Exists(l => l.Address == ours)) continue;
            if (list.Result == BlocklistResult.Listed && list.Weight != BlocklistWeight.None) listed.Add(list);
            else if (list.Result == BlocklistResult.NotListed && list.Weight >= BlocklistWeight.Medium) clean++;
            else if (list.Result is BlocklistResult.Refused or BlocklistResult.Unhealthy or BlocklistResult.NoAnswer) unusable++;
        }
        foreach (var list in listed) signals.Add(Signal.Of(IdOf(list.Weight), list));
        if (listed.Count == 0 && clean > 0)
            signals.Add(new Signal(ListsClean, $"not listed at {clean} of the blocklists that matter", Speaker.Dns, [.. scene.Lists.Where(l => l is { Result: BlocklistResult.NotListed, Weight: >= BlocklistWeight.Medium })]));
        else if (listed.Count == 0 && unusable > 0)
            signals.Add(new Signal(ListsUnusable, $"{unusable} blocklist{(unusable == 1 ? "" : "s")} gave no usable answer", Speaker.Dns, [.. scene.Lists]));
        var heavy = listed.Find(l => l.Weight >= BlocklistWeight.Medium);
        if (heavy is not null && signals.Exists(s => s.Id is ReplyTurnedAway or GreetingClosed or GreetingReset || s.Id == ReplyUnclear5))
            signals.Add(new Signal(RefusedWhileListed, $"they turn us away, and {heavy.Name} lists {heavy.Address}", Speaker.Dns, [heavy]));
    }

    /// <summary>
    /// Compares a reply that names a list with what the list tells us. True when the list never said so: the upstream takes "your resolver is refused" for a listing, and
    /// turns everybody away.
    /// </summary>
    public static bool Misread(Scene scene, ReplyFact reply, List<Signal> signals)
    {
        var named = scene.Lists.FindAll(l => Names(reply.Reply, l));
        var listed = named.FindAll(l => l.Result == BlocklistResult.Listed);
        var clean = named.FindAll(l => l.Result == BlocklistResult.NotListed);
        if (listed.Count > 0)
        {
            signals.Add(new Signal(ReplyListConfirmed, $"{listed[0].Name}, which the reply names, does list {listed[0].Address}", Speaker.Dns, [reply, listed[0]]));
            return false;
        }
        if (ReplySignals.ContainsAny(reply.Reply, RefusedWords))
        {
            string agree = clean.Count > 0 ? $"; {clean[0].Name} does not list {clean[0].Address}" : "";
            signals.Add(new Signal(ReplyListMisread, $"{ReplySignals.Quote(reply)} - that is the list's refusal of their own resolver{agree}", Speaker.Peer, [reply, .. clean], Strength: clean.Count > 0 ? 1 : 0.9));
            return true;
        }
        if (clean.Count > 0) signals.Add(new Signal(ReplyListDenied, $"{clean[0].Name}, which the reply names, does not list {clean[0].Address} now", Speaker.Dns, [reply, clean[0]]));
        return false;
    }

    /// <summary>By zone, by the list's domain ("spamhaus.org" of "zen.spamhaus.org") or by its name.</summary>
    internal static bool Names(string reply, BlocklistFact list)
    {
        int dot = list.Zone.LastIndexOf('.');
        int before = dot > 0 ? list.Zone.LastIndexOf('.', dot - 1) : -1;
        // "co.uk" is nobody's domain.
        string domain = dot - before <= 4 ? list.Zone : list.Zone[(before + 1)..];
        string name = list.Name.Split(' ')[0];
        return reply.Contains(domain, StringComparison.OrdinalIgnoreCase) || (name.Length >= 5 && reply.Contains(name, StringComparison.OrdinalIgnoreCase));
    }

    private static string IdOf(BlocklistWeight weight) => weight switch
    {
        BlocklistWeight.High => ListedHigh,
        BlocklistWeight.Medium => ListedMedium,
        BlocklistWeight.Low => ListedLow,
        _ => ListedVeryLow,
    };

    private static string IdOf(IdentityAspect aspect) => aspect switch
    {
        IdentityAspect.ReverseName => NoReverseName,
        IdentityAspect.ForwardConfirmed => NotForwardConfirmed,
        IdentityAspect.HelloName => HelloUnresolved,
        _ => PolicyFails,
    };
}
