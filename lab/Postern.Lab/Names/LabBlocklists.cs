using Postern.Lab.Scenarios;

namespace Postern.Lab.Names;

/// <param name="Weight">high, medium, low, very-low: as the configuration of Postern has it.</param>
internal sealed record LabBlocklist(string Zone, string Name, string Weight, string Delisting);

/// <summary>What a blocklist's server does.</summary>
internal enum ListState : byte { Healthy, Dead, Wildcard, Parked, Refusing, Silent }

/// <summary>The lists of the lab, under names that are free for it. The first five are always there; the others only in scenarios that name them.</summary>
internal static class LabBlocklists
{
    private static readonly LabBlocklist[] Always =
    [
        new("zen.bl.test", "Zen", "high", "https://check.bl.test/zen"),
        new("b.bl.test", "Central", "high", "https://check.bl.test/central"),
        new("cop.bl.test", "Cop", "medium", "https://check.bl.test/cop"),
        new("psbl.bl.test", "Passive", "low", "https://check.bl.test/passive"),
        new("net3.bl.test", "Network 3", "very-low", "https://check.bl.test/net3"),
    ];

    private static readonly LabBlocklist[] Odd =
    [
        new("old.bl.test", "Old", "medium", "https://old.bl.test"),
        new("wild.bl.test", "Wild", "high", "https://wild.bl.test"),
        new("parked.bl.test", "Parked", "medium", "https://parked.bl.test"),
        new("query.bl.test", "Query", "high", "https://query.bl.test"),
        new("slow.bl.test", "Slow", "medium", "https://slow.bl.test"),
    ];

    public static IReadOnlyList<LabBlocklist> Of(Scenario scenario) => [.. Always, .. Odd.Where(l => scenario.Lists.ContainsKey(l.Zone))];

    public static ListState StateOf(Scenario scenario, string zone) => scenario.Lists.GetValueOrDefault(zone) is [var word] && Enum.TryParse<ListState>(word, ignoreCase: true, out var state) ? state : ListState.Healthy;

    /// <summary>The data of one zone for rbldnsd: an IPv4 and an IPv6 set.</summary>
    public static (string Four, string Six) Data(Scenario scenario, LabBlocklist list)
    {
        string head = $"$TTL {scenario.ListSeconds}\n$SOA 60 lists.dns.test hostmaster.{list.Zone} 1 3600 600 86400 60\n$NS 60 lists.dns.test\n:127.0.0.2:Listed, see {list.Delisting}?ip=$\n";
        switch (StateOf(scenario, list.Zone))
        {
            case ListState.Dead: return (head, head);
            case ListState.Wildcard: return (head + "0.0.0.0/1\n128.0.0.0/1\n", head + "::/0\n");
            case ListState.Parked: return (head + "0.0.0.0/1 :203.0.113.66:\n128.0.0.0/1 :203.0.113.66:\n", head + "::/0 :203.0.113.66:\n");
            case ListState.Refusing: return (head + Refusal("0.0.0.0/1") + Refusal("128.0.0.0/1"), head + Refusal("::/0"));
        }
        string four = head + "127.0.0.2\n", six = head + "::FFFF:7F00:2\n";
        foreach (string listing in scenario.Lists.GetValueOrDefault(list.Zone) ?? [])
        {
            string[] words = Net.LabAddresses.Fill(listing).Split(' ', 3);
            string entry = words.Length switch { 1 => words[0], 2 => $"{words[0]} :{words[1]}:Listed, see {list.Delisting}?ip=$", _ => $"{words[0]} :{words[1]}:{words[2]}" };
            if (words[0].Contains(':', StringComparison.Ordinal)) six += entry + "\n";
            else four += entry + "\n";
        }
        return (four, six);
    }

    private static string Refusal(string net) => $"{net} :127.255.255.254:Error: open resolver; see https://check.bl.test/refused\n";
}
