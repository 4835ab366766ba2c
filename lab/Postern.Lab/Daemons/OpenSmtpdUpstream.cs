using System.Globalization;
using System.Net;

namespace Postern.Lab.Daemons;

/// <summary>
/// OpenSMTPD from its unpacked Debian package. Its queue, socket and helper paths are compiled in, so it runs in a mount namespace of its own where
/// those places are ours. Mail is piped to a script that files it as Maildir does. AUTH PLAIN and LOGIN need TLS there.
/// </summary>
public sealed class OpenSmtpdUpstream(UpstreamSettings? settings = null) : Daemon("opensmtpd"), IRealUpstream
{
    private const string Package = "opensmtpd";
    private readonly UpstreamSettings _settings = settings ?? new UpstreamSettings();

    private static string? Installed => Programs.FindUnpacked(Package, "usr/sbin/smtpd");

    public static string? Missing => Programs.NotRoot ?? Programs.Missing("unshare", "openssl") ?? (Installed is null ? "OpenSMTPD is not unpacked (eng/test-tools.sh does it)" : null);

    public int Port { get; } = LoopbackPorts.Take();
    public int ImplicitTlsPort { get; } = LoopbackPorts.Take();
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
        foreach (string folder in (string[])["/var/spool/smtpd", "/var/lib/opensmtpd/empty", "/usr/libexec/opensmtpd", PathOf("spool"), PathOf("run"), PathOf("mail/tmp"), PathOf("mail/new")])
            Directory.CreateDirectory(folder);
        // The cache folder may be closed to the users that the server changes to.
        await RunningProgram.RunAsync("cp", ["-a", Path.Combine(Programs.Tools, Package), PathOf("root")]);
        SetMode(PathOf("spool"), PassableByAll);
        await GiveToAsync("nobody", PathOf("mail"));
        string script = Write("deliver.sh", $"#!/bin/sh\nname=$(date +%s%N).$$\ncat >'{PathOf("mail/tmp")}'/$name && mv '{PathOf("mail/tmp")}'/$name '{PathOf("mail/new")}'/$name\n");
        SetMode(script, OpenToAll);
        Write("smtpd.conf", Configuration(script, await AuthAsync(), Tls()));
    }

    private async Task<string> AuthAsync()
    {
        if (_settings.User is null) return "";
        var hash = await RunningProgram.RunAsync("openssl", ["passwd", "-6", _settings.Password!]);
        return $"table people file:{Write("people", $"{_settings.User} {hash.StandardOutput.Trim()}\n")}";
    }

    private string Tls()
    {
        if (_settings.Certificate is not { } certificate) return "";
        string key = Write("key.pem", PemFiles.Key(certificate));
        SetMode(key, OwnerOnly);
        return $"pki lab cert \"{Write("chain.pem", PemFiles.Certificate(certificate))}\"\npki lab key \"{key}\"";
    }

    private string Configuration(string script, string auth, string tls)
    {
        string pki = _settings.Certificate is null ? "" : " pki lab";
        string login = _settings.User is null ? "" : " auth <people>";
        string listen = $"listen on 127.0.0.1 port {Port}{(pki.Length > 0 ? " tls" : "")}{pki}{login} hostname {_settings.Hostname}";
        if (pki.Length > 0) listen += $"\nlisten on 127.0.0.1 port {ImplicitTlsPort} smtps{pki}{login} hostname {_settings.Hostname}";
        return string.Create(CultureInfo.InvariantCulture, $$"""
            {{tls}}
            {{auth}}
            smtp max-message-size {{_settings.MaxMessageBytes}}
            smtp limit max-mails 100000
            {{listen}}
            action "file" mda "{{script}}" virtual { "@" = "nobody" }
            match from any for rcpt-to regex "^unknown" reject
            match {{(_settings.User is null ? "" : "auth ")}}from any for any action "file"

            """);
    }
}
