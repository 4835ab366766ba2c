using Postern.Core.Queue;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>What an attempt came to for one recipient.</summary>
/// <param name="Index">Into the envelope's recipients.</param>
/// <param name="Failure">Null when delivered, or when nothing was tried.</param>
/// <param name="Reply">The reply that decided; null when none came.</param>
/// <param name="Peer">Who said it; null when nobody was reached.</param>
/// <param name="IsAboutUs">See <see cref="DispositionInput"/>.</param>
internal record struct RecipientOutcome(int Index, Disposition Disposition, StageFailure? Failure, SmtpReply? Reply, PeerName? Peer, bool IsAboutUs = false);

/// <summary>A peer as notifications name it.</summary>
/// <param name="Address">As text, null when no address was reached.</param>
internal sealed record PeerName(string Host, string? Address, bool RelaysNotifications);

/// <summary>
/// The record of one attempt at one leased part: filled by the worker candidate by candidate, read by the settlement. One object per session
/// loop, used again for every message, because an object per message is what the hot path cannot afford.
/// </summary>
internal sealed class Attempt
{
    private RecipientOutcome[] _outcomes = new RecipientOutcome[4];
    private int _count;

    public Lease Lease { get; private set; } = null!;
    public DateTimeOffset StartedAt { get; private set; }
    public bool IsExpired { get; private set; }

    /// <summary>When an upstream that was not tried, or could not be reached, may be tried again; null when none was in the way.</summary>
    public DateTimeOffset? GatedUntil { get; private set; }

    /// <summary>The upstream is well, and only takes no more now: by what it refused, or by what we know of it.</summary>
    public bool IsShaped { get; private set; }

    /// <summary>... because as many sessions are open as may be: those that are go on.</summary>
    public bool IsFull { get; set; }

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
        Evidence = null;
        WasReached = WasSkipped = HasLoop = IsShaped = IsFull = false;
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

    /// <summary>A candidate failed or refused something.</summary>
    public void Note(AttemptEvidence evidence)
    {
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

    public void NoteGate(DateTimeOffset until)
    {
        if (GatedUntil is null || until < GatedUntil) GatedUntil = until;
    }

    /// <summary>Sets what this candidate came to for one recipient that is still open. Whether there is another candidate is decided by <see cref="Close"/>.</summary>
    /// <param name="slot">Into <see cref="Outcomes"/>.</param>
    public void Set(int slot, in RecipientResult result, PeerName? peer)
    {
        NothingTried = false;
        bool isAboutUs = RefusalReading.IsAboutUs(result.Failure, peer);
        ref var outcome = ref _outcomes[slot];
        outcome = new RecipientOutcome(outcome.Index, Decide(result.Failure, isLastCandidate: false, isAboutUs), result.Failure, result.Reply ?? result.Failure?.Reply, peer, isAboutUs);
        if (outcome.Disposition != Disposition.TryNextHost) Open--;
    }

    /// <summary>One failure for all that are still open.</summary>
    public void SetOpen(StageFailure failure, PeerName? peer)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_outcomes[i].Disposition == Disposition.TryNextHost) Set(i, new RecipientResult(failure, failure.Reply), peer);
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
            outcome.Disposition = (outcome.Failure, allTried) switch
            {
                _ when stopping => Disposition.RetryLater,
                (not null, true) => Decide(outcome.Failure, isLastCandidate: true, outcome.IsAboutUs),
                _ => IsExpired ? Disposition.Bounce : Disposition.RetryLater,
            };
            Open--;
        }
    }

    private Disposition Decide(StageFailure? failure, bool isLastCandidate, bool isAboutUs)
    {
        var scope = failure is null ? default : DispositionPolicy.ScopeOf(failure);
        return DispositionPolicy.Decide(new DispositionInput(failure, scope, isLastCandidate, IsExpired, isAboutUs));
    }
}
