using System.Globalization;
using System.Net;

namespace Postern.Lab.Daemons;

/// <summary>The installed Postfix with a configuration, queue and Maildir of its own. Takes about three seconds to start.</summary>
public sealed class PostfixUpstream(UpstreamSettings? settings = null) : Daemon("postfix"), IRealUpstream
{
    private readonly UpstreamSettings _settings = settings ?? new UpstreamSettings();

    private string _daemons = "";

    /// <summary>Null when it can run here.</summary>
    public static string? Missing => Programs.NotRoot ?? Programs.Missing("postfix", "postconf");

    public int Port { get; } = LoopbackPorts.Take();
    public int ImplicitTlsPort { get; } = LoopbackPorts.Take();
    public DeliveredMail Mail => new(PathOf("mail/all/new"));
    protected override IReadOnlyList<string> LogFiles => [PathOf("maillog")];

    // Not "postfix start-fg": its master makes a session of its own and outlives the command that we would stop.
    protected override IReadOnlyList<string> Command =>
        ["/bin/sh", "-c", "postfix -c \"$1\" check && exec \"$2/master\" -c \"$1\" -d", "postfix", PathOf("conf"), _daemons];

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => GreetsAsync(IPAddress.Loopback, Port, cancel);

    protected override async Task PrepareAsync()
    {
        if (_settings.User is not null) throw new NotSupportedException("Postfix needs Cyrus or Dovecot for AUTH; use Exim or OpenSMTPD");
        foreach (string folder in (string[])["spool", "data", "mail"]) Directory.CreateDirectory(PathOf(folder));
        _daemons = (await RunningProgram.RunAsync("postconf", ["-dh", "daemon_directory"])).StandardOutput.Trim();
        string nobody = (await RunningProgram.RunAsync("id", ["-u", "nobody"])).StandardOutput.Trim();
        Write("conf/main.cf", Main(nobody) + Tls());
        Write("conf/mailboxes", "!/^unknown/ all/\n");
        Write("conf/master.cf", Master());
        await GiveToAsync("nobody", PathOf("mail"));
        await GiveToAsync("postfix", PathOf("data"));
    }

    private string Main(string nobody) => string.Create(CultureInfo.InvariantCulture, $"""
        compatibility_level = 3.6
        queue_directory = {PathOf("spool")}
        data_directory = {PathOf("data")}
        daemon_directory = {_daemons}
        maillog_file = {PathOf("maillog")}
        maillog_file_prefixes = {Folder}
        myhostname = {_settings.Hostname}
        mydestination =
        local_recipient_maps =
        alias_maps =
        alias_database =
        mynetworks = 127.0.0.0/8
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        local_header_rewrite_clients =
        message_size_limit = {_settings.MaxMessageBytes}
        mailbox_size_limit = 0
        virtual_mailbox_limit = 0
        virtual_mailbox_domains = regexp:{PathOf("conf/domains")}
        virtual_mailbox_base = {PathOf("mail")}
        virtual_mailbox_maps = regexp:{PathOf("conf/mailboxes")}
        virtual_uid_maps = static:{nobody}
        virtual_gid_maps = static:{nobody}
        smtpd_client_connection_rate_limit = 0
        smtpd_peername_lookup = no

        """);

    private string Tls()
    {
        Write("conf/domains", "/./ ok\n");
        if (_settings.Certificate is not { } certificate) return "";
        string chain = Write("conf/chain.pem", PemFiles.ChainWithKey(certificate));
        SetMode(chain, OwnerOnly);
        return $"smtpd_tls_chain_files = {chain}\nsmtpd_tls_security_level = may\nsmtp_tls_security_level = may\n";
    }

    private string Master()
    {
        var lines = new List<string> { $"127.0.0.1:{Port} inet n - n - - smtpd" };
        if (_settings.Certificate is not null) lines.Add($"127.0.0.1:{ImplicitTlsPort} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes");
        lines.AddRange([
            "pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite",
            "tlsmgr unix - - n 1000? 1 tlsmgr", "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify",
            "flush unix n - n 1000? 0 flush", "proxymap unix - - n - - proxymap", "proxywrite unix - - n - 1 proxymap", "smtp unix - - n - - smtp",
            "relay unix - - n - - smtp", "showq unix n - n - - showq", "error unix - - n - - error", "retry unix - - n - - error", "discard unix - - n - - discard",
            "virtual unix - n n - - virtual", "anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache", "postlog unix-dgram n - n - 1 postlogd"]);
        return string.Join('\n', lines) + "\n";
    }
}
