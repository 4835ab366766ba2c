using Postern.Diagnosis.Causes;
using Tomlyn.Model;

namespace Postern.Diagnosis.History;

/// <summary>Who runs a host, by the end of its name: knowledge/providers.toml. Immutable.</summary>
internal sealed class ProviderTable
{
    private static readonly Lazy<ProviderTable> Embedded = new(() => Parse(KnowledgeData.Text("providers.toml")));

    private readonly HostSuffixes<string> _bySuffix;

    private ProviderTable(HostSuffixes<string> bySuffix) => _bySuffix = bySuffix;

    /// <summary>All providers, sorted.</summary>
    public IReadOnlyList<string> Names => [.. _bySuffix.Values.Distinct().Order(StringComparer.Ordinal)];

    public static ProviderTable Default => Embedded.Value;

    /// <summary>"google"; null for a host of nobody we know.</summary>
    public string? Of(string host) => _bySuffix.Of(host);

    public static ProviderTable Parse(string text)
    {
        var suffixes = new List<(string, string)>();
        foreach (var (provider, value) in KnowledgeData.Parse(text))
        {
            if (value is not TomlArray hosts) throw new InvalidDataException($"{provider} must be a list of host suffixes");
            suffixes.AddRange(hosts.Cast<string>().Select(host => (host, provider)));
        }
        return new ProviderTable(new HostSuffixes<string>(suffixes, "the list of providers"));
    }
}
