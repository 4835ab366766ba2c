using System.Net;
using System.Text;
using Postern.Lab.Daemons;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Daemons;

/// <summary>The real servers by themselves, so that a relay test that fails is not their fault.</summary>
public sealed class DaemonTests
{
    [Fact]
    public Task Postfix_takes_mail_and_refuses_unknown_recipients() => TakesMailAsync(PostfixUpstream.Missing, s => new PostfixUpstream(s), tls: true, user: null);

    [Fact]
    public Task Exim_takes_mail_and_refuses_unknown_recipients() => TakesMailAsync(EximUpstream.Missing, s => new EximUpstream(s), tls: true, user: "app");

    [Fact]
    public Task OpenSmtpd_takes_mail_and_refuses_unknown_recipients() => TakesMailAsync(OpenSmtpdUpstream.Missing, s => new OpenSmtpdUpstream(s), tls: false, user: null);

    private static async Task TakesMailAsync(string? missing, Func<UpstreamSettings, IRealUpstream> make, bool tls, string? user)
    {
        Skip.When(missing ?? Programs.Missing("swaks"));
        await using var upstream = make(new UpstreamSettings { Certificate = tls ? LabCertificates.Localhost : null, User = user, Password = user is null ? null : "s3cret" });
        await upstream.StartAsync();
        string[] auth = user is null ? [] : ["--auth", "PLAIN", "--auth-user", user, "--auth-password", "s3cret"];
        string[] common = ["--server", "127.0.0.1", "--from", "a@example.test", .. auth];
        string[] starttls = tls ? ["--tls"] : [];

        var sent = await RunningProgram.RunAsync("swaks", [.. common, "--port", $"{upstream.Port}", "--to", "b@example.test", "--body", "the first", .. starttls]);
        Assert.True(sent.ExitCode == 0, sent.Output + upstream.Log);
        Assert.Contains("the first", Encoding.UTF8.GetString(await upstream.Mail.WaitForAsync("the first")));

        sent = await RunningProgram.RunAsync("swaks", [.. common, "--port", $"{upstream.Port}", "--to", "unknown@example.test", .. starttls]);
        Assert.Contains("550", sent.Output);
        Assert.Equal(24, sent.ExitCode);

        if (!tls) return;
        sent = await RunningProgram.RunAsync("swaks", [.. common, "--port", $"{upstream.ImplicitTlsPort}", "--to", "b@example.test", "--tls-on-connect", "--body", "over TLS"]);
        Assert.True(sent.ExitCode == 0, sent.Output + upstream.Log);
        await upstream.Mail.WaitForAsync("over TLS");
    }

    [Fact]
    public async Task Smtp_sink_dumps_what_it_takes_and_comes_back_on_its_port()
    {
        Skip.When(SmtpSink.Missing ?? Programs.Missing("swaks"));
        await using var sink = new SmtpSink(IPAddress.Parse("127.0.0.9"));
        await sink.StartAsync();
        await sink.StopAsync();
        await sink.StartAsync();
        var sent = await RunningProgram.RunAsync("swaks", ["--server", "127.0.0.9", "--port", $"{sink.Port}", "--from", "a@example.test", "--to", "b@example.test", "--body", "into the sink"]);
        Assert.True(sent.ExitCode == 0, sent.Output + sink.Log);
        string dump = Encoding.UTF8.GetString(await sink.Mail.WaitForAsync("into the sink"));
        Assert.Contains("X-Rcpt-Args: <b@example.test>", dump);
    }

    [Fact]
    public async Task Resolver_answers_from_the_zone_and_with_failure_where_its_server_is_lame()
    {
        Skip.When(NsdZone.Missing ?? UnboundResolver.Missing);
        await using var zone = new NsdZone(new Dictionary<string, string> { ["example.test"] = "@ MX 10 mx1\nmx1 A 127.0.0.11\n" });
        await zone.StartAsync();
        await using var resolver = new UnboundResolver(new Dictionary<string, int> { ["example.test"] = zone.Port, ["lame.test"] = zone.Port });
        await resolver.StartAsync();
        var client = new DnsClient.LookupClient(new DnsClient.LookupClientOptions(resolver.EndPoint) { UseCache = false });

        var mx = await client.QueryAsync("example.test", DnsClient.QueryType.MX);
        Assert.Equal("mx1.example.test.", Assert.Single(mx.Answers.OfType<DnsClient.Protocol.MxRecord>()).Exchange.Value);
        Assert.Equal(DnsClient.DnsHeaderResponseCode.NotExistentDomain, (await client.QueryAsync("nothere.example.test", DnsClient.QueryType.A)).Header.ResponseCode);
        Assert.Equal(DnsClient.DnsHeaderResponseCode.ServerFailure, (await client.QueryAsync("lame.test", DnsClient.QueryType.MX)).Header.ResponseCode);
    }

    [Fact]
    public async Task A_supervised_process_ends_with_its_code_and_can_be_killed()
    {
        await using var quick = await SupervisedProcess.StartAsync(["/bin/sh", "-c", "echo heard; exit 7"], "/", null, CancellationToken.None);
        Assert.True(await quick.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal((7, "heard\n"), (quick.ExitCode, quick.Output));
        await using var slow = await SupervisedProcess.StartAsync(["/bin/sleep", "600"], "/", null, CancellationToken.None);
        await slow.SignalAsync("KILL");
        Assert.True(await slow.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(137, slow.ExitCode);
    }
}
