namespace Postern.Diagnosis.Probes.Blocklists;

/// <summary>Every list that is known: those asked, those known by name, and the dead. Immutable.</summary>
internal sealed class BlocklistCatalogue
{
    private static readonly Lazy<(IReadOnlyList<BlocklistRow> Rows, IReadOnlyList<DeadBlocklist> Dead)> Embedded = new(BlocklistFile.ReadEmbedded);
    private static readonly Lazy<BlocklistCatalogue> Standard = new(() => Of(new BlocklistSettings()));

    private BlocklistCatalogue(IReadOnlyList<BlocklistRow> rows, IReadOnlyList<BlocklistRow> asked, IReadOnlyDictionary<string, string> keys)
    {
        Rows = rows;
        Asked = asked;
        Keys = keys;
    }

    /// <summary>As it comes, without the operator's lists and keys.</summary>
    public static BlocklistCatalogue Default => Standard.Value;

    public IReadOnlyList<BlocklistRow> Rows { get; }
    public IReadOnlyList<DeadBlocklist> Dead => Embedded.Value.Dead;

    /// <summary>Those to ask, what explains most first. Lists without their key are left out, and so is what another one replaces.</summary>
    internal IReadOnlyList<BlocklistRow> Asked { get; }
    internal IReadOnlyDictionary<string, string> Keys { get; }

    public static BlocklistCatalogue Of(BlocklistSettings settings)
    {
        var rows = Embedded.Value.Rows.ToDictionary(r => r.Zone, StringComparer.Ordinal);
        var wanted = settings.Builtin ? rows.Values.Where(r => r.Kind == BlocklistKind.Block && (r.Ipv4 || r.Ipv6) && (r.NeedsKey is null || settings.Keys.ContainsKey(r.NeedsKey))).Select(r => r.Zone).ToHashSet(StringComparer.Ordinal) : [];
        foreach (var given in settings.Lists)
        {
            string zone = given.Zone.TrimEnd('.').ToLowerInvariant();
            rows[zone] = Changed(rows.GetValueOrDefault(zone) ?? new BlocklistRow { Zone = zone, Name = zone, Ipv6 = true }, given);
            if (given.Enabled) wanted.Add(zone);
            else wanted.Remove(zone);
        }
        // Without its key a zone has no name that could be asked for.
        wanted.RemoveWhere(z => z.Contains("{key}", StringComparison.Ordinal) && (rows[z].NeedsKey is not { } key || !settings.Keys.ContainsKey(key)));
        foreach (string replaced in wanted.Select(z => rows[z].Replaces).OfType<string>().ToArray()) wanted.Remove(replaced);
        return new BlocklistCatalogue([.. rows.Values], [.. wanted.Select(z => rows[z]).OrderByDescending(r => r.Weight).ThenBy(r => r.Zone, StringComparer.Ordinal)], settings.Keys);
    }

    /// <summary>By zone, the way a receiver's reply names it; null when it is not known. A key before it does not matter.</summary>
    public BlocklistRow? Find(string zone)
    {
        string name = zone.TrimEnd('.').ToLowerInvariant();
        return Rows.FirstOrDefault(r => name == r.PublicZone || (r.NeedsKey is not null && name.EndsWith("." + r.PublicZone, StringComparison.Ordinal)));
    }

    /// <summary>Null for a list that is not known to be dead.</summary>
    public DeadBlocklist? FindDead(string zone)
    {
        string name = zone.TrimEnd('.').ToLowerInvariant();
        return Dead.FirstOrDefault(d => name == d.Zone || name.EndsWith("." + d.Zone, StringComparison.Ordinal));
    }

    private static BlocklistRow Changed(BlocklistRow row, BlocklistOverride given) => row with
    {
        Kind = BlocklistKind.Block,
        Name = given.Name ?? row.Name,
        Weight = given.Weight ?? row.Weight,
        Delisting = given.Delisting ?? row.Delisting,
        Codes = given.Codes ?? row.Codes,
        Ipv4 = given.Ipv4 ?? row.Ipv4,
        Ipv6 = given.Ipv6 ?? row.Ipv6,
    };
}
