using System.Globalization;
using System.Net;

namespace Postern.Lab.Daemons;

/// <summary>Exim 4 from its unpacked Debian package, with a Maildir of its own. Offers AUTH PLAIN, LOGIN and CRAM-MD5 when a user is set.</summary>
public sealed class EximUpstream(UpstreamSettings? settings = null) : Daemon("exim"), IRealUpstream
{
    private const string Account = "Debian-exim";
    private readonly UpstreamSettings _settings = settings ?? new UpstreamSettings();

    private static string? Installed => Programs.FindUnpacked("exim4-daemon-light", "usr/sbin/exim4");

    public static string? Missing => Programs.NotRoot ?? (Installed is null ? "Exim is not unpacked (eng/test-tools.sh does it)" : null);

    public int Port { get; } = LoopbackPorts.Take();
    public int ImplicitTlsPort { get; } = LoopbackPorts.Take();
    public DeliveredMail Mail => new(PathOf("mail/new"));
    protected override IReadOnlyList<string> LogFiles => [PathOf("log/mainlog"), PathOf("log/paniclog"), PathOf("log/rejectlog")];

    // A private copy without the setuid bit: everything runs as Debian-exim, which may then name its configuration with -C.
    protected override IReadOnlyList<string> Command =>
        [Programs.Find("setpriv")!, "--reuid", Account, "--regid", Account, "--clear-groups", PathOf("exim4"), "-C", PathOf("exim.conf"), "-bdf", "-q30m"];

    protected override async Task PrepareAsync()
    {
        foreach (string folder in (string[])["spool", "log", "mail"]) Directory.CreateDirectory(PathOf(folder));
        File.Copy(Installed!, PathOf("exim4"));
        SetMode(PathOf("exim4"), OpenToAll);
        string tls = Tls();
        await GiveToAsync(Account, Folder);
        // Exim refuses a configuration that its own user could have changed.
        Write("exim.conf", Configuration(tls));
        await GiveToAsync("root", PathOf("exim.conf"));
    }

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => GreetsAsync(IPAddress.Loopback, Port, cancel);

    private string Tls()
    {
        if (_settings.Certificate is not { } certificate) return "tls_advertise_hosts =";
        return $"""
            tls_advertise_hosts = *
            tls_certificate = {Write("chain.pem", PemFiles.Certificate(certificate))}
            tls_privatekey = {Write("key.pem", PemFiles.Key(certificate))}
            tls_on_connect_ports = {ImplicitTlsPort}
            """;
    }

    private string Configuration(string tls) => string.Create(CultureInfo.InvariantCulture, $$"""
        primary_hostname = {{_settings.Hostname}}
        exim_user = {{Account}}
        exim_group = {{Account}}
        exim_path = {{PathOf("exim4")}}
        spool_directory = {{PathOf("spool")}}
        log_file_path = {{PathOf("log")}}/%slog
        pid_file_path = {{PathOf("exim.pid")}}
        local_interfaces = 127.0.0.1
        daemon_smtp_ports = {{Port}}{{(_settings.Certificate is null ? "" : $" : {ImplicitTlsPort}")}}
        smtp_accept_max = 0
        smtp_connect_backlog = 128
        smtp_accept_queue_per_connection = 0
        {{tls}}
        deliver_drop_privilege = true
        message_size_limit = {{_settings.MaxMessageBytes}}
        accept_8bitmime = true
        host_lookup =
        rfc1413_query_timeout = 0s
        acl_smtp_rcpt = acl_rcpt
        acl_smtp_data = acl_data
        auth_advertise_hosts = {{(_settings.User is null ? "" : "*")}}
        begin acl
        acl_rcpt:
        {{(_settings.User is null ? "" : "  deny message = authentication required\n       !authenticated = *")}}
          deny local_parts = ^unknown
               message = 5.1.1 <$local_part@$domain>: no such user here
          accept
        acl_data:
          accept
        begin routers
        all:
          driver = accept
          transport = maildir
        begin transports
        maildir:
          driver = appendfile
          directory = {{PathOf("mail")}}
          maildir_format
          user = {{Account}}
          group = {{Account}}
          return_path_add
          message_size_limit = 0
        begin retry
        * * F,1h,1m
        begin rewrite
        begin authenticators
        {{(_settings.User is null ? "" : Authenticators())}}

        """);

    private string Authenticators() => """
        plain:
          driver = plaintext
          public_name = PLAIN
          server_prompts = :
          server_condition = ${if and{ {eq{$auth2}{USER}}{eq{$auth3}{PASSWORD}} }}
          server_set_id = $auth2
        login:
          driver = plaintext
          public_name = LOGIN
          server_prompts = Username:: : Password::
          server_condition = ${if and{ {eq{$auth1}{USER}}{eq{$auth2}{PASSWORD}} }}
          server_set_id = $auth1
        cram:
          driver = cram_md5
          public_name = CRAM-MD5
          server_secret = ${if eq{$auth1}{USER}{PASSWORD}fail}
          server_set_id = $auth1
        """.Replace("USER", _settings.User, StringComparison.Ordinal).Replace("PASSWORD", Literal(_settings.Password), StringComparison.Ordinal);

    /// <summary>As it stands in a string that Exim expands.</summary>
    private static string? Literal(string? text) => text?.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("$", "\\$", StringComparison.Ordinal);
}
