using System.Collections.Frozen;
using Postern.Diagnosis.Causes;
using Tomlyn.Model;

namespace Postern.Diagnosis.History;

/// <summary>Who runs a host, by the end of its name: knowledge/providers.toml. Immutable.</summary>
internal sealed class ProviderTable
{
    private static readonly Lazy<ProviderTable> Embedded = new(() => Parse(KnowledgeData.Text("providers.toml")));

    private readonly FrozenDictionary<string, string> _bySuffix;
    private readonly FrozenDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    private ProviderTable(IReadOnlyDictionary<string, string> bySuffix)
    {
        _bySuffix = bySuffix.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _lookup = _bySuffix.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>All providers, sorted.</summary>
    public IReadOnlyList<string> Names => [.. _bySuffix.Values.Distinct().Order(StringComparer.Ordinal)];

    public static ProviderTable Default => Embedded.Value;

    /// <summary>"google"; null for a host of nobody we know. Whole labels count: "notgmail.com" is not Gmail's.</summary>
    public string? Of(string host)
    {
        var rest = host.AsSpan().TrimEnd('.');
        while (!rest.IsEmpty)
        {
            if (_lookup.TryGetValue(rest, out string? provider)) return provider;
            int dot = rest.IndexOf('.');
            if (dot < 0) return null;
            rest = rest[(dot + 1)..];
        }
        return null;
    }

    public static ProviderTable Parse(string text)
    {
        var suffixes = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (provider, value) in KnowledgeData.Parse(text))
        {
            if (value is not TomlArray hosts) throw new InvalidDataException($"{provider} must be a list of host suffixes");
            foreach (string host in hosts.Cast<string>())
                if (!suffixes.TryAdd(host, provider)) throw new InvalidDataException($"{host} stands twice in the list of providers");
        }
        return new ProviderTable(suffixes);
    }
}
