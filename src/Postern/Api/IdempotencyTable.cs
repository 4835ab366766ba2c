namespace Postern.Api;

/// <summary>What became of a key's first request.</summary>
internal enum KeyUse
{
    /// <summary>The key is new: carry the request out, then call Complete or Forget.</summary>
    First,

    /// <summary>The same request came before, or is under way.</summary>
    Repeated,

    /// <summary>Another request had this key.</summary>
    Other,

    /// <summary>All places are taken by requests under way.</summary>
    Full,
}

/// <summary>
/// Keys of requests that must be carried out once (the Idempotency-Key header, draft-ietf-httpapi-idempotency-key-header): a client that heard no answer asks again
/// with the same key and gets the first one's. Bounded in number and age; in memory only. Thread safe.
/// </summary>
internal sealed class IdempotencyTable<T>(TimeProvider time, int most = IdempotencyTable<T>.Most)
    where T : class
{
    public const int Most = 10_000;

    /// <summary>Longer than any client retries by itself.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _oldest = [];

    /// <param name="request">Equal for equal requests.</param>
    /// <param name="first">What the first one came to; its task ends with it, or is cancelled when nothing came of it.</param>
    public KeyUse Begin(string key, string request, out Task<T>? first)
    {
        first = null;
        lock (_lock)
        {
            DropOld();
            if (_entries.TryGetValue(key, out var known))
            {
                first = known.Result.Task;
                return known.Request == request ? KeyUse.Repeated : KeyUse.Other;
            }
            if (_entries.Count >= most && !DropOldest()) return KeyUse.Full;
            var entry = new Entry(key, request, time.GetTimestamp());
            _entries.Add(key, entry);
            _oldest.AddLast(entry);
            return KeyUse.First;
        }
    }

    public void Complete(string key, T result)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var entry)) entry.Result.TrySetResult(result);
        }
    }

    /// <summary>Nothing was done: the key may be used again.</summary>
    public void Forget(string key)
    {
        lock (_lock)
        {
            if (!_entries.Remove(key, out var entry)) return;
            _oldest.Remove(entry);
            entry.Result.TrySetCanceled();
        }
    }

    private void DropOld()
    {
        while (_oldest.First is { Value: var entry } && entry.Result.Task.IsCompleted && time.GetElapsedTime(entry.At) > Kept) Drop(entry);
    }

    private bool DropOldest()
    {
        for (var node = _oldest.First; node is not null; node = node.Next)
        {
            if (!node.Value.Result.Task.IsCompleted) continue;
            Drop(node.Value);
            return true;
        }
        return false;
    }

    private void Drop(Entry entry)
    {
        _entries.Remove(entry.Key);
        _oldest.Remove(entry);
    }

    private sealed class Entry(string key, string request, long at)
    {
        public string Key { get; } = key;
        public string Request { get; } = request;
        public long At { get; } = at;
        public TaskCompletionSource<T> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
