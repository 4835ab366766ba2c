using System.Text;
using Postern.Lab.Daemons;

namespace Postern.Lab.Net;

/// <summary>
/// nftables rules of a host. One rule per line with its chain before it: <c>input: tcp dport 25 drop</c>; chains are input, forward, output, prerouting and
/// postrouting (filters), dstnat and srcnat. Lines "set: …" declare sets, lines "raw: …" go into the table as they stand. <c>@mx1</c> and the like stand for addresses.
/// </summary>
internal static class Firewall
{
    private static readonly Dictionary<string, string> Hooks = new(StringComparer.Ordinal)
    {
        ["input"] = "type filter hook input priority 0", ["forward"] = "type filter hook forward priority 0", ["output"] = "type filter hook output priority 0",
        ["prerouting"] = "type filter hook prerouting priority -150", ["postrouting"] = "type filter hook postrouting priority 0",
        ["dstnat"] = "type nat hook prerouting priority -100", ["srcnat"] = "type nat hook postrouting priority 100",
    };

    /// <exception cref="FormatException">A line that is no rule.</exception>
    public static string Ruleset(string lines)
    {
        var chains = new OrderedDictionary<string, List<string>>();
        var declared = new StringBuilder();
        foreach (string raw in lines.Split('\n'))
        {
            string line = raw.Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1) throw new FormatException($"no chain before the rule: {line}");
            string chain = line[..colon], rule = LabAddresses.Fill(line[(colon + 1)..].Trim());
            if (chain == "set") declared.Append("  set ").Append(rule).Append('\n');
            else if (chain == "raw") declared.Append("  ").Append(rule).Append('\n');
            else if (!Hooks.ContainsKey(chain)) throw new FormatException($"no such chain \"{chain}\": {line}");
            else
            {
                if (!chains.TryGetValue(chain, out var rules)) chains[chain] = rules = [];
                rules.Add(rule);
            }
        }
        var table = new StringBuilder("table inet lab {\n").Append(declared);
        foreach (var (chain, rules) in chains)
            table.Append($"  chain {chain} {{ {Hooks[chain]}; policy accept;\n    {string.Join("\n    ", rules)}\n  }}\n");
        return table.Append("}\n").ToString();
    }

    public static async Task RaiseAsync(NetSpace space, string lines)
    {
        string ruleset = Ruleset(lines);
        var command = space.Command("nft", "-f", "-");
        var result = await RunningProgram.RunAsync(command[0], [.. command.Skip(1)], Encoding.ASCII.GetBytes(ruleset));
        if (result.ExitCode != 0) throw new InvalidOperationException($"nft on {space.Name}: {result.Output}\n{ruleset}");
    }
}
