using Postern.Core.Configuration;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Diagnosis.Probes.Blocklists;

namespace Postern.Core.Diagnoses;

/// <summary>The real probes, set up as a configuration asks.</summary>
internal static class CheckProbes
{
    public static ProbeSet Of(PosternConfig config, TimeProvider time)
    {
        // With the first look: the catalogue is large, and most relays never need it.
        var blocklists = new Lazy<BlocklistProbe>(() => new BlocklistProbe(BlocklistCatalogue.Of(Lists(config.Diagnosis)), time));
        return new()
        {
            Names = MxProbe.ExamineAsync,
            Resolver = ControlNamesProbe.RunAsync,
            Connect = TcpProbe.RunAsync,
            Controls = ControlProbe.RunAsync,
            Greeting = GreetingProbe.RunAsync,
            Path = PathProbe.RunAsync,
            OtherEgress = EgressProbe.RunAsync,
            Blocklists = (context, cancel) => blocklists.Value.RunAsync(context, cancel),
            Identity = static async (context, cancel) => [.. await IdentityProbe.RunAsync(context, cancel), .. MachineProbe.Facts],
        };
    }

    /// <summary>The operator's lists in the catalogue's terms: a list that is known is named by its zone, with or without the place of its key.</summary>
    internal static BlocklistSettings Lists(DiagnosisConfig config)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        var lists = new List<BlocklistOverride>();
        foreach (var list in config.Blocklist)
        {
            var known = BlocklistCatalogue.Default.Find(list.Zone);
            if (list.Key is { } key && known?.NeedsKey is { } name) keys[name] = key.Reveal();
            lists.Add(new BlocklistOverride(known?.Zone ?? list.Zone, list.Name, WeightOf(list.Weight), list.Delisting, CodesOf(list), Enabled: !list.Off));
        }
        return new BlocklistSettings { Builtin = config.BuiltinBlocklists, Lists = lists, Keys = keys };
    }

    private static BlocklistWeight? WeightOf(BlocklistWeightName? weight) => weight is { } given ? Enum.Parse<BlocklistWeight>(given.ToString()) : null;

    /// <summary>Null when none is given, so that those that are known stay.</summary>
    private static Dictionary<string, string>? CodesOf(BlocklistConfig list) => list.Codes.Count == 0 ? null : list.Codes
        .Select(c => c.Split('=', 2)).Where(p => p.Length == 2).GroupBy(p => p[0].Trim()).ToDictionary(g => g.Key, g => g.First()[1].Trim(), StringComparer.Ordinal);
}
