using System.Diagnostics;
using Postern.Core.Configuration;
using Postern.Import;
using Postern.Protocols.Tls;

namespace Postern.Tests.Import;

/// <summary>Settings of real shape in a folder, through the importer and then through the loader that a start uses.</summary>
public sealed class PostfixImportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-import-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text.Replace("{folder}", _folder, StringComparison.Ordinal));

    private PostfixSettings Settings(string main)
    {
        Write("main.cf", main);
        var settings = new PostfixSettings(_folder, "machine.example.net");
        settings.ReadMainCf(File.ReadAllText(Path.Combine(_folder, "main.cf")), "main.cf");
        return settings;
    }

    private (PosternConfig Config, ImportDraft Draft) Import(string main, string? master = null)
    {
        var draft = new PostfixImport(Settings(main), master is null ? [] : MasterService.Read(master, "master.cf")).Run();
        return (Load(draft), draft);
    }

    private PosternConfig Load(ImportDraft draft)
    {
        foreach (var secret in draft.Secrets) Write(secret.File, secret.Value);
        string file = Path.Combine(_folder, "postern.toml");
        File.WriteAllText(file, draft.Write("main.cf"));
        var result = new ConfigLoader(new ConfigSurroundings(_ => null, [], _folder)).Load(file, []);
        Assert.Empty(result.Errors.Select(e => e.ToString()));
        return result.Config!;
    }

    private static string Fate(ImportDraft draft, string subject) => string.Join('+', draft.Notes.Where(n => n.Subject == subject).Select(n => n.Fate).Distinct());

    [Fact]
    public void A_relayhost_with_password_and_verified_tls_becomes_an_upstream()
    {
        Write("sasl_passwd", "# ours\n[smtp.example.com]:587 other:one\n[smtp.example.com]:submission app:se\"cr:et\n");
        var (config, draft) = Import("""
            relayhost = [smtp.example.com]:submission
            smtp_sasl_auth_enable = yes
            smtp_sasl_password_maps = hash:$config_directory/sasl_passwd
            smtp_sasl_security_options = noanonymous
            smtp_tls_security_level = secure
            """);
        var upstream = Assert.Single(config.Upstream);
        Assert.Equal("smtp.example.com:587", upstream.Address);
        Assert.Equal(TlsMode.Required, upstream.Tls);
        Assert.True(upstream.TlsVerify);
        Assert.Equal("app", upstream.Auth!.User);
        Assert.Equal("se\"cr:et", upstream.Auth.Password.Reveal());
        Assert.Equal(["relayhost"], Assert.Single(config.Route).Upstreams);
        Assert.DoesNotContain("cr:et", draft.Write("main.cf"), StringComparison.Ordinal);
        Assert.DoesNotContain(draft.Notes, n => n.Text.Contains("cr:et", StringComparison.Ordinal) || n.Place.Contains("cr:et", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[smtp.example.com]", "smtp.example.com:25")]
    [InlineData("[192.0.2.1]:2525", "192.0.2.1:2525")]
    [InlineData("[2001:db8::1]:26", "[2001:db8::1]:26")]
    [InlineData("[ipv6:2001:db8::1]", "[2001:db8::1]:25")]
    [InlineData("192.0.2.1", "192.0.2.1:25")]
    [InlineData("example.com:smtps", "example.com:465")]
    [InlineData("inet:[smtp.example.com]:587", "smtp.example.com:587")]
    public void Every_form_of_relayhost_is_understood(string relayhost, string address) =>
        Assert.Equal(address, Assert.Single(Import($"relayhost = {relayhost}\n").Config.Upstream).Address);

    [Fact]
    public void A_relayhost_that_stands_for_mx_records_is_said_to_differ()
    {
        Assert.Equal("Changed", Fate(Import("relayhost = example.com\n").Draft, "relayhost"));
        Assert.Equal("Carried", Fate(Import("relayhost = [example.com]\n").Draft, "relayhost"));
    }

    [Theory]
    [InlineData("", "opportunistic", true)]
    [InlineData("smtp_tls_security_level = none", "none", true)]
    [InlineData("smtp_tls_security_level = may", "opportunistic", true)]
    [InlineData("smtp_use_tls = yes", "opportunistic", true)]
    [InlineData("smtp_tls_security_level = encrypt", "required", false)]
    [InlineData("smtp_tls_security_level = verify", "required", true)]
    [InlineData("smtp_enforce_tls = yes", "required", true)]
    [InlineData("smtp_tls_security_level = encrypt\nsmtp_tls_wrappermode = yes", "implicit", false)]
    [InlineData("smtp_tls_security_level = none\nsmtp_tls_policy_maps = inline:{ [smtp.example.com]:587=secure }", "required", true)]
    public void Tls_levels_keep_their_meaning(string settings, string tls, bool verify)
    {
        var upstream = Assert.Single(Import($"relayhost = [smtp.example.com]:587\n{settings}\n").Config.Upstream);
        Assert.Equal(tls, ConfigValues.KebabCase(upstream.Tls.ToString()));
        if (tls is "required" or "implicit") Assert.Equal(verify, upstream.TlsVerify);
    }

    [Fact]
    public void Transport_maps_become_routes_in_the_order_in_which_postfix_looks_them_up()
    {
        Write("transport", ".example.org slow:[mx.example.net]:26\nexample.org smtp:[mx.example.net]:26\npartner.example smtp:\nuser@example.com smtp:[192.0.2.9]\nlocal.example virtual:\n* :\n");
        Write("transport.re", "/@sub\\.example\\.com$/ smtp:[192.0.2.77]\n/^x.*y$/ smtp:[192.0.2.78]\n");
        var (config, draft) = Import("""
            relayhost = [smtp.example.com]
            transport_maps = regexp:{folder}/transport.re, hash:{folder}/transport
            slow_destination_rate_delay = 2s
            """, "smtp inet n - y - - smtpd\nsmtp unix - - y - - smtp\nslow unix - - n - 1 smtp\n  -o smtp_connect_timeout=5\n");
        Assert.Equal(["sub.example.com", "example.org", "partner.example", "local.example", "*.example.org", "*"],
            config.Route.Select(r => r.Match?.RecipientDomain.FirstOrDefault() ?? "*"));
        Assert.Equal(RouteVia.Mx, config.Route[2].Via);
        Assert.Equal(RouteVia.Reject, config.Route[3].Via);
        Assert.Equal(["relayhost"], config.Route[^1].Upstreams);
        Assert.Equal(30, config.Upstream.Single(u => u.Name == config.Route[4].Upstreams[0]).MaxMessagesPerMinute);
        Assert.Equal("NotCarried", Fate(draft, "transport of user@example.com"));
        Assert.Equal("NotCarried", Fate(draft, "transport of local.example"));
        Assert.Equal("NotCarried", Fate(draft, "transport of /^x.*y$/"));
    }

    [Fact]
    public void Senders_have_relayhosts_and_passwords_of_their_own()
    {
        Write("by_sender", "@tenant.example [smtp.tenant.example]:587\n");
        Write("sasl_passwd", "boss@example.net boss:pw1\n[smtp.tenant.example]:587 tenant:pw2\nsmtp.example.com all:pw3\n");
        var (config, _) = Import("""
            relayhost = [smtp.example.com]:587
            sender_dependent_relayhost_maps = hash:{folder}/by_sender
            smtp_sender_dependent_authentication = yes
            smtp_sasl_auth_enable = yes
            smtp_sasl_password_maps = hash:{folder}/sasl_passwd
            smtp_tls_security_level = verify
            """);
        string User(int route) => config.Upstream.Single(u => u.Name == config.Route[route].Upstreams[0]).Auth!.User;
        Assert.Equal(["@tenant.example", "boss@example.net", "all"], config.Route.Select(r => r.Match?.Sender[0] ?? "all"));
        Assert.Equal(["tenant", "boss", "all"], [User(0), User(1), User(2)]);
    }

    [Fact]
    public void Exceptions_in_mynetworks_are_taken_out_of_what_follows_them()
    {
        var (config, _) = Import("relayhost = [a.example]\nmynetworks = 127.0.0.0/8 !192.0.2.64/26, 192.0.2.0/24\n  [2001:db8::]/32\n");
        Assert.Equal(["127.0.0.0/8", "192.0.2.0/26", "192.0.2.128/25", "2001:db8::/32"], config.Access.Networks);
    }

    [Fact]
    public void An_open_relay_is_pointed_out()
    {
        var (_, draft) = Import("relayhost = [a.example]\nmynetworks = 0.0.0.0/0\n");
        Assert.Contains(draft.Notes, n => n.Fate == ImportFate.NotCarried && n.Text.Contains("it is open", StringComparison.Ordinal));
    }

    [Fact]
    public void Numbers_times_and_sizes_are_carried_and_kept_within_bounds()
    {
        var (config, draft) = Import("""
            relayhost = [a.example]
            message_size_limit = 20480000
            maximal_queue_lifetime = 2
            bounce_queue_lifetime = 2
            delay_warning_time = 4
            minimal_backoff_time = 5m
            maximal_backoff_time = 1h
            smtp_connect_timeout = 600s
            default_destination_concurrency_limit = 5
            smtp_destination_concurrency_limit = 7
            default_destination_recipient_limit = 0
            smtpd_timeout = ${stress?{10}:{120}}s
            """);
        Assert.Equal(20_480_000, config.Limits.MaxMessageBytes);
        Assert.Equal(TimeSpan.FromDays(2), config.Delivery.Expire);
        Assert.Equal(TimeSpan.FromHours(4), config.Delivery.DelayNotice);
        Assert.Equal([5, 10, 20, 40, 60], config.Delivery.Retry.Select(r => r.TotalMinutes));
        Assert.Equal(TimeSpan.FromMinutes(5), config.Timeouts.Connect);
        Assert.Equal("Changed", Fate(draft, "smtp_connect_timeout"));
        Assert.Equal(7, config.Delivery.MaxSessionsPerDestination);
        Assert.Equal(10_000, config.Delivery.MaxRecipientsPerTransaction);
        Assert.Equal(TimeSpan.FromSeconds(120), config.Limits.IdleTimeout);
    }

    [Fact]
    public void Listeners_follow_master_cf_and_inet_interfaces()
    {
        var (config, _) = Import("relayhost = [a.example]\ninet_interfaces = 127.0.0.1, [::1]\ninet_protocols = all\n",
            "smtp inet n - y - - smtpd\n192.0.2.1:2526 inet n - y - - smtpd\n#submission inet n - y - - smtpd\nsmtp unix - - y - - smtp\n");
        Assert.Equal(["127.0.0.1:25", "[::1]:25", "192.0.2.1:2526"], config.Listener.Select(l => l.Address));
        Assert.Equal(["0.0.0.0:25"], Import("relayhost = [a.example]\ninet_protocols = ipv4\n").Config.Listener.Select(l => l.Address));
    }

    [Fact]
    public void Nothing_that_is_set_goes_unmentioned()
    {
        string main = """
            relayhost = [a.example]
            header_checks = regexp:/etc/postfix/x
            smtpd_milters = inet:127.0.0.1:8891
            virtual_alias_maps = ldap:/etc/postfix/ldap.cf
            always_bcc = archive@example.net
            invented_parameter = 7
            own = 192.0.2.0/24
            mynetworks = $own
            smtpd_tls_security_level = may
            smtp_tls_policy_maps = pgsql:/etc/postfix/x
            smtpd_client_restrictions = permit_mynetworks, reject_rbl_client bl.example.org
            """;
        var (_, draft) = Import(main);
        foreach (var setting in Settings(main).All) Assert.Contains(draft.Notes, n => n.Subject == setting.Name || n.Text.Contains(setting.Name, StringComparison.Ordinal));
        foreach (string lost in new[] { "header_checks", "smtpd_milters", "virtual_alias_maps", "always_bcc", "invented_parameter", "smtp_tls_policy_maps", "smtpd_client_restrictions" })
            Assert.Contains("NotCarried", Fate(draft, lost), StringComparison.Ordinal);
        Assert.Equal("Irrelevant", Fate(draft, "own"));
    }

    [Fact]
    public void A_line_of_a_foreign_file_cannot_break_out_of_its_comment()
    {
        Write("transport", "example.org error:no\u0085[server]\n");
        var (config, _) = Import("relayhost = [a.example]\ntransport_maps = hash:{folder}/transport\nbad\u000bname\u2028x = \"]\n");
        Assert.Equal("a.example:25", Assert.Single(config.Upstream).Address);
    }

    /// <summary>Every parameter that this machine's Postfix has, at its own default: each must have a fate, and variables must expand as Postfix does it.</summary>
    [Fact]
    public void Values_expand_as_postconf_expands_them_and_every_known_parameter_has_a_fate()
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/postconf"), "postconf is not installed");
        Write("sasl_passwd", "smtp.example.com a:b\n");
        string main = """
            compatibility_level = 3.6
            myhostname = mail.example.net
            a = 192.0.2.0/25
            b = ${a}, [2001:db8::]/32
            mynetworks = 127.0.0.0/8,
             # between
              $b
            relayhost = [smtp.$mydomain]:587
            smtp_sasl_password_maps = hash:${config_directory}/sasl_passwd
            smtpd_banner = $myhostname ${relayhost?relay} ${nothing:none} ${a?{yes}:{no}} $$5
            mydestination = $myhostname, localhost.$mydomain
            """;
        var settings = Settings(main);
        string[] names = ["myhostname", "mydomain", "mynetworks", "relayhost", "smtp_sasl_password_maps", "smtpd_banner", "mydestination", "myorigin", "smtp_helo_name", "inet_interfaces"];
        string[] expected = Postconf(["-x", "-h", .. names]);
        Assert.Equal(expected.Select(Spaces), names.Select(n => Spaces(settings.Get(n))));

        // The whole of postconf -d as a main.cf: nothing throws, and all of it is spoken of.
        string all = string.Join('\n', Postconf(["-d"]).Where(l => !l.StartsWith("mynetworks ", StringComparison.Ordinal)));
        var draft = new PostfixImport(Settings(all), []).Run();
        Assert.All(Settings(all).All, s => Assert.Contains(draft.Notes, n => n.Subject == s.Name));
        Load(draft);

        static string Spaces(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private string[] Postconf(string[] arguments)
    {
        var info = new ProcessStartInfo("/usr/sbin/postconf") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in new[] { "-c", _folder }.Concat(arguments)) info.ArgumentList.Add(argument);
        using var process = Process.Start(info)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return said.TrimEnd('\n').Split('\n');
    }
}
