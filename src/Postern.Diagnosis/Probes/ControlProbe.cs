using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Probes;

/// <summary>
/// Connects to known-good references on the target's port, from the address and over the family that the target is reached by: when they fail too, the trouble is
/// near us. Their look-ups are facts as well: they show that our resolver works.
/// </summary>
internal static class ControlProbe
{
    private const int MaxControls = 4;

    /// <summary>A reference with several hosts stays good when one of them is down.</summary>
    private const int HostsEach = 2;

    private const int MxPort = 25;

    /// <summary>SYNs leave at 0, 1 and 3 s.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async ValueTask<IReadOnlyList<Fact>> RunAsync(ProbeContext context, CancellationToken cancel)
    {
        var family = NetTarget.Find(context)?.Remote.AddressFamily ?? AddressFamily.InterNetwork;
        var found = await Task.WhenAll(context.Controls.Take(MaxControls).Select(c => FindAsync(context, c, family, cancel)));
        var points = found.SelectMany(f => f.Points).DistinctBy(p => p.Remote).ToList();
        var hurried = context with { ConnectTimeout = context.ConnectTimeout < Patience ? context.ConnectTimeout : Patience };
        var connects = await new ConnectSet(hurried).RunAsync(points, cancel, wait: false);
        return [.. found.SelectMany(f => f.Dns), .. connects];
    }

    private static async Task<(List<Fact> Dns, List<NetPoint> Points)> FindAsync(ProbeContext context, string control, AddressFamily family, CancellationToken cancel)
    {
        var dns = new List<Fact>();
        var hosts = new List<string>();
        if (Split(control) is { } named)
        {
            // A reference on another port would say nothing about this one.
            if (named.Port == context.Target.Port) hosts.Add(named.Host);
        }
        else if (context.Target.Port == MxPort)
        {
            var mx = await new MxLookup(context.Resolver).ResolveAsync(control, cancel);
            dns.AddRange(mx.Observations.Select(FactOf));
            hosts.AddRange(mx.Hosts.Take(HostsEach).Select(h => h.Name));
        }

        var points = new List<NetPoint>();
        foreach (string host in hosts)
        {
            if (await AddressAsync(context, host, family, dns, cancel) is { } address)
                points.Add(NetTarget.Of(context, host, address, context.Target.Port, PointRole.Control));
        }

        return (dns, points);
    }

    private static async Task<IPAddress?> AddressAsync(ProbeContext context, string host, AddressFamily family, List<Fact> dns, CancellationToken cancel)
    {
        if (IPAddress.TryParse(host, out var literal)) return literal;
        var other = family == AddressFamily.InterNetworkV6 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        foreach (var wanted in (AddressFamily[])[family, other])
        {
            var answer = await context.Resolver.AddressesAsync(host, wanted, cancel);
            dns.Add(FactOf(answer.Observation));
            if (answer.Records.Count > 0) return answer.Records[0];
        }

        return null;
    }

    /// <summary>"host:port", "192.0.2.1:25", "[2001:db8::1]:25"; null for a domain.</summary>
    internal static (string Host, int Port)? Split(string control)
    {
        int colon = control.LastIndexOf(':');
        if (colon <= 0 || control.EndsWith(']') || !int.TryParse(control.AsSpan(colon + 1), out int port)) return null;
        return (control[..colon].Trim('[', ']'), port);
    }

    private static DnsFact FactOf(DnsObservation seen) => new()
    {
        SaidBy = Speaker.Dns,
        Observed = seen.Status == DnsStatus.Ok ? $"{seen.Question}: {string.Join(", ", seen.Answers.Take(4))}" : $"{seen.Question}: {seen.Status}{(seen.Note is { } note ? $" ({note})" : "")}",
        Milliseconds = seen.Elapsed.TotalMilliseconds,
        Role = DnsRole.Control,
        Seen = seen,
    };
}
