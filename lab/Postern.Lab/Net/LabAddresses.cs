using System.Net;

namespace Postern.Lab.Net;

/// <summary>
/// Who lives where. The same in every lab, because each has namespaces of its own:
/// <code>
/// cl ── r1 ── r2 ── r3 ── r4 ── mx
///             │ └── alt
///             └──── dns
/// </code>
/// r1 is our edge, r4 theirs. Every link and host has both families.
/// </summary>
internal static class LabAddresses
{
    /// <summary>The hosts, in the order of the way.</summary>
    public static readonly string[] Nodes = ["cl", "r1", "r2", "r3", "r4", "mx", "dns", "alt"];

    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["cl"] = "192.0.2.10", ["cl.2"] = "192.0.2.11", ["cl6"] = "2001:db8:1::10", ["cl6.2"] = "2001:db8:1::11",
        ["ns"] = "192.0.2.66", ["lists"] = "192.0.2.67", ["resolver.2"] = "192.0.2.68", ["resolver"] = "192.0.2.69",
        ["mx1"] = "198.51.100.25", ["mx2"] = "198.51.100.26", ["mx3"] = "198.51.100.27", ["mx4"] = "198.51.100.28",
        ["mx1.6"] = "2001:db8:2::25", ["mx2.6"] = "2001:db8:2::26", ["mx3.6"] = "2001:db8:2::27", ["mx4.6"] = "2001:db8:2::28",
        ["alt"] = "203.0.113.66", ["alt6"] = "2001:db8:a::66",
        ["r1"] = "192.0.2.1", ["r2"] = "203.0.113.2", ["r3"] = "203.0.113.6", ["r4"] = "203.0.113.10",
        ["r1.6"] = "2001:db8:1::1", ["r2.6"] = "2001:db8:f1::2", ["r3.6"] = "2001:db8:f2::2", ["r4.6"] = "2001:db8:f3::2",
    };

    /// <summary>An address by its name here, or as it stands.</summary>
    public static IPAddress Of(string name) =>
        IPAddress.Parse(Names.TryGetValue(name, out string? address) ? address : name);

    /// <summary>"mx1:25", "192.0.2.9:25" or "[2001:db8:2::25]:25".</summary>
    public static IPEndPoint EndPointOf(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 1) throw new FormatException($"\"{text}\" has no port; write \"mx1:25\"");
        return new IPEndPoint(Of(text[..colon].Trim('[', ']')), int.Parse(text.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>The host that has the address.</summary>
    public static string NodeOf(IPAddress address)
    {
        string text = address.ToString();
        if (text.StartsWith("198.51.100.", StringComparison.Ordinal) || text.StartsWith("2001:db8:2:", StringComparison.Ordinal)) return "mx";
        if (text.StartsWith("2001:db8:d:", StringComparison.Ordinal)) return "dns";
        string? name = Names.FirstOrDefault(n => Equals(IPAddress.Parse(n.Value), address)).Key;
        return name switch
        {
            "ns" or "lists" or "resolver" or "resolver.2" => "dns",
            null => throw new FormatException($"nobody in the lab has the address {address}"),
            _ => name.Split('.')[0].TrimEnd('6'),
        };
    }

    /// <summary>Names of addresses ("@mx1") in a text replaced: rulesets and zones may use them.</summary>
    public static string Fill(string text) =>
        System.Text.RegularExpressions.Regex.Replace(text, @"@([a-z]+[0-9]?(?:\.[0-9])?)\b", m => Names.TryGetValue(m.Groups[1].Value, out string? address) ? address : m.Value);
}
