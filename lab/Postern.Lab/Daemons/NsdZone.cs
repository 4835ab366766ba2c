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
    private IPEndPoint EndPoint => new(IPAddress.Loopback, Port);
    public IReadOnlyCollection<string> Names => [.. zones.Keys];
    protected override IReadOnlyList<string> LogFiles => [PathOf("nsd.log")];

    protected override IReadOnlyList<string> Command => [Programs.Find("nsd")!, "-d", "-c", PathOf("nsd.conf")];

    protected override async Task PrepareAsync()
    {
        Write("nsd.conf", NsdConfiguration.Of(EndPoint, Folder, zones.Keys));
        foreach (var (name, records) in zones)
        {
            string file = Write($"{name}.zone", $"$ORIGIN {name}.\n$TTL 5\n@ SOA ns.{name}. hostmaster.{name}. 1 3600 600 86400 1\n@ NS ns.{name}.\nns A 127.0.0.1\n{records}\n");
            if (signed is not null && signed.TryGetValue(name, out var fault)) _anchors.Add(await DnssecSigning.SignAsync(Folder, name, file, fault));
        }
    }

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => DnsQuestion.IsAnsweredAsync(EndPoint, zones.Keys.First(), cancel);
}
