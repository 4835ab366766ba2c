using System.Globalization;
using System.Net;

namespace Postern.Lab.Daemons;

/// <summary>DNS blocklists (rbldnsd) on a loopback port.</summary>
/// <param name="lists">By zone: entries of an ip4set ("192.0.2.10 :127.0.0.3:sent spam"); those with a colon in the address go to an ip6trie.</param>
public sealed class RblServer(IReadOnlyDictionary<string, IReadOnlyList<string>> lists) : Daemon("rbldnsd")
{
    public static string? Missing => Programs.Missing("rbldnsd");

    public int Port { get; } = LoopbackPorts.Take();

    // -n: stays in the foreground. It refuses to run as root, so root names somebody else.
    protected override IReadOnlyList<string> Command =>
    [
        Programs.Find("rbldnsd")!, "-n", "-b", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1/{Port}"), "-w", Folder, "-c", "0", .. Programs.NotRoot is null ? (string[])["-u", "nobody"] : [],
        .. lists.Keys.SelectMany(zone => (string[])[$"{zone}:ip4set:{zone}.4", $"{zone}:ip6trie:{zone}.6"]),
    ];

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => DnsQuestion.IsAnsweredAsync(new IPEndPoint(IPAddress.Loopback, Port), lists.Keys.First(), cancel);

    protected override Task PrepareAsync()
    {
        foreach (var (zone, entries) in lists)
        {
            string head = $"$SOA 5 ns.{zone} hostmaster.{zone} 1 3600 600 86400 1\n$NS 5 ns.{zone}\n:127.0.0.2:listed, see https://{zone}/?ip=$\n";
            Write(zone + ".4", head + string.Concat(entries.Where(e => !IsIpv6(e)).Select(e => e + "\n")));
            Write(zone + ".6", head + string.Concat(entries.Where(IsIpv6).Select(e => e + "\n")));
        }
        return Task.CompletedTask;
    }

    private static bool IsIpv6(string entry) => entry.Split(' ')[0].Contains(':', StringComparison.Ordinal);
}
