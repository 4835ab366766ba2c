using System.Collections.Frozen;

namespace Postern.Diagnosis.History;

/// <summary>What is known of hosts by the end of their names, in whole labels: "notgmail.com" does not end in "gmail.com". The longest end counts. Immutable.</summary>
internal sealed class HostSuffixes<T>
    where T : class
{
    private readonly FrozenDictionary<string, T>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    /// <exception cref="InvalidDataException">A suffix stands twice.</exception>
    /// <param name="what">The list, for that message.</param>
    public HostSuffixes(IEnumerable<(string Suffix, T Value)> suffixes, string what)
    {
        var known = new Dictionary<string, T>(StringComparer.OrdinalIgnoreCase);
        foreach (var (suffix, value) in suffixes)
            if (!known.TryAdd(suffix, value)) throw new InvalidDataException($"{suffix} stands twice in {what}");
        _lookup = known.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>What is known, once for each end of a name.</summary>
    public IEnumerable<T> Values => _lookup.Dictionary.Values;

    /// <summary>Null for a host of nobody we know.</summary>
    public T? Of(string host)
    {
        var rest = host.AsSpan().TrimEnd('.');
        while (!rest.IsEmpty)
        {
            if (_lookup.TryGetValue(rest, out var value)) return value;
            int dot = rest.IndexOf('.');
            if (dot < 0) return null;
            rest = rest[(dot + 1)..];
        }
        return null;
    }
}
