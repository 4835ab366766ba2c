using Postern.Lab.Net;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Names;

/// <summary>How a zone is served.</summary>
internal enum ZoneFault : byte
{
    None,
    Signed,          // with DNSSEC, as it should be
    BadSignature,    // a record was changed after signing
    ExpiredSignature,
    NotSigned,       // a trust anchor says that it must be
    Lame,            // its server does not know it
    Silent,          // its server does not answer
}

/// <param name="Records">In master file form, without SOA and NS.</param>
internal sealed record Zone(string Name, string Records, ZoneFault Fault);

/// <summary>
/// The zones of a lab: the ordinary ones, and what a scenario puts in their place. A scenario's text may begin with one of the words signed, bad-signature,
/// expired-signature, not-signed, lame, silent (and go on with records), or be "absent".
/// </summary>
internal static class LabZones
{
    private static readonly Dictionary<string, ZoneFault> Words = new(StringComparer.Ordinal)
    {
        ["signed"] = ZoneFault.Signed, ["bad-signature"] = ZoneFault.BadSignature, ["expired-signature"] = ZoneFault.ExpiredSignature,
        ["not-signed"] = ZoneFault.NotSigned, ["lame"] = ZoneFault.Lame, ["silent"] = ZoneFault.Silent,
    };

    /// <summary>The destination that most scenarios are about.</summary>
    private const string Example = "@ MX 10 mx1\nmx1 A @mx1\n@ A 198.51.100.80\n";

    private static readonly Dictionary<string, string> Ordinary = new(StringComparer.Ordinal)
    {
        ["test"] = "ns.dns A @ns\nlists.dns A @lists\n",
        ["example.test"] = Example,
        ["alt.test"] = "@ MX 10 mx\nmx A @alt\nmx AAAA @alt6\n",
        // Ourselves: names, reverse names and a policy that agree.
        ["sender.test"] = """
            @ MX 10 relay
            @ TXT "v=spf1 ip4:192.0.2.0/27 ip6:2001:db8:1::/64 -all"
            relay A @cl
            relay AAAA @cl6
            relay2 A @cl.2
            relay2 AAAA @cl6.2
            relay TXT "v=spf1 a -all"
            relay2 TXT "v=spf1 a -all"

            """,
        ["2.0.192.in-addr.arpa"] = "10 PTR relay.sender.test.\n11 PTR relay2.sender.test.\n1 PTR edge.our-isp.test.\n",
        ["1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"] =
            "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR relay.sender.test.\n1.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR relay2.sender.test.\n",
        ["113.0.203.in-addr.arpa"] = "2 PTR core1.transit.test.\n6 PTR core2.transit.test.\n10 PTR edge.example-net.test.\n66 PTR mx.alt.test.\n",
        ["100.51.198.in-addr.arpa"] = "25 PTR mx1.example.test.\n26 PTR mx2.example.test.\n27 PTR mx3.example.test.\n28 PTR mx4.example.test.\n",
    };

    public static IReadOnlyList<Zone> Of(Scenario scenario)
    {
        var zones = new List<Zone>();
        foreach (string name in Ordinary.Keys.Union(scenario.Zones.Keys))
        {
            string text = scenario.Zones.GetValueOrDefault(name) ?? Ordinary[name];
            string first = text.Split(['\n', ' '], 2)[0].Trim();
            if (first == "absent") continue;
            bool faulty = Words.TryGetValue(first, out var fault);
            string records = faulty ? text[(text.IndexOf(first, StringComparison.Ordinal) + first.Length)..] : text;
            if (faulty && records.Trim().Length == 0) records = Ordinary.GetValueOrDefault(name, Example);
            zones.Add(new Zone(name, LabAddresses.Fill(records), fault));
        }
        return zones;
    }
}
