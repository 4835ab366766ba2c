using System.Collections.Concurrent;

namespace Postern.Core.Queue.Embedded;

/// <summary>A scheduling key with the number of messages' parts that wait for it.</summary>
internal sealed class DestinationCount(string key)
{
    private long _parts;
    public string Key { get; } = key;
    public long Parts => Interlocked.Read(ref _parts);
    public void Add(int parts) => Interlocked.Add(ref _parts, parts);
}

/// <summary>
/// Interns scheduling keys: equal keys are the same object, so that a million waiting messages share them. Keys that nothing waits for are
/// dropped by <see cref="Trim"/>, so the table does not grow with every domain ever mailed.
/// </summary>
internal sealed class Destinations
{
    private readonly ConcurrentDictionary<string, DestinationCount> _keys = new(StringComparer.Ordinal);

    public DestinationCount Of(string key) => _keys.TryGetValue(key, out var found) ? found : _keys.GetOrAdd(key, new DestinationCount(key));

    public string Intern(string key) => Of(key).Key;

    public void Trim(int above)
    {
        if (_keys.Count <= above) return;
        foreach (var pair in _keys)
        {
            if (pair.Value.Parts == 0) _keys.TryRemove(pair);
        }
    }

    public Dictionary<string, long> Counts()
    {
        var counts = new Dictionary<string, long>();
        foreach (var pair in _keys)
        {
            if (pair.Value.Parts > 0) counts[pair.Key] = pair.Value.Parts;
        }
        return counts;
    }
}
