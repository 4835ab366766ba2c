using System.Globalization;
using System.Net;

namespace Postern.Lab.Daemons;

/// <summary>An authoritative name server (nsd) with the zones given, on a loopback port. Zones are text in master file form, without SOA and NS, which are put before it.</summary>
/// <param name="signed">Those of the zones that have DNSSEC, and what is wrong with it.</param>
public sealed class NsdZone(IReadOnlyDictionary<string, string> zones, IReadOnlyDictionary<string, SigningFault>? signed = null) : Daemon("nsd")
{
    private readonly List<string> _anchors = [];

    public static string? Missing => Programs.Missing("nsd");
    public static string? MissingForSigning => DnssecSigning.Missing;

    /// <summary>DS records of the signed zones, for a resolver; filled by the start.</summary>
    public IReadOnlyList<string> Anchors => _anchors;

    public int Port { get; } = LoopbackPorts.Take();
    public IReadOnlyCollection<string> Names => [.. zones.Keys];
    protected override IReadOnlyList<string> LogFiles => [PathOf("nsd.log")];

    protected override IReadOnlyList<string> Command => [Programs.Find("nsd")!, "-d", "-c", PathOf("nsd.conf")];

    protected override async Task PrepareAsync()
    {
        Write("nsd.conf", Configuration());
        foreach (var (name, records) in zones)
        {
            string file = Write($"{name}.zone", $"$ORIGIN {name}.\n$TTL 5\n@ SOA ns.{name}. hostmaster.{name}. 1 3600 600 86400 1\n@ NS ns.{name}.\nns A 127.0.0.1\n{records}\n");
            if (signed is not null && signed.TryGetValue(name, out var fault)) _anchors.Add(await DnssecSigning.SignAsync(Folder, name, file, fault));
        }
    }

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => DnsQuestion.IsAnsweredAsync(new IPEndPoint(IPAddress.Loopback, Port), zones.Keys.First(), cancel);

    private string Configuration() => string.Create(CultureInfo.InvariantCulture, $"""
        server:
          ip-address: 127.0.0.1
          port: {Port}
          username: ""
          chroot: ""
          zonesdir: "{Folder}"
          database: ""
          pidfile: "{PathOf("nsd.pid")}"
          xfrdfile: "{PathOf("xfrd.state")}"
          zonelistfile: "{PathOf("zone.list")}"
          logfile: "{PathOf("nsd.log")}"
          xfrdir: "{Folder}"
          server-count: 1
        remote-control:
          control-enable: no

        """) + string.Concat(zones.Keys.Select(name => $"zone:\n  name: {name}\n  zonefile: {name}.zone\n"));
}
