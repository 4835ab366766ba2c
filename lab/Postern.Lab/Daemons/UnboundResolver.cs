using System.Globalization;
using System.Net;

namespace Postern.Lab.Daemons;

/// <summary>A recursive resolver (unbound) on a loopback port that asks the lab's name servers for their zones and nobody else: other names do not exist.</summary>
/// <param name="servers">Which port is authoritative for each zone; one that does not know the zone makes it answer SERVFAIL.</param>
/// <param name="anchors">DS records of zones that must be signed; with any, it validates.</param>
public sealed class UnboundResolver(IReadOnlyDictionary<string, int> servers, IReadOnlyList<string>? anchors = null) : Daemon("unbound")
{
    public static string? Missing => Programs.Missing("unbound");

    public int Port { get; } = LoopbackPorts.Take();
    public IPEndPoint EndPoint => new(IPAddress.Loopback, Port);

    protected override IReadOnlyList<string> Command => [Programs.Find("unbound")!, "-d", "-p", "-c", PathOf("unbound.conf")];

    protected override Task PrepareAsync()
    {
        Write("unbound.conf", Configuration());
        return Task.CompletedTask;
    }

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => DnsQuestion.IsAnsweredAsync(EndPoint, "localhost", cancel);

    private string Configuration() => string.Create(CultureInfo.InvariantCulture, $"""
        server:
          interface: 127.0.0.1
          port: {Port}
          username: ""
          chroot: ""
          directory: "{Folder}"
          pidfile: ""
          logfile: ""
          use-syslog: no
          verbosity: 1
          do-daemonize: no
          do-not-query-localhost: no
          module-config: "{(anchors is null ? "iterator" : "validator iterator")}"
          ede: yes
          do-ip6: no
          num-threads: 1
          cache-max-negative-ttl: 1
          infra-host-ttl: 1
          local-zone: "." refuse
          local-zone: "localhost." static
          local-data: "localhost. A 127.0.0.1"
          {string.Join("\n  ", (anchors ?? []).Select(a => $"trust-anchor: \"{a}\""))}
          {string.Join("\n  ", servers.Keys.Select(zone => $"local-zone: \"{zone}.\" transparent"))}
        remote-control:
          control-enable: no

        """) + string.Concat(servers.Select(s => string.Create(CultureInfo.InvariantCulture, $"stub-zone:\n  name: \"{s.Key}.\"\n  stub-addr: 127.0.0.1@{s.Value}\n")));
}
