using Postern.Core.Decisions;
using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>What an attempt came to for one recipient.</summary>
/// <param name="Index">Into the envelope's recipients.</param>
/// <param name="Failure">Null when delivered, or when nothing was tried.</param>
/// <param name="Reply">The reply that decided; null when none came.</param>
/// <param name="Peer">Who said it; null when nobody was reached.</param>
/// <param name="Reading">Why it failed, as well as is known; null where <paramref name="Failure"/> is.</param>
/// <param name="Decision">What is done about it, also for the upstream and our address; null where <paramref name="Failure"/> is.</param>
internal record struct RecipientOutcome(int Index, Disposition Disposition, StageFailure? Failure, SmtpReply? Reply, PeerName? Peer, FailureReading? Reading = null, Decision? Decision = null)
{
    /// <summary>See <see cref="Decision.IsAboutUs"/>.</summary>
    public readonly bool IsAboutUs => Decision is { IsAboutUs: true };
}

/// <summary>A peer as notifications name it.</summary>
/// <param name="Address">As text, null when no address was reached.</param>
internal sealed record PeerName(string Host, string? Address, bool RelaysNotifications);

/// <summary>
/// The record of one attempt at one leased part: filled by the worker candidate by candidate, read by the settlement. One object per session
/// loop, used again for every message, because an object per message is what the hot path cannot afford.
/// </summary>
internal sealed class Attempt(Decider decider)
{
    private RecipientOutcome[] _outcomes = new RecipientOutcome[4];
    private readonly List<UpstreamHealth> _gates = [];
    private int _count;
    private DestinationKind _via;

    public Lease Lease { get; private set; } = null!;
    public DateTimeOffset StartedAt { get; private set; }
    public bool IsExpired { get; private set; }

    /// <summary>When an upstream that was not tried, or could not be reached, may be tried again; null when none was in the way.</summary>
    public DateTimeOffset? GatedUntil { get; private set; }

    /// <summary>One of the gates that were in the way has been opened since, by another loop.</summary>
    public bool IsGateOpen => _gates.Exists(static g => g.State == GateState.Open);

    /// <summary>The upstream is well, and only takes no more now: by what it refused, or by what we know of it.</summary>
    public bool IsShaped { get; private set; }

    /// <summary>... because as many sessions are open as may be: those that are go on.</summary>
    public bool IsFull { get; set; }

    /// <summary>Some other address of ours may still be tried at the present candidate's host.</summary>
    public bool HasOtherEgress { get; set; }

    /// <summary>Some host answered for itself: the way to the destination is open, whatever it said of the message.</summary>
    public bool WasReached { get; set; }

    /// <summary>The present candidate was not tried: its gate is closed or its sessions are all in use.</summary>
    public bool WasSkipped { get; set; }

    /// <summary>What the present candidate's failure says of the others.</summary>
    public Blame Blame { get; set; }

    /// <summary>The present candidate is ourselves: those after it would hand the mail back (RFC 5321 section 5.1).</summary>
    public bool HasLoop { get; set; }

    /// <summary>Of the last candidate tried that failed or was refused something, with those before it; null when all went well.</summary>
    public AttemptEvidence? Evidence { get; private set; }

    /// <summary>On the failure of <see cref="Evidence"/>, before any further candidate was tried; null when no recipient's fate was decided by it.</summary>
    public Decision? LastDecision { get; private set; }

    public Span<RecipientOutcome> Outcomes => _outcomes.AsSpan(0, _count);

    /// <summary>Recipients for which some host is still to be tried.</summary>
    public int Open { get; private set; }

    /// <summary>No candidate was tried at all: nothing happened that the message's schedule should know of.</summary>
    public bool NothingTried { get; private set; }

    public void Begin(Lease lease, DateTimeOffset now)
    {
        Lease = lease;
        StartedAt = now;
        IsExpired = lease.Envelope.ExpiresAt <= now;
        GatedUntil = null;
        _via = lease.Destination.StartsWith("mx:", StringComparison.Ordinal) ? DestinationKind.Mx : DestinationKind.Pool;
        Evidence = null;
        LastDecision = null;
        _gates.Clear();
        WasReached = WasSkipped = HasLoop = IsShaped = IsFull = HasOtherEgress = false;
        NothingTried = true;
        _count = lease.Pending.Count;
        if (_outcomes.Length < _count) _outcomes = new RecipientOutcome[_count];
        for (int i = 0; i < _count; i++) _outcomes[i] = new RecipientOutcome(lease.Pending[i], Disposition.TryNextHost, null, null, null);
        Open = _count;
    }

    /// <summary>Lets go of what the last message referred to.</summary>
    public void End()
    {
        Array.Clear(_outcomes, 0, _count);
        // One message with thousands of recipients must not make every loop hold an array of that size.
        if (_outcomes.Length > 1024) _outcomes = new RecipientOutcome[4];
        _count = 0;
        Lease = null!;
        Evidence = null;
    }

    /// <summary>A candidate failed or refused something, and what is done about it was decided.</summary>
    public void Note(AttemptEvidence evidence)
    {
        LastDecision = evidence.Failure is { } failure ? Told(failure)?.Decision : null;
        if (Evidence is { } last)
            evidence = evidence with { Earlier = [.. (last.Earlier ?? []).Append(last with { Earlier = null }).TakeLast(AttemptEvidence.MaxEarlier)] };
        Evidence = evidence;
    }

    /// <summary>The present candidate takes no more before then.</summary>
    public void NoteShaped(DateTimeOffset until)
    {
        IsShaped = true;
        NoteGate(until);
    }

    /// <param name="gate">That is closed; null for what has none.</param>
    public void NoteGate(DateTimeOffset until, UpstreamHealth? gate = null)
    {
        if (gate is not null) _gates.Add(gate);
        if (GatedUntil is null || until < GatedUntil) GatedUntil = until;
    }

    /// <summary>The last evidence with what was done about it.</summary>
    public void Tell(AttemptEvidence evidence) => Evidence = evidence;

    /// <summary>Sets what this candidate came to for one recipient that is still open. Whether there is another candidate is decided by <see cref="Close"/>.</summary>
    /// <param name="slot">Into <see cref="Outcomes"/>.</param>
    public void Set(int slot, in RecipientResult result, PeerName? peer) =>
        Set(slot, result, peer, result.Failure is { } failure ? FailureReader.Read(failure, peer?.Host) : null);

    /// <summary>One failure for all that are still open.</summary>
    public void SetOpen(StageFailure failure, PeerName? peer)
    {
        if (Open == 0) return;
        var reading = FailureReader.Read(failure, peer?.Host);
        for (int i = 0; i < _count; i++)
        {
            if (_outcomes[i].Disposition == Disposition.TryNextHost) Set(i, new RecipientResult(failure, failure.Reply), peer, reading);
        }
    }

    /// <summary>
    /// The present candidate's failure has been explained: who was decided about by its words alone is decided about anew, and with it everybody who was told
    /// the same. Somebody who was to wait or to be bounced may be open again.
    /// </summary>
    public void Explained(StageFailure failure, DiagnosisReport report)
    {
        if (Told(failure) is not { } told) return;
        for (int i = 0; i < _count; i++)
        {
            ref var outcome = ref _outcomes[i];
            if (!IsSame(outcome, told)) continue;
            var reading = decider.Choose(Input(outcome, isLastCandidate: false), report);
            if (reading == outcome.Reading) continue;
            if (outcome.Disposition == Disposition.TryNextHost) Open--;
            outcome.Reading = reading;
            Decide(ref outcome, isLastCandidate: false);
            if (outcome.Disposition == Disposition.TryNextHost) Open++;
        }
    }

    /// <summary>No host is left for those who are still open: the last one's word counts.</summary>
    /// <param name="allTried">False when some candidate could not be tried now: then nobody who might yet be taken there is bounced, but for age.</param>
    /// <param name="stopping">We are: nobody is bounced for that, not even for age, because the try that was cut short may still succeed.</param>
    public void Close(bool allTried, bool stopping = false)
    {
        for (int i = 0; i < _count && Open > 0; i++)
        {
            ref var outcome = ref _outcomes[i];
            if (outcome.Disposition != Disposition.TryNextHost) continue;
            if (outcome.Failure is null)
            {
                outcome.Disposition = IsExpired && !stopping ? Disposition.Bounce : Disposition.RetryLater;
            }
            else
            {
                Decide(ref outcome, isLastCandidate: true);
                bool isFinal = outcome.Decision!.Message != MessageAction.Bounce || !stopping && (allTried || outcome.Decision.IsByAge);
                if (!isFinal)
                {
                    bool isByAge = IsExpired && !stopping;
                    outcome.Decision = outcome.Decision with { Message = isByAge ? MessageAction.Bounce : MessageAction.Wait, IsByAge = isByAge };
                    outcome.Disposition = isByAge ? Disposition.Bounce : Disposition.RetryLater;
                }
            }
            Open--;
        }
    }

    private void Set(int slot, in RecipientResult result, PeerName? peer, FailureReading? reading)
    {
        NothingTried = false;
        ref var outcome = ref _outcomes[slot];
        outcome = new RecipientOutcome(outcome.Index, Disposition.Delivered, result.Failure, result.Reply ?? result.Failure?.Reply, peer, reading);
        if (reading is not null) Decide(ref outcome, isLastCandidate: false);
        if (outcome.Disposition != Disposition.TryNextHost) Open--;
    }

    private void Decide(ref RecipientOutcome outcome, bool isLastCandidate)
    {
        outcome.Decision = decider.Decide(Lease.Envelope, outcome.Index, Input(outcome, isLastCandidate));
        outcome.Disposition = outcome.Decision switch
        {
            { GoesOn: true } => Disposition.TryNextHost,
            { Message: MessageAction.Bounce } => Disposition.Bounce,
            _ => Disposition.RetryLater,
        };
    }

    private DecisionInput Input(in RecipientOutcome outcome, bool isLastCandidate) => new(outcome.Failure!, outcome.Reading!, isLastCandidate, IsExpired)
    {
        Via = _via,
        HasOtherEgress = !isLastCandidate && HasOtherEgress,
        Age = StartedAt - Lease.Envelope.AcceptedAt,
    };

    private RecipientOutcome? Told(StageFailure failure)
    {
        foreach (ref readonly var outcome in Outcomes)
        {
            if (ReferenceEquals(outcome.Failure, failure)) return outcome;
        }
        return null;
    }

    /// <summary>The same failure, or the same refusal in another recipient's name, by the same peer.</summary>
    private static bool IsSame(in RecipientOutcome one, in RecipientOutcome told) =>
        ReferenceEquals(one.Failure, told.Failure)
        || one.Failure is { Reply: { } reply } && told.Failure!.Reply is { } other && ReferenceEquals(one.Peer, told.Peer)
            && one.Failure.Stage == told.Failure.Stage && reply.Code == other.Code && reply.Enhanced == other.Enhanced && one.Reading == told.Reading;
}
