using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Checks;

/// <summary>The addresses of hosts that are named, not found through MX records.</summary>
internal static class HostNames
{
    public static async ValueTask<NamesFound> FindAsync(ProbeContext context, CancellationToken cancel)
    {
        var hosts = new List<TargetHost>();
        var facts = new List<Fact>();
        foreach (var host in context.Target.Hosts)
        {
            if (host.Addresses.Count > 0 || IPAddress.TryParse(host.Name, out _))
            {
                hosts.Add(host.Addresses.Count > 0 ? host : host with { Addresses = [IPAddress.Parse(host.Name)] });
                continue;
            }
            var six = context.Resolver.AddressesAsync(host.Name, AddressFamily.InterNetworkV6, cancel).AsTask();
            var four = await context.Resolver.AddressesAsync(host.Name, AddressFamily.InterNetwork, cancel);
            var answers = new[] { await six, four };
            facts.AddRange(answers.Select(a => FactOf(a.Observation)));
            // IPv6 first, as delivery does (RFC 8305 section 4).
            hosts.Add(host with { Addresses = [.. answers.SelectMany(a => a.Records)] });
        }
        return new NamesFound(hosts, facts);
    }

    private static DnsFact FactOf(DnsObservation seen) => new()
    {
        SaidBy = Speaker.Dns,
        Observed = seen.Status == DnsStatus.Ok ? $"{seen.Question}: {string.Join(", ", seen.Answers.Take(4))}" : $"{seen.Question}: {seen.Status}{(seen.Note is { } note ? $" ({note})" : "")}",
        Milliseconds = seen.Elapsed.TotalMilliseconds,
        Role = DnsRole.Address,
        Seen = seen,
    };
}
