namespace Postern.Core.Scheduling;

/// <summary>Who gets a session loop, and who makes room for whom.</summary>
internal sealed partial class Scheduler
{
    private static void ForceOpenNeedsLock(DestinationQueue queue)
    {
        queue.RetryAsked = true;
        queue.GatedUntil = 0;
    }

    private DestinationQueue BeginNeedsLock(string destination, in WaitingPart first)
    {
        // What an earlier run of the relay left waits longer than what comes now.
        var queue = new DestinationQueue(destination, _proven.Contains(destination) ? Standing.Proven : Standing.New, first.Accepted < _since ? _since : 0);
        _queues.Add(destination, queue);
        return queue;
    }

    private void SetStandingNeedsLock(DestinationQueue queue, Standing standing)
    {
        if (queue.Standing == standing) return;
        _loops.Add(queue.Standing, -queue.Workers);
        _loops.Add(standing, queue.Workers);
        queue.Standing = standing;
        if (standing == Standing.Proven) _proven.Add(queue.Name);
        else _proven.Remove(queue.Name);
    }

    /// <summary>The queue when one more loop is to be started for it (it counts from now on), else null.</summary>
    private DestinationQueue? GrowNeedsLock(DestinationQueue queue, long now)
    {
        if (_stopped || queue.ClosedUntil > now) return null;
        queue.GatedUntil = queue.PausedUntil = 0;
        queue.MoveDue(_limits.Weights, now);
        if (queue.Ready == 0 || queue.Workers >= MostWorkersNeedsLock(queue) || queue.Probing) return null;
        bool wanted = queue.Workers == 0 || queue.HalfOpen || queue.Ready > BacklogPerSession * queue.Workers || (now - queue.GrownAt >= PatienceMilliseconds && queue.HasDueSince(now - PatienceMilliseconds));
        if (!wanted) return null;
        if (_workers >= _limits.Total || !_loops.MayStart(queue.Standing, _limits.Total))
        {
            // Who has a session already asks again when it ends its turn, or at its next wake-up.
            if (queue.Workers == 0) _line.Add(queue);
            return null;
        }
        if (queue.Workers++ == 0) _served++;
        queue.GrownAt = now;
        _workers++;
        _loops.Add(queue.Standing, 1);
        queue.Probing = queue.HalfOpen;
        return queue;
    }

    /// <summary>Loops it may have now: one that is unproven has its second only when no other of its standing waits for its first.</summary>
    private int MostWorkersNeedsLock(DestinationQueue queue)
    {
        int limit = queue.Limit(_limits);
        if (queue.Standing == Standing.Proven) return limit;
        return Math.Min(limit, _line.Has(queue.Standing) || !_loops.MayStart(queue.Standing, _limits.Total) ? 1 : StandingLoops.MostOfUnproven);
    }

    /// <summary>True when somebody waits for the session and this loop has sent its share, or the destination has more sessions than its part of all.</summary>
    private bool HasHadItsTurnNeedsLock(DestinationQueue queue, int sent)
    {
        if (!_line.HasReady(queue.Standing, _limits.Total)) return false;
        double weight = queue.Weight(_limits);
        return sent >= TurnLength * weight || queue.Workers > Math.Max(1, _limits.Total * weight / (weight + _served + _line.Count - 1));
    }

    /// <summary>One loop less; what may be started instead: a loop for who stands in line, or again for this queue.</summary>
    private (DestinationQueue?, DestinationQueue?) EndNeedsLock(DestinationQueue queue, long now)
    {
        if (--queue.Workers == 0) _served--;
        _workers--;
        _loops.Add(queue.Standing, -1);
        queue.Probing = false;
        var next = NextInLineNeedsLock(now);
        var again = queue.Workers == 0 ? GrowNeedsLock(queue, now) : null;
        SetWakeNeedsLock(queue, now);
        DropNeedsLock(queue);
        return (next, again);
    }

    /// <summary>A loop for who stands in line, when there is a session for it.</summary>
    private DestinationQueue? NextInLineNeedsLock(long now)
    {
        while (_workers < _limits.Total && _line.Next(_limits.Total) is { } first)
        {
            var next = GrowNeedsLock(first, now);
            DropNeedsLock(first);
            if (next is not null) return next;
        }
        return null;
    }

    private void DropNeedsLock(DestinationQueue queue)
    {
        if (queue.IsIdle && _queues.TryGetValue(queue.Name, out var known) && ReferenceEquals(known, queue)) _queues.Remove(queue.Name);
    }
}
