using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Postern.Lab.Daemons;
using Postern.Lab.Net;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Servers;

/// <summary>Postfix on a host of the lab; the scenario's settings are lines of main.cf. Mail is accepted for every domain and thrown away.</summary>
internal sealed class LabPostfix(NetSpace space, IReadOnlyList<IPEndPoint> places, PeerSpec peer) : SpaceDaemon("postfix", space)
{
    private string _daemons = "";

    protected override IReadOnlyList<string> LogFiles => [PathOf("maillog")];
    protected override bool AsksForNames => true;

    // master alone: it makes what it needs in the queue folder, and a "postfix check" would take most of the start.
    protected override IReadOnlyList<string> Program => [_daemons + "/master", "-c", PathOf("conf"), "-d"];

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => TakesAsync(places[0], cancel);

    protected override async Task PrepareAsync()
    {
        _daemons = (await RunningProgram.RunAsync("postconf", ["-dh", "daemon_directory"])).StandardOutput.Trim();
        foreach (string folder in (string[])["data", "spool/pid", "spool/private", "spool/public", "spool/active", "spool/incoming", "spool/maildrop", "spool/deferred", "spool/defer",
            "spool/bounce", "spool/corrupt", "spool/flush", "spool/hold", "spool/saved", "spool/trace"]) Directory.CreateDirectory(PathOf(folder));
        string tls = "";
        if (peer.Certificate is not null)
        {
            string chain = Write("conf/chain.pem", PemFiles.ChainWithKey(ServerCertificates.Of(peer)));
            SetMode(chain, OwnerOnly);
            tls = $"smtpd_tls_chain_files = {chain}\nsmtpd_tls_security_level = may\n";
        }
        Write("conf/main.cf", $"""
            compatibility_level = 3.6
            queue_directory = {PathOf("spool")}
            data_directory = {PathOf("data")}
            daemon_directory = {_daemons}
            maillog_file = {PathOf("maillog")}
            maillog_file_prefixes = {Folder}
            myhostname = {peer.Hostname}
            mydestination =
            local_recipient_maps =
            alias_maps =
            alias_database =
            mynetworks = 198.51.100.25/32
            inet_interfaces = {string.Join(", ", places.Select(p => p.Address).Distinct())}
            inet_protocols = all
            relay_domains = example.test
            relay_transport = discard:
            relay_recipient_maps =
            smtpd_peername_lookup = no
            smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
            {tls}{peer.Settings.Replace("FOLDER", Folder, StringComparison.Ordinal)}

            """);
        var lines = places.Select(p => $"{(p.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{p.Address}]" : p.Address)}:{p.Port.ToString(CultureInfo.InvariantCulture)} inet n - n - - smtpd");
        Write("conf/master.cf", string.Join('\n', lines.Concat([
            "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite", "tlsmgr unix - - n 1000? 1 tlsmgr",
            "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify", "flush unix n - n 1000? 0 flush",
            "proxymap unix - - n - - proxymap", "error unix - - n - - error", "retry unix - - n - - error", "discard unix - - n - - discard", "anvil unix - - n - 1 anvil",
            "postlog unix-dgram n - n - 1 postlogd"])) + "\n");
        await GiveToAsync("postfix", [PathOf("data"), .. Directory.GetDirectories(PathOf("spool")).Where(d => !d.EndsWith("/pid", StringComparison.Ordinal))]);
    }
}

/// <summary>Exim on a host of the lab; the scenario's settings are main options, with "connect:" and "rcpt:" before lines for those checks.</summary>
internal sealed class LabExim(NetSpace space, IReadOnlyList<IPEndPoint> places, PeerSpec peer) : SpaceDaemon("exim", space)
{
    private const string Account = "Debian-exim";

    protected override IReadOnlyList<string> LogFiles => [PathOf("log/mainlog"), PathOf("log/paniclog"), PathOf("log/rejectlog")];
    protected override bool AsksForNames => true;

    // A private copy without the setuid bit, as in EximUpstream.
    protected override IReadOnlyList<string> Program =>
        [Programs.Find("setpriv")!, "--reuid", Account, "--regid", Account, "--clear-groups", PathOf("exim4"), "-C", PathOf("exim.conf"), "-bdf"];

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => TakesAsync(places[0], cancel);

    protected override async Task PrepareAsync()
    {
        foreach (string folder in (string[])["spool", "log"]) Directory.CreateDirectory(PathOf(folder));
        File.Copy(Programs.FindUnpacked("exim4-daemon-light", "usr/sbin/exim4") ?? throw new InvalidOperationException("Exim is not unpacked"), PathOf("exim4"));
        SetMode(PathOf("exim4"), OpenToAll);
        var lines = peer.Settings.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0).ToArray();
        string Of(string mark) => string.Concat(lines.Where(l => l.StartsWith(mark, StringComparison.Ordinal)).Select(l => $"  {l[mark.Length..].Trim()}\n"));
        await GiveToAsync(Account, Folder);
        Write("exim.conf", $"""
            primary_hostname = {peer.Hostname}
            exim_user = {Account}
            exim_group = {Account}
            exim_path = {PathOf("exim4")}
            spool_directory = {PathOf("spool")}
            log_file_path = {PathOf("log")}/%slog
            pid_file_path = {PathOf("exim.pid")}
            local_interfaces = {string.Join(" : ", places.Select(p => p.Address.ToString().Replace(":", "::", StringComparison.Ordinal)).Distinct())}
            daemon_smtp_ports = {places[0].Port}
            tls_advertise_hosts =
            deliver_drop_privilege = true
            host_lookup =
            rfc1413_query_timeout = 0s
            acl_smtp_connect = acl_connect
            acl_smtp_rcpt = acl_rcpt
            acl_smtp_data = acl_data
            {string.Join('\n', lines.Where(l => !l.StartsWith("connect:", StringComparison.Ordinal) && !l.StartsWith("rcpt:", StringComparison.Ordinal)))}
            begin acl
            acl_connect:
            {Of("connect:")}  accept
            acl_rcpt:
            {Of("rcpt:")}  accept
            acl_data:
              accept
            begin routers
            all:
              driver = redirect
              data = :blackhole:
            begin transports
            begin retry
            * * F,1h,1m
            begin rewrite
            begin authenticators

            """);
        await GiveToAsync("root", PathOf("exim.conf"));
    }
}

/// <summary>Postfix's smtp-sink on a host of the lab; the scenario's settings are its options.</summary>
internal sealed class LabSmtpSink(NetSpace space, IPEndPoint place, PeerSpec peer) : SpaceDaemon("smtp-sink", space)
{
    protected override IReadOnlyList<string> Program =>
        [Programs.Find("smtp-sink")!, "-u", "nobody", "-h", peer.Hostname, .. peer.Settings.Split(' ', StringSplitOptions.RemoveEmptyEntries), $"{(place.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{place.Address}]" : place.Address)}:{place.Port}", "1024"];

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => TakesAsync(place, cancel);
}
