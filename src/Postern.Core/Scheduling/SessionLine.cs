namespace Postern.Core.Scheduling;

/// <summary>
/// Destinations that wait for a session to become free, in the order in which they came. One line for each standing, which take turns: who may
/// not start now does not hold up those behind. Guarded by the scheduler's lock.
/// </summary>
internal sealed class SessionLine(StandingLoops loops)
{
    private const int Lines = 3;
    private readonly Queue<DestinationQueue>[] _lines = [new(), new(), new()];
    private int _turn;

    public int Count => _lines[0].Count + _lines[1].Count + _lines[2].Count;

    public bool Has(Standing standing) => _lines[(int)standing].Count > 0;

    /// <summary>True when somebody waits who may start as soon as a loop of this standing ends.</summary>
    public bool HasReady(Standing ending, int total)
    {
        loops.Add(ending, -1);
        bool isReady = false;
        for (int i = 0; i < Lines; i++) isReady |= _lines[i].Count > 0 && loops.MayStart((Standing)i, total);
        loops.Add(ending, 1);
        return isReady;
    }

    public void Add(DestinationQueue queue)
    {
        if (queue.InLine) return;
        queue.InLine = true;
        _lines[(int)queue.Standing].Enqueue(queue);
    }

    /// <summary>Null when nobody waits who may start.</summary>
    public DestinationQueue? Next(int total)
    {
        for (int i = 0; i < Lines; i++)
        {
            int turn = (_turn + i) % Lines;
            if (_lines[turn].Count == 0 || !loops.MayStart((Standing)turn, total)) continue;
            _turn = (turn + 1) % Lines;
            var queue = _lines[turn].Dequeue();
            queue.InLine = false;
            return queue;
        }
        return null;
    }
}
