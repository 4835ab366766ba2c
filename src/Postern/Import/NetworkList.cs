using System.Net;

namespace Postern.Import;

/// <summary>
/// Postfix's lists of networks (mynetworks) as plain networks. The list is read from left to right and the first match counts, so that an exception takes
/// its addresses out of what follows; networks are split around them.
/// </summary>
internal static class NetworkList
{
    /// <param name="text">The parameter's value, expanded.</param>
    /// <returns>Networks in CIDR notation, and what could not be read.</returns>
    public static (IReadOnlyList<string> Networks, IReadOnlyList<string> Problems) Read(string text, PostfixSettings settings)
    {
        var networks = new List<IPNetwork>();
        var excluded = new List<IPNetwork>();
        var problems = new List<string>();
        Read(PostfixWords.List(text), settings, networks, excluded, problems, isException: false);
        return ([.. networks.Select(Text).Distinct(StringComparer.Ordinal)], problems);
    }

    private static void Read(IEnumerable<string> words, PostfixSettings settings, List<IPNetwork> networks, List<IPNetwork> excluded, List<string> problems, bool isException)
    {
        foreach (string word in words)
        {
            bool isExcept = isException ^ word.StartsWith('!');
            string name = word.TrimStart('!');
            if (Parse(name) is { } network)
            {
                if (isExcept) excluded.Add(network);
                else networks.AddRange(excluded.Aggregate(new List<IPNetwork> { network }, (left, hole) => [.. left.SelectMany(n => Without(n, hole))]));
            }
            else if (name.StartsWith('/') || name.Contains(':', StringComparison.Ordinal) && char.IsAsciiLetter(name[0]) && !name.Contains('[', StringComparison.Ordinal))
            {
                var table = LookupTable.ReadAll(name.StartsWith('/') ? "texthash:" + name : name, settings)[0];
                if (table.Problem is { } problem) problems.Add($"{word}: {problem}");
                Read(table.Entries.Select(e => e.Key), settings, networks, excluded, problems, isExcept);
            }
            else problems.Add($"{word} is no network");
        }
    }

    private static IPNetwork? Parse(string word)
    {
        string text = word.Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text[..slash], out var address)) return null;
        int most = address.GetAddressBytes().Length * 8;
        int? bits = slash < 0 ? most : PostfixWords.Number(text[(slash + 1)..]);
        return bits is { } prefix && prefix <= most ? new IPNetwork(First(address, prefix), prefix) : null;
    }

    /// <summary>The halves of the network, again and again, that do not touch the hole.</summary>
    private static IEnumerable<IPNetwork> Without(IPNetwork network, IPNetwork hole)
    {
        if (hole.PrefixLength <= network.PrefixLength && hole.Contains(network.BaseAddress)) yield break;
        if (!network.Contains(hole.BaseAddress))
        {
            yield return network;
            yield break;
        }
        int prefix = network.PrefixLength + 1;
        byte[] upper = network.BaseAddress.GetAddressBytes();
        upper[(prefix - 1) / 8] |= (byte)(0x80 >> ((prefix - 1) % 8));
        foreach (var half in new[] { new IPNetwork(network.BaseAddress, prefix), new IPNetwork(new IPAddress(upper), prefix) })
            foreach (var part in Without(half, hole)) yield return part;
    }

    /// <summary>The network's first address: Postfix warns of others, Postern refuses them.</summary>
    private static IPAddress First(IPAddress address, int prefix)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++) bytes[i] &= (byte)(0xFF00 >> Math.Clamp(prefix - 8 * i, 0, 8));
        return new IPAddress(bytes);
    }

    private static string Text(IPNetwork network) => network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8 ? network.BaseAddress.ToString() : network.ToString();
}
