using System.Globalization;
using System.Net;

namespace Postern.Lab.Daemons;

/// <summary>
/// OpenSMTPD from its unpacked Debian package. Its queue, socket and helper paths are compiled in, so it runs in a mount namespace of its own where
/// those places are ours. Mail is piped to a script that files it as Maildir does. Without TLS, and so without AUTH: the key engine of Debian 12's
/// OpenSMTPD 6.8 fails every handshake under OpenSSL 3 ("EVP lib").
/// </summary>
public sealed class OpenSmtpdUpstream(UpstreamSettings? settings = null) : Daemon("opensmtpd"), IRealUpstream
{
    private const string Package = "opensmtpd";
    private readonly UpstreamSettings _settings = settings ?? new UpstreamSettings();

    private static string? Installed => Programs.FindUnpacked(Package, "usr/sbin/smtpd");

    public static string? Missing => Programs.NotRoot ?? Programs.Missing("unshare") ?? (Installed is null ? "OpenSMTPD is not unpacked (eng/test-tools.sh does it)" : null);

    public int Port { get; } = LoopbackPorts.Take();
    public int ImplicitTlsPort => 0;
    public DeliveredMail Mail => new(PathOf("mail/new"));

    protected override IReadOnlyList<string> Command =>
    [
        Programs.Find("unshare")!, "-m", "/bin/sh", "-c", """
            mount --make-rprivate /
            mount --bind "$1/spool" /var/spool/smtpd
            mount --bind "$1/run" /run
            mount --bind "$2/usr/libexec/opensmtpd" /usr/libexec/opensmtpd
            exec "$2/usr/sbin/smtpd" -d -f "$1/smtpd.conf"
            """, "smtpd", Folder, PathOf("root"),
    ];

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => GreetsAsync(IPAddress.Loopback, Port, cancel);

    protected override async Task PrepareAsync()
    {
        if (_settings.Certificate is not null || _settings.User is not null) throw new NotSupportedException("no TLS and no AUTH with this OpenSMTPD; use Exim");
        foreach (string folder in (string[])["/var/spool/smtpd", "/var/lib/opensmtpd/empty", "/usr/libexec/opensmtpd", PathOf("spool"), PathOf("run"), PathOf("mail/tmp"), PathOf("mail/new")])
            Directory.CreateDirectory(folder);
        // The cache folder may be closed to the users that the server changes to.
        await RunningProgram.RunAsync("cp", ["-a", Path.Combine(Programs.Tools, Package), PathOf("root")]);
        SetMode(PathOf("spool"), PassableByAll);
        await GiveToAsync("nobody", PathOf("mail"));
        string script = Write("deliver.sh", $"#!/bin/sh\nname=$(date +%s%N).$$\ncat >'{PathOf("mail/tmp")}'/$name && mv '{PathOf("mail/tmp")}'/$name '{PathOf("mail/new")}'/$name\n");
        SetMode(script, OpenToAll);
        Write("smtpd.conf", Configuration(script));
    }

    private string Configuration(string script) => string.Create(CultureInfo.InvariantCulture, $$"""
        smtp max-message-size {{_settings.MaxMessageBytes}}
        smtp limit max-mails 100000
        listen on 127.0.0.1 port {{Port}} hostname {{_settings.Hostname}}
        action "file" mda "{{script}}" virtual { "@" = "nobody" }
        match from any for rcpt-to regex "^unknown" reject
        match from any for any action "file"

        """);
}
