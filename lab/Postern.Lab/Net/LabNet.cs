using System.Text;
using Postern.Lab.Daemons;

namespace Postern.Lab.Net;

/// <summary>The namespaces, links, addresses and routes of one lab; see <see cref="LabAddresses"/>. Disposing takes all of it away, with every process that is still in there.</summary>
internal sealed class LabNet : IAsyncDisposable
{
    private static int _count;
    private readonly FileStream _mark;
    private readonly Dictionary<string, NetSpace> _spaces;

    private LabNet(string prefix, FileStream mark)
    {
        Prefix = prefix;
        _mark = mark;
        _spaces = LabAddresses.Nodes.ToDictionary(n => n, n => new NetSpace($"{prefix}.{n}"));
    }

    public string Prefix { get; }
    public NetSpace this[string node] => _spaces[node];

    /// <param name="slow">True: r2 and r3 are joined by a way that delays (see <see cref="SlowLink"/>), which the caller lays.</param>
    public static async Task<LabNet> CreateAsync(bool slow)
    {
        var (prefix, mark) = StaleLabs.Take($"ptl{Environment.ProcessId}x{Interlocked.Increment(ref _count)}");
        var net = new LabNet(prefix, mark);
        try
        {
            await IpAsync(null, net.Links(slow));
            foreach (var space in net._spaces.Values) space.Inside(Settle);
            await Task.WhenAll(LabAddresses.Nodes.Select(n => IpAsync(net[n], Addresses(n, slow))));
            return net;
        }
        catch
        {
            await net.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs lines of <c>ip -batch</c> on a host (null: outside).</summary>
    public static async Task IpAsync(NetSpace? space, string lines)
    {
        string[] where = space is null ? [] : ["-n", space.Name];
        var result = await RunningProgram.RunAsync("ip", [.. where, "-batch", "-"], Encoding.ASCII.GetBytes(lines));
        if (result.ExitCode != 0) throw new InvalidOperationException($"ip {string.Join(' ', where)}: {result.Output}");
    }

    public async ValueTask DisposeAsync()
    {
        await StaleLabs.RemoveAsync([.. _spaces.Values]);
        StaleLabs.Release(_mark);
    }

    /// <summary>The index at each end differs: an end with its peer's index is taken for a loop of itself, and IPv6 then waits.</summary>
    private string Links(bool slow)
    {
        var lines = new StringBuilder();
        foreach (var space in _spaces.Values) lines.Append($"netns add {space.Name}\n");
        int index = 100;
        void Join(string a, string aEnd, string b, string bEnd) =>
            lines.Append($"link add name {aEnd} index {++index} netns {this[a].Name} type veth peer name {bEnd} index {++index} netns {this[b].Name}\n");
        Join("cl", "eth0", "r1", "cl");
        Join("r1", "r2", "r2", "r1");
        if (!slow) Join("r2", "r3", "r3", "r2");
        Join("r3", "r4", "r4", "r3");
        Join("r4", "mx", "mx", "eth0");
        Join("r2", "dns", "dns", "eth0");
        Join("r2", "alt", "alt", "eth0");
        return lines.ToString();
    }

    /// <summary>Before there are links: addresses without the wait for duplicates, forwarding, no router advertisements.</summary>
    private static bool Settle()
    {
        foreach (var (name, value) in Settings) File.WriteAllText("/proc/sys/net/" + name, value);
        return true;
    }

    private static readonly (string Name, string Value)[] Settings =
    [
        ("ipv6/conf/default/accept_dad", "0"), ("ipv6/conf/all/accept_dad", "0"), ("ipv6/conf/default/accept_ra", "0"),
        ("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1"), ("ipv4/conf/all/rp_filter", "0"), ("ipv4/conf/default/rp_filter", "0"),
        // As routers do it, ten answers a second to each asker; Linux' own default of one would hide hops from a second walk.
        ("ipv4/icmp_ratelimit", "100"), ("ipv6/icmp/ratelimit", "100"),
        // Servers that have given up root before they listen.
        ("ipv4/ip_unprivileged_port_start", "0"),
    ];

    private static string Addresses(string node, bool slow)
    {
        var lines = new StringBuilder("link set lo up\n");
        void On(string device, params ReadOnlySpan<string> addresses)
        {
            foreach (string address in addresses) lines.Append($"addr add {address} dev {device}{(address.Contains(':', StringComparison.Ordinal) ? " nodad" : "")}\n");
            lines.Append($"link set {device} up\n");
        }
        void Via(string via4, string via6, params ReadOnlySpan<string> nets)
        {
            foreach (string net in nets) lines.Append($"route add {net} via {(net.Contains(':', StringComparison.Ordinal) ? via6 : via4)}\n");
        }
        const string DefaultRoute = "0.0.0.0/0", DefaultRoute6 = "::/0";
        switch (node)
        {
            case "cl":
                On("eth0", "192.0.2.10/27", "192.0.2.11/27", "2001:db8:1::10/64");
                // Deprecated from the start: used when asked for, never by the system's own choice.
                lines.Append("addr add 2001:db8:1::11/64 dev eth0 nodad preferred_lft 0\n");
                Via("192.0.2.1", "2001:db8:1::1", DefaultRoute, DefaultRoute6);
                break;
            case "r1":
                On("cl", "192.0.2.1/27", "2001:db8:1::1/64");
                On("r2", "203.0.113.1/30", "2001:db8:f1::1/64");
                Via("203.0.113.2", "2001:db8:f1::2", DefaultRoute, DefaultRoute6);
                break;
            case "r2":
                On("r1", "203.0.113.2/30", "2001:db8:f1::2/64");
                if (!slow) On("r3", "203.0.113.5/30", "2001:db8:f2::1/64");
                On("dns", "192.0.2.65/27", "2001:db8:d::1/64");
                On("alt", "203.0.113.65/28", "2001:db8:a::1/64");
                Via("203.0.113.1", "2001:db8:f1::1", "192.0.2.0/27", "2001:db8:1::/64");
                if (!slow) Via("203.0.113.6", "2001:db8:f2::2", DefaultRoute, DefaultRoute6);
                break;
            case "r3":
                if (!slow) On("r2", "203.0.113.6/30", "2001:db8:f2::2/64");
                On("r4", "203.0.113.9/30", "2001:db8:f3::1/64");
                if (!slow) Via("203.0.113.5", "2001:db8:f2::1", DefaultRoute, DefaultRoute6);
                Via("203.0.113.10", "2001:db8:f3::2", "198.51.100.0/24", "2001:db8:2::/64");
                break;
            case "r4":
                On("r3", "203.0.113.10/30", "2001:db8:f3::2/64");
                On("mx", "198.51.100.1/24", "2001:db8:2::1/64");
                Via("203.0.113.9", "2001:db8:f3::1", DefaultRoute, DefaultRoute6);
                break;
            case "mx":
                On("eth0", "198.51.100.25/24", "198.51.100.26/24", "198.51.100.27/24", "198.51.100.28/24", "2001:db8:2::25/64", "2001:db8:2::26/64", "2001:db8:2::27/64", "2001:db8:2::28/64");
                Via("198.51.100.1", "2001:db8:2::1", DefaultRoute, DefaultRoute6);
                break;
            case "dns":
                On("eth0", "192.0.2.66/27", "192.0.2.67/27", "192.0.2.68/27", "192.0.2.69/27", "2001:db8:d::69/64");
                Via("192.0.2.65", "2001:db8:d::1", DefaultRoute, DefaultRoute6);
                break;
            case "alt":
                On("eth0", "203.0.113.66/28", "2001:db8:a::66/64");
                Via("203.0.113.65", "2001:db8:a::1", DefaultRoute, DefaultRoute6);
                break;
        }
        return lines.ToString();
    }
}
