using System.Globalization;
using Postern.Lab.Daemons;
using Postern.Lab.Net;

namespace Postern.Benchmarks.Loop.Relays;

/// <summary>Exim 4 with its defaults and its example's retry rule, a queue run every half hour as Debian starts it.</summary>
internal sealed class EximUnderTest(NetSpace space, RelayWay way) : RelayUnderTest("exim", space)
{
    private const string Account = "Debian-exim";

    public override string LogFile => PathOf("log/mainlog");
    protected override IReadOnlyList<string> LogFiles => [LogFile, PathOf("log/paniclog"), PathOf("log/rejectlog")];

    // A private copy without the setuid bit, as in EximUpstream.
    protected override IReadOnlyList<string> Program =>
        [Programs.Find("setpriv")!, "--reuid", Account, "--regid", Account, "--clear-groups", PathOf("exim4"), "-C", PathOf("exim.conf"), "-bdf", "-q30m"];

    public override int? Bounced() => File.Exists(LogFile) ? File.ReadLines(LogFile).Count(l => l.Contains(" ** ", StringComparison.Ordinal)) : 0;

    protected override async Task PrepareAsync()
    {
        foreach (string folder in (string[])["spool", "log"]) Directory.CreateDirectory(PathOf(folder));
        File.Copy(Programs.FindUnpacked("exim4-daemon-light", "usr/sbin/exim4") ?? throw new InvalidOperationException("Exim is not unpacked"), PathOf("exim4"));
        SetMode(PathOf("exim4"), OpenToAll);
        await GiveToAsync(Account, Folder);
        string route = way.Smarthost is { } host
            ? string.Create(CultureInfo.InvariantCulture, $"driver = manualroute\n  domains = *\n  transport = remote_smtp\n  route_list = * {host.Address}::{host.Port}")
            : "driver = dnslookup\n  domains = *\n  transport = remote_smtp";
        Write("exim.conf", $"""
            primary_hostname = relay.sender.test
            exim_user = {Account}
            exim_group = {Account}
            exim_path = {PathOf("exim4")}
            spool_directory = {PathOf("spool")}
            log_file_path = {PathOf("log")}/%slog
            pid_file_path = {PathOf("exim.pid")}
            local_interfaces = 127.0.0.1
            daemon_smtp_ports = {Port}
            tls_advertise_hosts =
            deliver_drop_privilege = true
            acl_smtp_rcpt = acl_ok
            acl_smtp_data = acl_ok
            begin acl
            acl_ok:
              accept hosts = 127.0.0.1
            begin routers
            remote:
              {route}
            begin transports
            remote_smtp:
              driver = smtp
            begin retry
            * * F,2h,15m; G,16h,1h,1.5; F,4d,6h

            """);
        await GiveToAsync("root", PathOf("exim.conf"));
    }
}
