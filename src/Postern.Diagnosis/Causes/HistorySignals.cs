using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using static Postern.Diagnosis.Causes.SignalId;

namespace Postern.Diagnosis.Causes;

/// <summary>What our own record of attempts says, and how everybody else fares meanwhile.</summary>
internal static class HistorySignals
{
    /// <summary>Fewer successes before a refusal are no burst.</summary>
    private const int Burst = 3;

    /// <summary>A rate limit opens again within minutes; what has failed for longer is no longer about the rate.</summary>
    private static readonly TimeSpan ShortRow = TimeSpan.FromMinutes(15);

    /// <summary>Share of the weight of a limit of connections while the host itself may be gone.</summary>
    private const double Doubtful = 0.4;

    public static void Read(Scene scene, List<Signal> signals)
    {
        foreach (var history in scene.Histories) Own(scene, history, signals);
        foreach (var neighbours in scene.Neighbours) Others(scene, neighbours, signals);
    }

    private static void Own(Scene scene, HistoryFact history, List<Signal> signals)
    {
        int failures = history.Attempts - history.Successes;
        if (history.Attempts <= 1 && history.LastSuccessAt is null) signals.Add(Signal.Of(HistoryFirstContact, history, $"nothing was sent to {history.Upstream} before"));
        if (failures <= 0) return;
        var row = history.FirstFailureAt is { } since ? scene.Evidence.At - since : TimeSpan.Zero;
        if (history.Alternates) signals.Add(Signal.Of(HistoryAlternates, history, $"{history.Upstream} accepts, refuses after about as many every time, and accepts again after a pause"));
        if (history.ConcurrencyRefused > 1 && history.ConcurrencyRefused > history.ConcurrencyAccepted && history.ConcurrencyAccepted > 0)
            signals.Add(Signal.Of(HistoryConcurrency, history, $"{history.ConcurrencyAccepted} connections at once are accepted, {history.ConcurrencyRefused} are not", IsAlive(scene, history) ? 1 : Doubtful));
        // Of a session that was not even let in it says nothing.
        if (history.MessagesPerSessionAtRefusal > 0 && !scene.ConnectFailed)
            signals.Add(Signal.Of(HistoryPerSession, history, $"every session is ended after {history.MessagesPerSessionAtRefusal} message{(history.MessagesPerSessionAtRefusal == 1 ? "" : "s")}"));
        bool isFailing = history.FirstFailureAt is not null;
        if (isFailing && row < ShortRow && history.SuccessesBeforeFailure > 0 && signals.Find(s => s.Id == EgressOtherWorks) is { } otherWorks)
            signals.Add(new Signal(HistoryAddressUsedUp, $"from the address used {history.Upstream} took mail {history.SuccessesBeforeFailure} time{(history.SuccessesBeforeFailure == 1 ? "" : "s")} in the minute before it refused; from another address it takes connections still", Speaker.Us, [history, .. otherWorks.Facts], Strength: Math.Min(1, 0.25 * (1 + history.SuccessesBeforeFailure))));
        if (isFailing && history.SuccessesBeforeFailure >= Burst && row < ShortRow)
            signals.Add(Signal.Of(HistoryAfterBurst, history, $"{history.SuccessesBeforeFailure} successes within a minute, then refusals", Math.Min(1, 0.4 + history.SuccessesBeforeFailure / 20.0)));
        // A server that was stopped does not come back for one connection and go again; a lossy line answers in the end, it does not refuse.
        bool letsSomeIn = history.Recoveries >= 2 && !history.Alternates;
        if (letsSomeIn)
            signals.Add(Signal.Of(HistoryLetsSomeIn, history, $"{history.Recoveries} times within ten minutes {history.Upstream} accepted again after refusals", scene.Deciding?.Outcome == TcpOutcome.TimedOut ? 0.5 : 1));
        if (isFailing && history.LastSuccessAt is { } last && !history.Alternates && !letsSomeIn)
            signals.Add(Signal.Of(HistoryWorkedUntil, history, $"{history.Upstream} worked until {last:yyyy-MM-dd HH:mm} UTC and has failed since, {failures} time{(failures == 1 ? "" : "s")}"));
        else if (history is { LastSuccessAt: null, Successes: 0, Attempts: >= 3 } && history.Window >= TimeSpan.FromHours(1))
            signals.Add(Signal.Of(HistoryNeverWorked, history, $"none of {history.Attempts} attempts at {history.Upstream} went well"));
        else if (!isFailing && history.Successes > 0) signals.Add(Signal.Of(HistorySome, history, $"{failures} of {history.Attempts} attempts at {history.Upstream} failed, with successes in between"));
    }

    /// <summary>
    /// Connections that fail beyond a number are a limit only where the host lives: it answers this one, or has served others since this one was tried. Else it may have stopped
    /// when many sessions were open.
    /// </summary>
    private static bool IsAlive(Scene scene, HistoryFact history) =>
        scene.Replies.Count > 0 || scene.Greeting is { Outcome: not GreetingOutcome.Accepted } || scene.Stages.Exists(s => s.Stage == ClientStage.Greeting)
        || (history.FirstFailureAt is { } failed ? history.LastSuccessAt > failed : history.Successes > 0);

    private static void Others(Scene scene, NeighbourFact fact, List<Signal> signals)
    {
        // One other upstream may have its own trouble at the same time.
        if (fact.Others >= 2 && fact.OthersFailing == fact.Others)
            signals.Add(Signal.Of(NeighboursFail, fact, $"all {fact.Others} other upstreams on port {scene.Port} fail to connect too", Math.Min(1, 0.4 + fact.Others * 0.15)));
        else if (fact.Others >= 1 && fact.OthersFailing * 4 <= fact.Others)
            signals.Add(Signal.Of(NeighboursFine, fact, fact.OthersFailing == 0 ? $"{Count(fact.Others, "other upstream")} on port {scene.Port} work" : $"{fact.Others - fact.OthersFailing} of {fact.Others} other upstreams on port {scene.Port} work", Math.Min(1, 0.5 + fact.Others * 0.1)));
        if (fact.SameProvider >= 2 && fact.SameProviderFailing * 4 >= fact.SameProvider * 3 && fact.OthersFailing * 2 < Math.Max(1, fact.Others))
            signals.Add(Signal.Of(ProviderRefuses, fact, $"{fact.SameProviderFailing} of {fact.SameProvider} destinations at the same provider refuse us, others do not"));
        if (fact.SameEgress >= 2 && fact.SameEgressFailing == fact.SameEgress && fact.OtherEgress >= 1 && fact.OtherEgressFailing == 0)
            signals.Add(Signal.Of(EgressRefused, fact, $"everything that leaves by this address fails ({fact.SameEgress} upstreams), what leaves by another does not"));
    }

    private static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
