using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Core.Scheduling;
using Postern.Core.Upstreams;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// One session loop: takes what is due for one destination, message by message, over one session as long as it lasts. Plan, attempt, decide,
/// settle are types of their own; this one only walks from one to the next and knows which candidate's turn it is.
/// Used again for other destinations; not thread safe, but for <see cref="Renew"/>.
/// </summary>
internal sealed class DeliveryWorker(DeliveryEngine engine) : IThreadPoolWorkItem
{
    private readonly Attempt _attempt = new(engine.Parts.Decider);
    private readonly TransactionRunner _runner = new();
    private readonly AttemptReporter _reporter = new(engine);
    private readonly FirstReply _first = new(engine.Time);
    private DestinationQueue _queue = null!;
    private PooledSession? _session;
    private volatile Lease? _lease;
    private long _leasedAt;
    private DateTimeOffset _messageBegan;
    private bool _isWarmUp, _isSilent;

    public void Begin(DestinationQueue queue)
    {
        _queue = queue;
        _first.Heard ??= Heard;
    }

    public void Execute() => _ = engine.RunAsync(this);

    /// <summary>Takes messages until the scheduler has no more for this loop, or no session is to be had.</summary>
    public async Task RunAsync()
    {
        int sent = 0;
        bool hasSlot = true;
        try
        {
            bool leavesSession = false;
            while (engine.Scheduler.TryTake(_queue, sent++, leavesSession, out var part))
            {
                if (!await DeliverAsync(part)) return;
                leavesSession = _session is not null;
                // The next loop must find the session, should this one end now.
                if (_queue.Ready == 0) PutBack();
            }
            hasSlot = false;
        }
        finally
        {
            PutBack();
            if (hasSlot) engine.Scheduler.EndWorker(_queue);
        }
    }

    /// <summary>Prolongs the lease of a transfer that takes long. Called from the engine's sweep.</summary>
    public void Renew()
    {
        var lease = _lease;
        if (lease is null || engine.Time.GetElapsedTime(Volatile.Read(ref _leasedAt)) < DeliveryEngine.LeaseTime / 3) return;
        if (engine.Store.Renew(lease, DeliveryEngine.LeaseTime)) Volatile.Write(ref _leasedAt, engine.Time.GetTimestamp());
    }

    /// <summary>False when the loop cannot go on: the way to the destination is closed.</summary>
    private async ValueTask<bool> DeliverAsync(WaitingPart part)
    {
        var due = DateTimeOffset.FromUnixTimeMilliseconds(part.Due);
        using var lease = await engine.Store.LeaseAsync(part.Id, _queue.Name, engine.Owner, DeliveryEngine.LeaseTime, engine.Abort);
        if (lease is null) return true;
        Volatile.Write(ref _leasedAt, engine.Time.GetTimestamp());
        _lease = lease;
        try
        {
            if (await engine.Settler.CatchUpAsync(lease, due, CancellationToken.None)) return true;
            if (lease.BounceRequested)
            {
                await engine.Settler.ReturnAsync(lease, CancellationToken.None);
                return true;
            }
            if (await engine.Rerouter.RerouteAsync(lease, _queue, due)) return true;
            return await AttemptAsync(lease, due);
        }
        catch (OperationCanceledException) when (engine.Abort.IsCancellationRequested)
        {
            engine.Store.Release(lease, due);
            return false;
        }
        catch (Exception e)
        {
            // Ours, not the upstream's: the store cannot read or write, or a bug. One message must not stop the others, nor be lost, nor spin.
            DropSession();
            engine.Broke(e, lease);
            return true;
        }
        finally
        {
            _lease = null;
            _attempt.End();
        }
    }

    private async ValueTask<bool> AttemptAsync(Lease lease, DateTimeOffset due)
    {
        var model = engine.Model;
        _attempt.Begin(lease, engine.Time.GetUtcNow());
        bool allTried = false;
        try
        {
            allTried = await WalkAsync(model);
        }
        catch (OperationCanceledException) when (engine.Abort.IsCancellationRequested)
        {
            // What was delivered before is settled as delivered, the rest is given back.
            DropSession();
        }
        bool stopping = engine.Abort.IsCancellationRequested;
        _attempt.Close(allTried, stopping);
        bool held = _attempt.Open == 0 && _session is null && _attempt.GatedUntil is not null && !_attempt.WasReached;
        // Before the part is filed anew: else a loop would be started for it at once.
        if (held && _attempt.IsShaped)
        {
            if (!_attempt.IsFull || !engine.Scheduler.Narrow(_queue)) engine.Scheduler.Pause(_queue, _attempt.GatedUntil!.Value);
        }
        else if (held)
        {
            engine.Scheduler.Gate(_queue, _attempt.GatedUntil!.Value);
            // Whoever opened it meanwhile looked for queues to reopen before this one was gated.
            if (_attempt.IsGateOpen) engine.Scheduler.Open(_queue);
        }
        if (_queue.MaxWorkers is not null && _session?.Candidate.Lane.Free is > 0 and var free) engine.Scheduler.Allow(_queue, _queue.Workers + free);
        await engine.Settler.SettleAsync(_attempt, model, held || stopping, due, CancellationToken.None);
        return !held && !stopping;
    }

    /// <summary>Candidate by candidate until nobody is left to be delivered. False when some could not be tried now.</summary>
    private async ValueTask<bool> WalkAsync(DeliveryModel model)
    {
        // A domain's session that is still there needs no plan: whoever it leads to has taken this domain's mail a moment ago.
        var used = _queue.Destination.Kind == DestinationKind.Mx && _session is { IsSpent: false } ? _session.Candidate : null;
        var usedBlame = Blame.Host;
        // The next session is a new one: those that lie idle may be as dead.
        bool isDead = false;
        if (used is not null && used.Generation == model.Generation)
        {
            bool again = MayBegin(used) && await OnSessionAsync(model, isReused: true);
            isDead = again && _isSilent;
            if (_attempt.Open == 0) return true;
            if (again || _attempt.WasSkipped) used = null;
            usedBlame = _attempt.Blame;
        }
        else
        {
            used = null;
        }

        if (await engine.Planner.PlanAsync(model, _queue.Destination, engine.Abort) is not { } plan)
        {
            Rerouter.Strand(_attempt, _queue);
            return true;
        }
        if (plan.Failure is { } failure)
        {
            _reporter.PlanFailed(_attempt, _queue, plan, failure);
            return true;
        }
        engine.Registry.ForgetDomain(_queue.Destination.Name);
        bool allTried = true;
        UpstreamState? full = null;
        bool now = engine.Scheduler.TakeRetryAsked(_queue);
        for (var next = plan.First; next is { } step && _attempt.Open > 0; next = plan.NextAfter(step, _attempt.Blame, !_attempt.WasSkipped))
        {
            var candidate = plan.At(step);
            _attempt.HasOtherEgress = plan.HasOtherEgress(step);
            _attempt.WasSkipped = false;
            _attempt.Blame = usedBlame;
            if (used is not null && _attempt.WasReached && candidate.Upstream == used.Upstream) continue;
            while (MayBegin(candidate))
            {
                bool isReused = await ObtainAsync(model, candidate, now, plan, isDead);
                if (_session is null)
                {
                    candidate.Lane.Untake(_messageBegan);
                    break;
                }
                if (full is not null && full != candidate.Upstream) model.Pool(_queue.Destination.Name)?.Moved(full, candidate.Upstream);
                full = null;
                if (!await OnSessionAsync(model, isReused)) break;
                isDead = _isSilent;
            }
            if (_attempt.WasSkipped && _attempt.IsShaped && candidate.Upstream.IsPool) full ??= candidate.Upstream;
            if (_attempt.HasLoop) break;
            // An address that is spared for weeks must not put off the bounce of what the others were told for good.
            if (_attempt.WasSkipped && !_isWarmUp) allTried = false;
        }
        return allTried;
    }

    /// <summary>Takes a message's place in what the candidate's lane may send now. False when there is none: the candidate is passed over.</summary>
    private bool MayBegin(Candidate candidate)
    {
        _messageBegan = engine.Time.GetUtcNow();
        var answer = candidate.Lane.TryMessage(_messageBegan);
        _isWarmUp = answer.IsWarmUp;
        if (answer.IsGranted) return true;
        _attempt.WasSkipped = true;
        _attempt.Blame = Blame.Egress;
        _attempt.NoteShaped(answer.Until);
        PutBack();
        return false;
    }

    /// <summary>Sees to it that <see cref="_session"/> is one for the candidate, or null when none is to be had. True when it has been used before.</summary>
    private async ValueTask<bool> ObtainAsync(DeliveryModel model, Candidate candidate, bool now, DeliveryPlan plan, bool isFresh)
    {
        _attempt.WasSkipped = false;
        if (!isFresh && _session is { IsSpent: false } && _session.Key == candidate.SessionKey) return true;
        PutBack();
        _session = isFresh ? null : engine.Pool.TryRent(candidate.SessionKey);
        if (_session is not null) return true;

        _reporter.Begin(candidate);
        var offer = await engine.Opener.OpenAsync(model, candidate, now, engine.Scheduler.Workers, _reporter.Recorder, engine.Abort);
        _session = offer.Session;
        _reporter.Opened(_attempt, _queue, candidate, offer, plan);
        return false;
    }

    /// <summary>True when the candidate is to be tried on another session: this one turned out to be dead before the message was touched, or has carried its share.</summary>
    private async ValueTask<bool> OnSessionAsync(DeliveryModel model, bool isReused)
    {
        var session = _session!;
        if (isReused) _reporter.Begin(session.Candidate);
        var delivery = model.Config.Delivery;
        int before = session.Session.MessagesSent;
        var lane = session.Candidate.Lane;
        var idle = engine.Time.GetElapsedTime(session.IdleSince);
        // The first message of a session is given all the time there is: should the peer be slow with this message, it is not asked again and again.
        _first.Begin(lane.Asked(engine.Time.GetUtcNow(), isNew: before == 0) is { } patience && isReused ? patience : null);
        var result = await _runner.RunAsync(session, isReused, _first, _attempt, delivery, engine.SpoolFolder, _reporter.Recorder, engine.Abort);
        if (_first.Took is null) lane.NotHeard();
        _isSilent = result.Untouched && _first.Took is null && result.SessionFailure is { Kind: FailureKind.TimedOut };
        if (result.Untouched) _reporter.Ended(_attempt, _queue, session, result, before, _messageBegan, idle);
        else _reporter.Ran(_attempt, _queue, session, isReused, result, before, _messageBegan);
        session.IdleSince = engine.Time.GetTimestamp();
        if (result.SessionFailure is not null) DropSession();
        return result.Untouched || result.HasRest;
    }

    private void Heard() => _session?.Candidate.Lane.Heard(_first.Took!.Value, engine.Time.GetUtcNow());

    private void DropSession()
    {
        if (_session is not { } session) return;
        _session = null;
        engine.Pool.Drop(session);
    }

    private void PutBack()
    {
        if (_session is not { } session) return;
        _session = null;
        engine.Pool.Return(session);
    }
}
