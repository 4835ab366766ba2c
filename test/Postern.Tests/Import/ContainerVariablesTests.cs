using Postern.Core.Configuration;
using Postern.Import;
using Postern.Protocols.Tls;

namespace Postern.Tests.Import;

public sealed class ContainerVariablesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-import-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private (PosternConfig Config, ImportDraft Draft) Import(params (string Name, string Value)[] variables)
    {
        var draft = ContainerVariables.Import(variables.Append(("PATH", "/bin")).ToDictionary(v => v.Item1, v => v.Item2), "machine");
        foreach (var secret in draft.Secrets) File.WriteAllText(Path.Combine(_folder, secret.File), secret.Value);
        string file = Path.Combine(_folder, "postern.toml");
        File.WriteAllText(file, draft.Write("the environment"));
        var result = new ConfigLoader(new ConfigSurroundings(_ => null, [], _folder)).Load(file, []);
        Assert.Empty(result.Errors.Select(e => e.ToString()));
        return (result.Config!, draft);
    }

    [Fact]
    public void Boky_postfix_is_understood()
    {
        var (config, draft) = Import(("RELAYHOST", "smtp.example.com:587"), ("RELAYHOST_USERNAME", "app@example.net"), ("RELAYHOST_PASSWORD", "p w,\"x"), ("ALLOWED_SENDER_DOMAINS", "example.net example.org"),
            ("POSTFIX_myhostname", "relay.example.net"), ("POSTFIX_message_size_limit", "26214400"), ("POSTFIX_mynetworks", "192.0.2.0/24"), ("SMTPD_SASL_USERS", "one@example.net:a1,two@example.net:b2"), ("DKIM_AUTOGENERATE", "1"));
        var upstream = Assert.Single(config.Upstream);
        Assert.Equal(("smtp.example.com:587", "app@example.net", "p w,\"x", TlsMode.Opportunistic), (upstream.Address, upstream.Auth!.User, upstream.Auth.Password.Reveal(), upstream.Tls));
        Assert.Equal(["@example.net", "@example.org"], config.Access.Senders);
        Assert.Equal(["192.0.2.0/24"], config.Access.Networks);
        Assert.Equal("relay.example.net", config.Server.Hostname);
        Assert.Equal(26_214_400, config.Limits.MaxMessageBytes);
        Assert.Equal("*:587", Assert.Single(config.Listener).Address);
        Assert.Equal(["a1", "b2"], config.User.Select(u => u.Password.Reveal()));
        Assert.Contains(draft.Notes, n => n is { Fate: ImportFate.NotCarried, Subject: "DKIM_AUTOGENERATE" });
        Assert.DoesNotContain(draft.Notes, n => n.Subject == "PATH");
    }

    [Fact]
    public void Juanluisbaptista_postfix_is_understood()
    {
        File.WriteAllText(Path.Combine(_folder, "given"), "from-a-file\n");
        var (config, _) = Import(("SMTP_SERVER", "smtp.example.com"), ("SMTP_USERNAME", "app"), ("SMTP_PASSWORD_FILE", Path.Combine(_folder, "given")), ("SERVER_HOSTNAME", "relay.example.net"), ("SMTP_NETWORKS", "192.0.2.0/24,198.51.100.0/24"), ("POSTFIX_SMTP_CONNECT_TIMEOUT", "7s"));
        var upstream = Assert.Single(config.Upstream);
        Assert.Equal(("smtp.example.com:587", TlsMode.Required, "from-a-file"), (upstream.Address, upstream.Tls, upstream.Auth!.Password.Reveal()));
        Assert.Contains("198.51.100.0/24", config.Access.Networks);
        Assert.Equal(TimeSpan.FromSeconds(7), config.Timeouts.Connect);
    }

    [Theory]
    [InlineData("RELAY_HOST=smtp.example.com RELAY_PORT=587 RELAY_USERNAME=a RELAY_PASSWORD=b RELAY_NETS=10.0.0.0/8;192.0.2.0/24", "smtp.example.com:587", "192.0.2.0/24")]
    [InlineData("SMARTHOST_ADDRESS=smtp.example.com SMARTHOST_PORT=465 SMARTHOST_USER=a SMARTHOST_PASSWORD=b RELAY_NETWORKS=:10.0.0.0/8:192.0.2.0/24", "smtp.example.com:465", "192.0.2.0/24")]
    [InlineData("SES_USER=a SES_PASSWORD=b SES_REGION=eu-west-1", "email-smtp.eu-west-1.amazonaws.com:587", "10.0.0.0/8")]
    public void The_exim_images_are_understood(string variables, string address, string network)
    {
        var (config, _) = Import([.. variables.Split(' ').Select(v => v.Split('=')).Select(v => (v[0], v[1]))]);
        var upstream = Assert.Single(config.Upstream);
        Assert.Equal((address, "a", "b"), (upstream.Address, upstream.Auth!.User, upstream.Auth.Password.Reveal()));
        Assert.Equal(address.EndsWith("465", StringComparison.Ordinal) ? TlsMode.Implicit : TlsMode.Required, upstream.Tls);
        Assert.Contains(network, config.Access.Networks);
    }

    [Fact]
    public void Without_a_relay_mail_goes_to_each_domains_own_servers() =>
        Assert.Equal(RouteVia.Mx, Assert.Single(Import(("ALLOWED_SENDER_DOMAINS", "example.net")).Config.Route).Via);
}
