using System.Collections.Concurrent;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// Idle sessions, by what must be equal to use them again. The last one put back is the first taken, so that a burst's surplus grows old and is
/// closed. Who rents a session owns it until it puts it back or closes it. Thread safe.
/// </summary>
internal sealed class SessionPool(TimeProvider time) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<PooledSession>> _idle = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> _closing = new();
    private int _idleCount;
    private bool _closed;

    public int Idle => Volatile.Read(ref _idleCount);

    /// <summary>The live session used last; null when none is idle. Those that the peer closed meanwhile are dropped on the way.</summary>
    public PooledSession? TryRent(string key)
    {
        while (Take(key) is { } session)
        {
            if (session.Session.IsAlive()) return session;
            Drop(session);
        }
        return null;
    }

    private PooledSession? Take(string key)
    {
        lock (_lock)
        {
            if (!_idle.TryGetValue(key, out var list)) return null;
            var session = list[^1];
            list.RemoveAt(list.Count - 1);
            if (list.Count == 0) _idle.Remove(key);
            _idleCount--;
            return session;
        }
    }

    /// <summary>Keeps a usable session for later, or closes it when it has carried its share or the pool is closed.</summary>
    public void Return(PooledSession session)
    {
        lock (_lock)
        {
            if (!_closed && !session.IsSpent)
            {
                session.IdleSince = time.GetTimestamp();
                if (!_idle.TryGetValue(session.Key, out var list)) _idle.Add(session.Key, list = []);
                list.Add(session);
                _idleCount++;
                return;
            }
        }
        Close(session);
    }

    /// <summary>Says QUIT and closes, in the background; <see cref="DisposeAsync"/> waits for it.</summary>
    public void Close(PooledSession session) => Watch(session.QuitAsync());

    /// <summary>Closes without a word: the session is broken.</summary>
    public void Drop(PooledSession session) => Watch(session.DropAsync());

    /// <summary>Closes what has been idle for longer; with zero, all.</summary>
    public void CloseIdle(TimeSpan longerThan)
    {
        List<PooledSession>? old = null;
        lock (_lock)
        {
            if (_idleCount == 0) return;
            foreach (var (key, list) in _idle)
            {
                // The oldest stand first: what is put back goes to the end.
                int count = 0;
                while (count < list.Count && (longerThan == TimeSpan.Zero || time.GetElapsedTime(list[count].IdleSince) > longerThan)) count++;
                if (count == 0) continue;
                (old ??= []).AddRange(list[..count]);
                list.RemoveRange(0, count);
                _idleCount -= count;
                if (list.Count == 0) _idle.Remove(key);
            }
        }
        old?.ForEach(Close);
    }

    /// <summary>Closes one idle session, the longest idle of some upstream, to make room for another; false when there is none.</summary>
    public bool CloseOne()
    {
        PooledSession? oldest = null;
        lock (_lock)
        {
            foreach (var list in _idle.Values)
            {
                if (oldest is null || list[0].IdleSince < oldest.IdleSince) oldest = list[0];
            }
            if (oldest is null) return false;
            var from = _idle[oldest.Key];
            from.RemoveAt(0);
            if (from.Count == 0) _idle.Remove(oldest.Key);
            _idleCount--;
        }
        Close(oldest);
        return true;
    }

    /// <summary>Closes everything that is idle, and from now on whatever is put back; returns when all QUITs are through.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock) _closed = true;
        CloseIdle(TimeSpan.Zero);
        await Task.WhenAll(_closing.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Watch(Task task)
    {
        if (task.IsCompleted) return;
        _closing.TryAdd(task, 0);
        task.ContinueWith(static (t, pool) => ((SessionPool)pool!)._closing.TryRemove(t, out _), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
