namespace Postern.Core.Scheduling;

/// <summary>
/// Destinations that were served when last tried, for a while after nothing waits for them: of those named last, at least
/// <see cref="Generation"/> are remembered and at most twice as many. Guarded by the scheduler's lock.
/// </summary>
internal sealed class ProvenNames
{
    private const int Generation = 8192;
    private HashSet<string> _young = new(StringComparer.Ordinal);
    private HashSet<string> _old = new(StringComparer.Ordinal);

    public bool Contains(string name) => _young.Contains(name) || _old.Contains(name);

    public void Add(string name)
    {
        if (_young.Count >= Generation) (_old, _young) = (_young, new HashSet<string>(StringComparer.Ordinal));
        _young.Add(name);
    }

    public void Remove(string name)
    {
        _young.Remove(name);
        _old.Remove(name);
    }
}
