using System.Net;
using Postern.Core.Shaping;
using Postern.Core.Upstreams;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>A session, a failure to open one, or the news that none was tried: exactly one of the first three is set.</summary>
/// <param name="NotBefore">The gate is closed, our address is rested there, or all sessions are in use: when to ask again.</param>
/// <param name="Until">With a failure: when the next try is let through; null when the failure says nothing of the upstream.</param>
internal readonly record struct SessionOffer(PooledSession? Session, StageFailure? Failure, DateTimeOffset? NotBefore, DateTimeOffset? Until, IReadOnlyList<DnsObservation> Dns)
{
    /// <summary>Whom to try next.</summary>
    public Blame Blame { get; init; }

    /// <summary>With a failure: our address was turned away, and is rested there until <see cref="Until"/>.</summary>
    public bool IsRest { get; init; }

    /// <summary>With a failure: the host serves others at this moment, so this one met a limit. See <see cref="GateVerdict"/>.</summary>
    public bool IsLimit { get; init; }

    /// <summary>What the failure taught of the limits there; null when it taught nothing.</summary>
    public LaneLesson? Lesson { get; init; }

    /// <summary>Not tried, because as much is under way or sent as is taken there.</summary>
    public bool IsShaped { get; init; }

    /// <summary>... and that because all sessions that may be open are.</summary>
    public bool IsFull { get; init; }

    /// <summary>The gate that is closed; null when something else is in the way.</summary>
    public UpstreamHealth? ClosedBy { get; init; }

    public static SessionOffer Later(DateTimeOffset until, Blame blame) => new(null, null, until, null, []) { Blame = blame };
}

/// <summary>What a report came to.</summary>
/// <param name="ClosedUntil">Not null: the way is closed, and when it may be tried again.</param>
/// <param name="Opened">The gate was closed and is open now.</param>
/// <param name="IsLimit">See <see cref="SessionOffer.IsLimit"/>.</param>
/// <param name="IsRest">See <see cref="SessionOffer.IsRest"/>.</param>
internal readonly record struct SessionReport(DateTimeOffset? ClosedUntil, bool Opened, bool IsLimit, Blame Blame, bool IsRest = false, LaneLesson? Lesson = null);

/// <summary>
/// Opens a session for a candidate: asks the limit, the rest of our address and the gate, looks its addresses up, connects. Whoever gets the session owes a
/// report (<see cref="Report"/>) after the first message, because a server may greet well and still turn every message away with 421.
/// </summary>
internal sealed class SessionOpener(DeliveryPlanner planner, SessionPool pool, UpstreamRegistry registry, TimeProvider time)
{
    /// <summary>When to ask again for a session to an upstream all of whose sessions are in use by other destinations.</summary>
    private static readonly TimeSpan BusyWait = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// A connect of a try at a closed gate of a named upstream: SYNs are repeated ever less often (after 1, 3, 7, 15 s), so a new connect sees it return
    /// sooner than an old one that still waits.
    /// </summary>
    private static readonly TimeSpan ProbeConnect = TimeSpan.FromSeconds(4);

    /// <summary>A host that served us in so long a time before a session began to be opened was up; what a slow lane sends in is more rare than this only below one a minute.</summary>
    private static readonly TimeSpan ServedLately = TimeSpan.FromMinutes(1);

    /// <summary>A host that has served us in so long a time is none that may never answer.</summary>
    private static readonly TimeSpan KnownFor = TimeSpan.FromMinutes(15);

    /// <summary>When to ask again at a host that has not answered the first sessions yet.</summary>
    private static readonly TimeSpan MeetingWait = TimeSpan.FromMilliseconds(50);

    /// <summary>Every so many tries wait twice as long, one SYN more, and every so many of those as long as is configured: the way may have become slow. All of them would notice a return late.</summary>
    private const int PatientProbe = 16;

    /// <param name="now">Opens a closed gate for this try: the operator asked.</param>
    /// <param name="workers">Sessions in use, for the limit of all sessions: an idle one gives way.</param>
    public async ValueTask<SessionOffer> OpenAsync(DeliveryModel model, Candidate candidate, bool now, int workers, SessionRecorder recorder, CancellationToken cancel)
    {
        var upstream = candidate.Upstream;
        if (!upstream.TryAddSession(candidate.MaxSessions)) return SessionOffer.Later(time.GetUtcNow() + BusyWait, Blame.Path);
        if (!registry.Rests.TryEnter(candidate.RestsAt, candidate.Egress.Name, now, out var until))
        {
            upstream.RemoveSession();
            return SessionOffer.Later(until, Blame.Egress);
        }
        long begun = time.GetTimestamp();
        if (!candidate.Gate.TryEnter(now, out until))
        {
            upstream.RemoveSession();
            registry.Rests.Abandoned(candidate.RestsAt, candidate.Egress.Name, begun);
            return SessionOffer.Later(until, Blame.Path) with { ClosedBy = candidate.Gate };
        }
        begun = time.GetTimestamp();
        var began = time.GetUtcNow();
        bool isStranger = !candidate.Gate.HasServed(begun, KnownFor);
        if (isStranger && !candidate.Gate.TryMeet())
        {
            upstream.RemoveSession();
            Abandoned(candidate, begun);
            return SessionOffer.Later(began + MeetingWait, Blame.Path) with { IsShaped = true, IsFull = true };
        }
        if (candidate.Lane.TryOpen(began, isStranger) is { IsGranted: false } full)
        {
            if (isStranger) candidate.Gate.Met();
            upstream.RemoveSession();
            Abandoned(candidate, begun);
            return SessionOffer.Later(Soonest(full.Until), Blame.Egress) with { IsShaped = true, IsFull = full.IsFull };
        }
        while (pool.Idle + workers > model.Limits.Total && pool.CloseOne()) { }

        bool open = false, told = false;
        try
        {
            var resolution = await planner.ResolveAsync(model, candidate, cancel);
            if (resolution.Failure is { Kind: FailureKind.LoopsToUs } loop) return new SessionOffer(null, loop, null, null, resolution.Dns);
            var opening = new SessionOpening(null, resolution.Failure);
            AddressTry? addresses = null;
            if (resolution.Target is { } target)
            {
                addresses = registry.Addresses.Begin(target.Addresses, candidate.Egress.Name, now);
                if (addresses.NotBefore is { } wait) return SessionOffer.Later(wait, Blame.Path);
                opening = await ConnectAsync(candidate, target with { Addresses = addresses.Addresses }, addresses, recorder, begun, cancel);
            }
            if (opening.Session is { } session)
            {
                open = told = true;
                candidate.Lane.Opened(isStranger);
                upstream.SessionStands();
                return new SessionOffer(new PooledSession(session, candidate, time, begun), null, null, null, resolution.Dns);
            }
            var failure = opening.Failure!;
            if (failure.Kind == FailureKind.Cancelled) return new SessionOffer(null, failure, null, null, resolution.Dns);
            told = true;
            var report = Failed(candidate, failure, begun, LocalAddress(recorder), began);
            return new SessionOffer(null, failure, null, report.ClosedUntil, resolution.Dns) { Blame = report.Blame, IsLimit = report.IsLimit, IsRest = report.IsRest, Lesson = report.Lesson };
        }
        finally
        {
            if (!open)
            {
                upstream.RemoveSession();
                candidate.Lane.NotOpened(isStranger);
            }
            if (isStranger) candidate.Gate.Met();
            if (!told) Abandoned(candidate, begun);
        }
    }

    /// <summary>Tells what a fresh session's first message came to, and on any session that our address was turned away.</summary>
    /// <param name="failure">Of the session, or a refusal of a recipient or message that is about our address; null when the host did its work.</param>
    public SessionReport Report(PooledSession session, StageFailure? failure)
    {
        var candidate = session.Candidate;
        bool owes = session.OwesReport;
        session.OwesReport = false;
        if (failure is null)
        {
            if (!owes)
            {
                candidate.Gate.Served();
                return default;
            }
            registry.Rests.Accepted(candidate.RestsAt, candidate.Egress.Name);
            bool opened = candidate.Gate.Succeeded();
            if (opened) registry.Recovered?.Invoke(candidate);
            return new SessionReport(null, opened, false, Blame.Host);
        }
        if (failure.Kind == FailureKind.Cancelled)
        {
            if (owes) Abandoned(candidate, session.Begun);
            return default;
        }
        var reading = BlameReading.Of(failure, candidate);
        if (!owes && !reading.IsRefusedAddress) return new SessionReport(null, false, false, reading.Blame);
        // What comes next would be turned away as well.
        if (reading.IsRefusedAddress) session.Retire();
        return Failed(candidate, failure, owes ? session.Begun : time.GetTimestamp(), session.Session.Local.Address);
    }

    private async ValueTask<SessionOpening> ConnectAsync(Candidate candidate, SessionTarget target, AddressTry addresses, SessionRecorder recorder, long begun, CancellationToken cancel)
    {
        bool isOurs = true;
        try
        {
            var opening = await SmtpClientSession.OpenAsync(target, SettingsNow(candidate), recorder, time, cancel);
            isOurs = opening.Failure is { Kind: FailureKind.Cancelled } || candidate.Gate.IsServing(begun, HasOthers(candidate));
            return opening;
        }
        finally
        {
            registry.Addresses.End(addresses, recorder.Connects(), isOurs);
        }
    }

    private static ClientSettings SettingsNow(Candidate candidate)
    {
        var settings = candidate.Settings;
        if (!candidate.Upstream.IsPool || candidate.Gate.State == GateState.Open || settings.Timeouts.Connect <= ProbeConnect) return settings;
        int failures = candidate.Gate.Snapshot().Failures;
        if (failures % (PatientProbe * PatientProbe) == 0) return settings;
        var limit = failures % PatientProbe == 0 ? 2 * ProbeConnect : ProbeConnect;
        return settings.Timeouts.Connect <= limit ? settings : settings with { Timeouts = settings.Timeouts with { Connect = limit } };
    }

    /// <param name="began">When a session that could not be opened was granted; null for one that was open: its message tells its lane itself.</param>
    private SessionReport Failed(Candidate candidate, StageFailure failure, long begun, IPAddress? local, DateTimeOffset? began = null)
    {
        var reading = BlameReading.Of(failure, candidate);
        if (reading.IsRefusedAddress)
        {
            // It answers: nothing is wrong with the host.
            bool opened = candidate.Gate.Succeeded();
            var rest = registry.Rests.Refused(candidate.RestsAt, candidate.Egress.Name, failure, reading.Address ?? local, reading.List, begun, candidate.Group);
            return new SessionReport(rest.Until, opened, false, reading.Blame, IsRest: true);
        }
        registry.Rests.Abandoned(candidate.RestsAt, candidate.Egress.Name, begun);
        if (began is { } granted && Learn(candidate, failure, granted, begun) is { } lesson)
        {
            // What turns us away for a limit is up.
            bool opened = failure.Reply is not null && candidate.Gate.Succeeded();
            candidate.Gate.Abandoned(begun);
            return new SessionReport(null, opened, true, reading.Blame, Lesson: lesson);
        }
        if (!reading.ClosesGate)
        {
            candidate.Gate.Abandoned(begun);
            return new SessionReport(null, false, false, reading.Blame);
        }
        var verdict = candidate.Gate.Failed(failure, begun, HasOthers(candidate));
        return new SessionReport(verdict.IsLimit ? null : verdict.Until, false, verdict.IsLimit, reading.Blame);
    }

    /// <summary>Its lane may be shared by several hosts: one of them that says nothing met a limit only if it served us lately, whatever the others do.</summary>
    private LaneLesson? Learn(Candidate candidate, StageFailure failure, DateTimeOffset began, long begun) =>
        (failure.Reply is not null || candidate.Gate.HasServed(begun, ServedLately))
        && LaneSamples.Refused(time.GetUtcNow(), failure, candidate.Host, candidate.Upstream.OpenSessions, 0, began) is { } sample ? candidate.Lane.Refused(sample) : null;

    /// <summary>Where nobody can say when, it is asked for again soon.</summary>
    private DateTimeOffset Soonest(DateTimeOffset until) => until == DateTimeOffset.MaxValue ? time.GetUtcNow() + BusyWait : until;

    private void Abandoned(Candidate candidate, long begun)
    {
        registry.Rests.Abandoned(candidate.RestsAt, candidate.Egress.Name, begun);
        candidate.Gate.Abandoned(begun);
    }

    /// <summary>Besides the one in question.</summary>
    private static bool HasOthers(Candidate candidate) => candidate.Upstream.OpenSessions > 1;

    /// <summary>Our address of the connection that was made; null when none was.</summary>
    private static IPAddress? LocalAddress(SessionRecorder recorder)
    {
        foreach (var connect in recorder.Connects())
        {
            if (connect.Error is null && IPAddress.TryParse(connect.LocalAddress, out var address)) return address;
        }
        return null;
    }
}
