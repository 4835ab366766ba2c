using System.Net;
using Postern.Lab.Daemons;
using Postern.Lab.Net;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Names;

/// <summary>The daemons on the host dns: nsd with the zones, rbldnsd with the blocklists, a validating unbound that we are to use. Each has an address of its own.</summary>
internal sealed class NameServers : IAsyncDisposable
{
    private readonly List<SpaceDaemon> _daemons = [];
    private LabRbldnsd? _lists;

    private NameServers()
    {
    }

    /// <summary>Null when they can run here.</summary>
    public static string? Missing => Programs.Missing("nsd", "unbound", "rbldnsd", "ldns-keygen", "ldns-signzone");

    public static async Task<NameServers> StartAsync(Scenario scenario, LabNet net, CancellationToken cancel)
    {
        var servers = new NameServers();
        try
        {
            var zones = LabZones.Of(scenario);
            var space = net["dns"];
            var nsd = new LabNsd(space, [.. zones.Where(z => z.Fault is not (ZoneFault.Lame or ZoneFault.Silent))]);
            servers._daemons.AddRange([nsd, servers._lists = new LabRbldnsd(space, scenario)]);
            // Signing comes before the resolver, which needs the keys.
            await Task.WhenAll(servers._daemons.Select(d => d.StartAsync(cancel)));
            if (zones.Any(z => z.Fault == ZoneFault.Silent) || scenario.Resolver == "servfail" || LabBlocklists.Of(scenario).Any(l => LabBlocklists.StateOf(scenario, l.Zone) == ListState.Silent))
                await Firewall.RaiseAsync(space, "prerouting: ip daddr @resolver.2 udp dport 53 drop\nprerouting: ip daddr @resolver.2 tcp dport 53 drop");
            if (scenario.Resolver == "stopped") return servers;
            var unbound = new LabUnbound(space, scenario, zones, nsd.Anchors);
            servers._daemons.Add(unbound);
            await unbound.StartAsync(cancel);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    /// <summary>The blocklists from now on: the same zones with other entries.</summary>
    public Task RelistAsync(Scenario scenario) => _lists!.RelistAsync(scenario);

    public async ValueTask DisposeAsync() => await Task.WhenAll(_daemons.Select(d => d.DisposeAsync().AsTask()));
}

/// <summary>Authoritative for every zone that is answered at all.</summary>
internal sealed class LabNsd(NetSpace space, IReadOnlyList<Zone> zones) : SpaceDaemon("nsd", space)
{
    private static readonly IPEndPoint At = LabAddresses.EndPointOf("ns:53");
    private readonly List<string> _anchors = [];

    /// <summary>DS records of the signed zones, for the resolver; filled by the start.</summary>
    public IReadOnlyList<string> Anchors => _anchors;

    protected override IReadOnlyList<string> LogFiles => [PathOf("nsd.log")];
    protected override IReadOnlyList<string> Program => [Programs.Find("nsd")!, "-d", "-c", PathOf("nsd.conf")];
    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => AnswersAsync(At, "test", cancel);

    protected override async Task PrepareAsync()
    {
        foreach (var zone in zones)
        {
            string file = Write($"{zone.Name}.zone",
                $"$ORIGIN {zone.Name}.\n$TTL 60\n@ SOA ns.dns.test. hostmaster.dns.test. 1 3600 600 86400 5\n@ NS ns.dns.test.\n{zone.Records}\n");
            if (zone.Fault == ZoneFault.NotSigned) _anchors.Add($"{zone.Name}. DS 12345 13 2 {new string('a', 64)}");
            else if (zone.Fault != ZoneFault.None) _anchors.Add(await DnssecSigning.SignAsync(Folder, zone.Name, file, zone.Fault switch
            {
                ZoneFault.BadSignature => SigningFault.BadSignature,
                ZoneFault.ExpiredSignature => SigningFault.Expired,
                _ => SigningFault.None,
            }));
        }
        Write("nsd.conf", NsdConfiguration.Of(At, Folder, zones.Select(z => z.Name)));
    }
}

internal sealed class LabRbldnsd(NetSpace space, Scenario scenario) : SpaceDaemon("rbldnsd", space)
{
    private static readonly IPEndPoint At = LabAddresses.EndPointOf("lists:53");
    private readonly IReadOnlyList<LabBlocklist> _lists = LabBlocklists.Of(scenario);

    // -n: in the foreground; -r would need a prepared root, -w names the folder of the data.
    protected override IReadOnlyList<string> Program =>
        [Programs.Find("rbldnsd")!, "-n", "-u", "nobody", "-b", $"{At.Address}/53", "-w", Folder, "-c", "0", .. _lists.SelectMany(l => (string[])[$"{l.Zone}:ip4set:{l.Zone}.4", $"{l.Zone}:ip6trie:{l.Zone}.6"])];

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => AnswersAsync(At, _lists[0].Zone, cancel);

    protected override Task PrepareAsync()
    {
        WriteLists(scenario);
        return Task.CompletedTask;
    }

    /// <summary>It reads its files anew on SIGHUP.</summary>
    public Task RelistAsync(Scenario now)
    {
        WriteLists(now);
        return SignalAsync("HUP");
    }

    private void WriteLists(Scenario now)
    {
        foreach (var list in _lists)
        {
            var (four, six) = LabBlocklists.Data(now, list);
            Write(list.Zone + ".4", four);
            Write(list.Zone + ".6", six);
        }
    }
}

/// <summary>The resolver that the configuration names. It knows the lab's zones and nothing else.</summary>
internal sealed class LabUnbound(NetSpace space, Scenario scenario, IReadOnlyList<Zone> zones, IReadOnlyList<string> anchors) : SpaceDaemon("unbound", space)
{
    private static readonly IPEndPoint At = LabAddresses.EndPointOf("resolver:53");

    protected override IReadOnlyList<string> Program => [Programs.Find("unbound")!, "-d", "-p", "-c", PathOf("unbound.conf")];
    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => AnswersAsync(At, "localhost", cancel);

    protected override Task PrepareAsync()
    {
        Write("unbound.conf", Configuration());
        return Task.CompletedTask;
    }

    private string Configuration()
    {
        string away = LabAddresses.Of("resolver.2").ToString(), ns = LabAddresses.Of("ns").ToString(), lists = LabAddresses.Of("lists").ToString();
        var stubs = zones.Select(z => (z.Name, Server: scenario.Resolver == "servfail" ? lists : z.Fault switch { ZoneFault.Silent => away, ZoneFault.Lame => lists, _ => ns }))
            .Concat(LabBlocklists.Of(scenario).Select(l => (Name: l.Zone, Server: LabBlocklists.StateOf(scenario, l.Zone) == ListState.Silent ? away : scenario.Resolver == "servfail" ? ns : lists)))
            .ToArray();
        // "test" and the documentation networks are cut off by unbound's own local zones unless these are named.
        return $"""
            server:
              interface: {At.Address}
              outgoing-interface: {At.Address}
              access-control: 0.0.0.0/0 {(scenario.Resolver == "refused" ? "refuse" : "allow")}
              username: ""
              chroot: ""
              directory: "{Folder}"
              pidfile: ""
              logfile: ""
              use-syslog: no
              verbosity: 1
              do-daemonize: no
              do-ip6: no
              num-threads: 1
              module-config: "validator iterator"
              ede: yes
              cache-max-negative-ttl: 1
              infra-host-ttl: 1
              local-zone: "." static
              local-zone: "localhost." static
              local-data: "localhost. A 127.0.0.1"

            """ + string.Concat(stubs.Select(s => $"  local-zone: \"{s.Name}.\" transparent\n"))
            + string.Concat(anchors.Select(a => $"  trust-anchor: \"{a}\"\n"))
            + "remote-control:\n  control-enable: no\n"
            + string.Concat(stubs.Select(s => $"stub-zone:\n  name: \"{s.Name}.\"\n  stub-addr: {s.Server}\n"));
    }
}
