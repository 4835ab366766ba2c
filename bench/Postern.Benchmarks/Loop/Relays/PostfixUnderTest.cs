using System.Globalization;
using Postern.Lab.Daemons;
using Postern.Lab.Net;

namespace Postern.Benchmarks.Loop.Relays;

/// <summary>Postfix with its defaults; no local delivery.</summary>
internal sealed class PostfixUnderTest(NetSpace space, RelayWay way) : RelayUnderTest("postfix", space)
{
    private string _daemons = "";

    public override string LogFile => PathOf("maillog");
    protected override IReadOnlyList<string> LogFiles => [LogFile];
    protected override IReadOnlyList<string> Program => [_daemons + "/master", "-c", PathOf("conf"), "-d"];

    public override int? Bounced() => File.Exists(LogFile) ? File.ReadLines(LogFile).Count(l => l.Contains("status=bounced", StringComparison.Ordinal)) : 0;

    protected override async Task PrepareAsync()
    {
        _daemons = (await RunningProgram.RunAsync("postconf", ["-dh", "daemon_directory"])).StandardOutput.Trim();
        foreach (string folder in (string[])["data", "spool/pid", "spool/private", "spool/public", "spool/active", "spool/incoming", "spool/maildrop", "spool/deferred", "spool/defer",
            "spool/bounce", "spool/corrupt", "spool/flush", "spool/hold", "spool/saved", "spool/trace"]) Directory.CreateDirectory(PathOf(folder));
        Write("conf/main.cf", string.Create(CultureInfo.InvariantCulture, $"""
            compatibility_level = 3.6
            queue_directory = {PathOf("spool")}
            data_directory = {PathOf("data")}
            daemon_directory = {_daemons}
            maillog_file = {LogFile}
            maillog_file_prefixes = {Folder}
            myhostname = relay.sender.test
            mydestination =
            local_recipient_maps =
            alias_maps =
            alias_database =
            mynetworks = 127.0.0.0/8
            inet_interfaces = all
            {(way.Smarthost is { } host ? $"relayhost = [{host.Address}]:{host.Port}" : "")}

            """));
        Write("conf/master.cf", string.Join('\n',
            $"{Smtp} inet n - n - - smtpd",
            "pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "tlsmgr unix - - n 1000? 1 tlsmgr", "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify", "flush unix n - n 1000? 0 flush",
            "proxymap unix - - n - - proxymap", "proxywrite unix - - n - 1 proxymap", "smtp unix - - n - - smtp", "relay unix - - n - - smtp", "showq unix n - n - - showq",
            "error unix - - n - - error", "retry unix - - n - - error", "discard unix - - n - - discard", "anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache",
            "postlog unix-dgram n - n - 1 postlogd") + "\n");
        await GiveToAsync("postfix", [PathOf("data"), .. Directory.GetDirectories(PathOf("spool")).Where(d => !d.EndsWith("/pid", StringComparison.Ordinal))]);
    }
}
