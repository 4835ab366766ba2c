using System.Text;
using Postern.EndToEndTests.Relay;
using Postern.Lab.Daemons;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Mail;

/// <summary>Mail through the relay into the servers that people run.</summary>
public sealed class RealUpstreamTests
{
    [Fact]
    public Task Nasty_messages_arrive_untouched_at_Postfix() => ArriveAsync(PostfixUpstream.Missing, s => new PostfixUpstream(s), NastyMessages.All);

    [Fact]
    public Task Nasty_messages_arrive_untouched_at_Exim() => ArriveAsync(EximUpstream.Missing, s => new EximUpstream(s), NastyMessages.All);

    [Fact]
    public Task Nasty_messages_arrive_untouched_at_OpenSmtpd() => ArriveAsync(OpenSmtpdUpstream.Missing, s => new OpenSmtpdUpstream(s), NastyMessages.All);

    private static async Task ArriveAsync(string? missing, Func<UpstreamSettings, IRealUpstream> make, IReadOnlyList<string> names)
    {
        Skip.When(missing);
        await using var upstream = make(new UpstreamSettings());
        await upstream.StartAsync();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(upstream.Port));
        await using var client = await RawClient.ConnectAsync(relay.Port);
        foreach (string name in names) Assert.StartsWith("250 2.0.0", await client.SendMailAsync(NastyMessages.Make(name)));
        byte[] large = NastyMessages.Large(25 << 20);
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(large));

        foreach (string name in names) Arrived.UntouchedBelowTrace(NastyMessages.Make(name), await Found(upstream, relay, $"<{name}@example.test>"));
        Arrived.UntouchedBelowTrace(large, await Found(upstream, relay, "<large@example.test>"));
        await relay.WaitForQueueAsync(0);
    }

    private static async Task<byte[]> Found(IRealUpstream upstream, PosternProcess relay, string text)
    {
        try
        {
            return await upstream.Mail.WaitForAsync(text);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\nrelay: {relay.Log}\nupstream: {upstream.Log}");
        }
    }

    [Fact]
    public async Task Nasty_messages_arrive_in_the_dumps_of_smtp_sink()
    {
        Skip.When(SmtpSink.Missing);
        await using var sink = new SmtpSink();
        await sink.StartAsync();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port));
        await using var client = await RawClient.ConnectAsync(relay.Port);
        foreach (string name in NastyMessages.All) Assert.StartsWith("250 2.0.0", await client.SendMailAsync(NastyMessages.Make(name)));
        foreach (string name in NastyMessages.All) Arrived.UntouchedBelowTrace(NastyMessages.Make(name), await sink.Mail.WaitForAsync($"<{name}@example.test>"));
    }

    [Theory]
    [InlineData(ClientTls.Starttls, "required", false)]
    [InlineData(ClientTls.Implicit, "implicit", true)]
    public async Task Mail_passes_with_TLS_and_AUTH_on_both_sides(ClientTls clientTls, string upstreamTls, bool implicitPort)
    {
        Skip.When(EximUpstream.Missing);
        await using var upstream = new EximUpstream(new UpstreamSettings { Certificate = LabCertificates.Localhost, User = "apikey", Password = "up$tream-s3cret" });
        await upstream.StartAsync();
        await using var relay = MakeTlsRelay(clientTls, $"""
            [[user]]
            name = "app"
            password = "app s3cret"
            [access]
            networks = []
            [[upstream]]
            name = "up"
            address = "127.0.0.1:{(implicitPort ? upstream.ImplicitTlsPort : upstream.Port)}"
            tls = "{upstreamTls}"
            tls_ca = "AUTHORITY"
            auth = {"{"} user = "apikey", password = {"{"} env = "UPSTREAM_PASSWORD" {"}"} {"}"}
            [[route]]
            upstreams = ["up"]
            """, out string authority);
        relay.Variables["UPSTREAM_PASSWORD"] = "up$tream-s3cret";
        await relay.StartAsync();

        foreach (string client in ClientPrograms.All.Where(c => c != ClientPrograms.SmtpSource && ClientPrograms.Missing(c) is null))
        {
            byte[] message = Encoding.ASCII.GetBytes($"Subject: {client}\r\nMessage-ID: <{client}.tls@example.test>\r\n\r\nover TLS\r\n");
            await ClientPrograms.SendAsync(client, new Submission(relay.Port, Tls: clientTls, CaFile: authority, User: "app", Password: "app s3cret"), message);
            byte[] delivered = await Found(upstream, relay, $"<{client}.tls@example.test>");
            Arrived.UntouchedBelowTrace(message, delivered);
            string trace = Encoding.Latin1.GetString(delivered).Replace("\n\t", " ", StringComparison.Ordinal);
            Assert.Contains("with esmtpsa", trace);
            Assert.Contains("with ESMTPSA", trace);
        }

        var refused = await ClientPrograms.TrySendAsync(ClientPrograms.Curl, new Submission(relay.Port, Tls: clientTls, CaFile: authority, User: "app", Password: "wrong"), "Subject: no\r\n\r\n"u8.ToArray());
        Assert.NotEqual(0, refused.ExitCode);
        refused = await ClientPrograms.TrySendAsync(ClientPrograms.Curl, new Submission(relay.Port, Tls: clientTls, CaFile: authority), "Subject: no\r\n\r\n"u8.ToArray());
        Assert.NotEqual(0, refused.ExitCode);
    }

    [Fact]
    public async Task Mail_waits_when_the_upstreams_certificate_is_not_trusted()
    {
        Skip.When(PostfixUpstream.Missing);
        await using var upstream = new PostfixUpstream(new UpstreamSettings { Certificate = LabCertificates.Localhost });
        await upstream.StartAsync();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(upstream.Port, upstream: "tls = \"required\""));
        await using var client = await RawClient.ConnectAsync(relay.Port);
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(NastyMessages.Make(NastyMessages.Dots)));
        await Task.Delay(1500);
        Assert.Equal(0, upstream.Mail.Count);
        await relay.WaitForQueueAsync(1);

        relay.WriteConfig(PosternProcess.To(upstream.Port, upstream: $"tls = \"required\"\ntls_ca = \"{relay.WriteFile("ca.pem", PemFiles.Certificate(LabCertificates.Authority))}\""));
        await relay.SignalAsync("HUP");
        Arrived.UntouchedBelowTrace(NastyMessages.Make(NastyMessages.Dots), await Found(upstream, relay, "<dots@example.test>"));
    }

    private static PosternProcess MakeTlsRelay(ClientTls tls, string settings, out string authority)
    {
        var relay = new PosternProcess("", $"tls = \"{tls.ToString().ToLowerInvariant()}\"");
        authority = relay.WriteFile("ca.pem", PemFiles.Certificate(LabCertificates.Authority));
        string chain = relay.WriteFile("chain.pem", PemFiles.Certificate(LabCertificates.Localhost)), key = relay.WriteFile("key.pem", PemFiles.Key(LabCertificates.Localhost));
        relay.UseSettings($"[tls]\ncertificate = \"{chain}\"\nkey = \"{key}\"\n" + settings.Replace("AUTHORITY", authority, StringComparison.Ordinal));
        return relay;
    }
}
