using Postern.Diagnosis.Causes;

namespace Postern.Diagnosis.History;

/// <param name="Id">A word of the question "cloud": "aws".</param>
/// <param name="Title">For people: "Amazon Web Services".</param>
internal sealed record Cloud(string Id, string Title, IReadOnlyList<string> Names, IReadOnlyList<string> Firmware);

/// <summary>Whose machines a host is on: knowledge/clouds.toml. Immutable.</summary>
internal sealed class CloudTable
{
    private static readonly Lazy<CloudTable> Embedded = new(() => Parse(KnowledgeData.Text("clouds.toml")));

    private readonly HostSuffixes<Cloud> _byName;

    private CloudTable(IReadOnlyList<Cloud> clouds)
    {
        Clouds = clouds;
        _byName = new HostSuffixes<Cloud>(clouds.SelectMany(c => c.Names, (cloud, name) => (name, cloud)), "the list of clouds");
    }

    public static CloudTable Default => Embedded.Value;
    public IReadOnlyList<Cloud> Clouds { get; }

    /// <summary>By the end of a host's name; null for nobody we know.</summary>
    public Cloud? OfName(string host) => _byName.Of(host);

    /// <summary>By what a machine's firmware says of its maker; null for nobody we know.</summary>
    public Cloud? OfFirmware(string text)
    {
        foreach (var cloud in Clouds)
            foreach (string mark in cloud.Firmware)
                if (text.Contains(mark, StringComparison.OrdinalIgnoreCase)) return cloud;
        return null;
    }

    public static CloudTable Parse(string text)
    {
        var root = KnowledgeData.Parse(text);
        return new([.. root.Keys.Select(id => (Id: id, Table: KnowledgeData.Table(root, id)))
            .Select(c => new Cloud(c.Id, KnowledgeData.String(c.Table, "title"), KnowledgeData.Strings(c.Table, "names"), KnowledgeData.Strings(c.Table, "firmware")))]);
    }
}
