using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Lab.Peers;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Diagnosis.Probes;

public sealed class GreetingProbeTests
{
    private const string WithTls = "S: 220 mx.test ESMTP\nC: EHLO relay.test\nS: 250-mx.test\nS: 250-SIZE 1000\nS: 250 STARTTLS\nC: STARTTLS\n";

    [Theory]
    [InlineData(SendMode.Whole)]
    [InlineData(SendMode.ByLine)]
    [InlineData(SendMode.ByByte)]
    public async Task Host_that_is_well_is_heard_as_far_as_its_certificate_and_told_QUIT(SendMode mode)
    {
        await using var peer = new ScriptedPeer(WithTls + "S: 220 go\nstarttls\nC: EHLO relay.test\nS: 250 mx.test\nC: QUIT\nS: 221 bye", mode);
        var facts = await GreetingProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1"), default);
        Assert.Equal(["smtp.greeting", "smtp.ehlo", "smtp.tls"], facts.Select(f => f.Id));
        var greeting = facts.Only<GreetingFact>();
        Assert.Equal((GreetingOutcome.Accepted, "220 mx.test ESMTP", false, Speaker.Peer), (greeting.Outcome, greeting.Text, greeting.IsMasked, greeting.SaidBy));
        Assert.Equal(["SIZE 1000", "STARTTLS"], facts.Only<EhloFact>().Extensions);
        var tls = facts.Only<TlsFact>();
        Assert.Null(tls.Failure);
        Assert.Equal("CN=localhost", tls.Seen!.PeerSubject);
        Assert.StartsWith("name mismatch: it is for localhost, not for mx.test", tls.Seen.Problem, StringComparison.Ordinal);
        var session = await peer.SessionAsync();
        Assert.Null(session.Problem);
        Assert.Equal("EHLO relay.test\r\nSTARTTLS\r\nEHLO relay.test\r\nQUIT\r\n", session.ReceivedText);
    }

    [Theory]
    [InlineData("cut", GreetingOutcome.Closed, null, "accepted the connection and closed it")]
    [InlineData("pause 20ms\nreset", GreetingOutcome.Reset, null, "accepted the connection and reset it")]
    [InlineData("S: HTTP/1.1 400 Bad Request", GreetingOutcome.NotSmtp, "HTTP/1.1 400 Bad Request", "does not speak SMTP: it sent \"HTTP/1.1 400 Bad Request\"")]
    [InlineData("S: SSH-2.0-OpenSSH_9.2", GreetingOutcome.NotSmtp, "SSH-2.0-OpenSSH_9.2", "does not speak SMTP")]
    [InlineData("S: 250 hello", GreetingOutcome.NotSmtp, "250 hello", "greets with what is no greeting")]
    [InlineData("S~ 220-half a\ncut", GreetingOutcome.Closed, "220-half a", "closed it")]
    public async Task Connection_without_a_greeting_says_what_happened_instead(string script, GreetingOutcome outcome, string? text, string observed)
    {
        await using var peer = new ScriptedPeer(script);
        var facts = await GreetingProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1"), default);
        var greeting = Assert.IsType<GreetingFact>(Assert.Single(facts));
        Assert.Equal((outcome, text), (greeting.Outcome, greeting.Text));
        Assert.Contains(observed, greeting.Observed, StringComparison.Ordinal);
        Assert.Equal("", (await peer.SessionAsync()).ReceivedText);
    }

    [Fact]
    public async Task Silence_ends_at_the_limit_and_not_before()
    {
        await using var peer = new ScriptedPeer("hold");
        var facts = await GreetingProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1") with { GreetingTimeout = TimeSpan.FromMilliseconds(300) }, default);
        var greeting = Assert.IsType<GreetingFact>(Assert.Single(facts));
        Assert.Equal((GreetingOutcome.TimedOut, Speaker.Network), (greeting.Outcome, greeting.SaidBy));
        Assert.InRange(greeting.Milliseconds!.Value, 290, 5000);
    }

    [Theory]
    [InlineData("S: HTTP/1.1 400 Bad Request\nS:\nS: <html>\ncut", GreetingOutcome.NotSmtp, "and answered QUIT with what is not SMTP: \"HTTP/1.1 400 Bad Request")]
    [InlineData("S: -ERR unknown command\ncut", GreetingOutcome.NotSmtp, "what is not SMTP: \"-ERR unknown command\"")]
    [InlineData("S: 221 bye\ncut", GreetingOutcome.TimedOut, "said nothing for")]
    [InlineData("cut", GreetingOutcome.TimedOut, "said nothing for")]
    public async Task Who_is_silent_until_spoken_to_is_told_QUIT_and_what_it_answers_says_what_it_is(string answer, GreetingOutcome outcome, string observed)
    {
        await using var peer = new ScriptedPeer("C: QUIT\n" + answer);
        var facts = await GreetingProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1") with { GreetingTimeout = TimeSpan.FromMilliseconds(300) }, default);
        var greeting = Assert.IsType<GreetingFact>(Assert.Single(facts));
        Assert.Equal(outcome, greeting.Outcome);
        Assert.Contains(observed, greeting.Observed, StringComparison.Ordinal);
        Assert.Equal("QUIT\r\n", (await peer.SessionAsync()).ReceivedText);
    }

    [Fact]
    public async Task A_port_that_speaks_TLS_from_the_first_byte_answers_QUIT_with_an_alert()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var served = Task.Run(async () =>
        {
            using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
            _ = await client.GetStream().ReadAsync(new byte[100], TestContext.Current.CancellationToken);
            // A fatal alert, "unexpected message".
            await client.GetStream().WriteAsync(new byte[] { 0x15, 3, 1, 0, 2, 2, 10 }, TestContext.Current.CancellationToken);
        }, TestContext.Current.CancellationToken);
        int port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        var facts = await GreetingProbe.RunAsync(Contexts.Of(port, "127.0.0.1") with { GreetingTimeout = TimeSpan.FromMilliseconds(300) }, default);
        Assert.Equal((GreetingOutcome.NotSmtp, "TLS record"), (facts.Only<GreetingFact>().Outcome, facts.Only<GreetingFact>().Text));
        await served;
    }

    [Fact]
    public async Task A_certificate_of_an_authority_that_the_configuration_names_is_trusted_as_delivery_trusts_it()
    {
        const string script = WithTls + "S: 220 go\nstarttls\nC: EHLO *\nS: 250 mx\nC: QUIT\nS: 221 b";
        var certificate = LabCertificates.Issue(["mx.test"]);
        await using var peer = new ScriptedPeer([Script.Parse(script), Script.Parse(script)], certificate: certificate);
        var context = Contexts.Of(peer.Port, "127.0.0.1");
        Assert.NotNull((await GreetingProbe.RunAsync(context, default)).Only<TlsFact>().Seen!.Problem);
        var tls = (await GreetingProbe.RunAsync(context with { Target = context.Target with { Authorities = [LabCertificates.Authority] } }, default)).Only<TlsFact>();
        Assert.Null(tls.Seen!.Problem);
        Assert.True(tls.Seen.Verified);
    }

    [Theory]
    [InlineData("S: 421 4.7.0 mx.test too many connections", "421 4.7.0 mx.test too many connections")]
    [InlineData("S: 554-5.7.1 Listed by\nS: 554 5.7.1 bl.test", "554-5.7.1 Listed by\n554 5.7.1 bl.test")]
    public async Task Refusal_at_the_greeting_is_kept_word_for_word_and_answered_with_QUIT(string script, string reply)
    {
        await using var peer = new ScriptedPeer(script + "\nC: QUIT\nS: 221 bye");
        var facts = await GreetingProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1"), default);
        Assert.Equal((GreetingOutcome.Refused, reply), (facts.Only<GreetingFact>().Outcome, facts.Only<GreetingFact>().Text));
        Assert.Equal((ClientStage.Greeting, reply, int.Parse(reply.AsSpan(0, 3))), (facts.Only<ReplyFact>().Stage, facts.Only<ReplyFact>().Reply, facts.Only<ReplyFact>().Code));
        Assert.Equal("QUIT\r\n", (await peer.SessionAsync()).ReceivedText);
    }

    [Fact]
    public async Task Firewall_that_overwrites_the_dialogue_is_recognised()
    {
        await using var peer = new ScriptedPeer("S: 220 *****0*2**0**********\nC: EHLO *\nS: 250-mx\nS: 250-XXXXXXXA\nS: 250 SIZE\nC: QUIT\nS: 221 b");
        var facts = await GreetingProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1"), default);
        Assert.True(facts.Only<GreetingFact>().IsMasked);
        Assert.True(facts.Only<EhloFact>().IsMasked);
        await using var old = new ScriptedPeer("S: 220 mx *fast* and *good*\nC: EHLO *\nS: 500 what?\nC: HELO relay.test\nS: 250 mx\nC: QUIT\nS: 221 b");
        facts = await GreetingProbe.RunAsync(Contexts.Of(old.Port, "127.0.0.1"), default);
        Assert.False(facts.Only<GreetingFact>().IsMasked);
        Assert.Empty(facts.Only<EhloFact>().Extensions);
        Assert.Null((await old.SessionAsync()).Problem);
    }

    [Theory]
    [InlineData("S: 454 4.7.0 TLS not available\nC: QUIT\nS: 221 b", "smtp.reply")]
    [InlineData("S: 220 go\nS: 250 injected\nhold", "smtp.tls")]
    [InlineData("S: 220 go\ncut", "smtp.tls")]
    [InlineData("S: 220 go\nC: *", "smtp.tls")]
    [InlineData("cut", "smtp.stage")]
    [InlineData("S: 220 go\nstarttls\nC: EHLO *\ncut", "smtp.stage")]
    public async Task Tls_that_fails_says_at_which_step(string script, string last)
    {
        await using var peer = new ScriptedPeer(WithTls + script);
        var facts = await GreetingProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1"), default);
        Assert.Equal(last, facts[^1].Id);
        if (facts[^1] is ReplyFact reply) Assert.Equal((ClientStage.StartTls, "454 4.7.0 TLS not available"), (reply.Stage, reply.Reply));
        if (facts[^1] is TlsFact tls) Assert.NotNull(tls.Failure);
        if (facts[^1] is StageFact stage) Assert.Equal(FailureKind.ConnectionClosed, stage.Kind);
    }

    [Fact]
    public async Task Expired_certificate_is_seen_and_named()
    {
        var certificate = LabCertificates.Issue(["mx.test"], validFrom: DateTimeOffset.UnixEpoch.AddYears(50), validTo: DateTimeOffset.UnixEpoch.AddYears(51));
        await using var peer = new ScriptedPeer([Script.Parse(WithTls + "S: 220 go\nstarttls\nC: EHLO *\nS: 250 mx\nC: QUIT\nS: 221 b")], certificate: certificate);
        var tls = (await GreetingProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1"), default)).Only<TlsFact>();
        Assert.Equal("expired 2021-01-01", tls.Seen!.Problem);
        Assert.Contains("but expired 2021-01-01", tls.Observed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Implicit_tls_comes_before_the_greeting()
    {
        await using var peer = new ScriptedPeer("starttls\nS: 220 mx.test\nC: EHLO *\nS: 250 mx\nC: QUIT\nS: 221 b");
        var context = Contexts.Of(peer.Port, "127.0.0.1");
        var facts = await GreetingProbe.RunAsync(context with { Target = context.Target with { IsImplicitTls = true } }, default);
        Assert.Equal(["smtp.tls", "smtp.greeting", "smtp.ehlo"], facts.Select(f => f.Id));
    }

    [Fact]
    public async Task Closed_port_gives_the_fact_of_its_connect()
    {
        await using var peer = new ScriptedPeer("cut");
        await peer.GoDownAsync();
        Assert.Equal(TcpOutcome.Refused, Assert.IsType<TcpFact>(Assert.Single(await GreetingProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1"), default))).Outcome);
    }

    [Fact]
    public async Task Every_host_is_heard_once_and_a_silent_sibling_is_left_behind()
    {
        await using var good = new ScriptedPeer("S: 220 a\nC: EHLO *\nS: 250 a\nC: QUIT\nS: 221 b");
        await using var silent = new ScriptedPeer([Script.Parse("hold")], endPoint: new(System.Net.IPAddress.Parse("127.0.0.2"), good.Port));
        var hosts = new[] { new TargetHost("a.test", 10, [good.EndPoint.Address]), new TargetHost("b.test", 20, [silent.EndPoint.Address]), new TargetHost("c.test", 30, [good.EndPoint.Address]) };
        var facts = await GreetingProbe.RunAsync(Contexts.Of(good.Port, hosts) with { GreetingTimeout = TimeSpan.FromMinutes(1) }, default);
        Assert.Equal("a.test", facts.Only<GreetingFact>().Point.Host);
        Assert.Equal((1, 1), (good.Connections, silent.Connections));
    }

    [Fact]
    public async Task Cancelled_probe_ends_at_once()
    {
        await using var peer = new ScriptedPeer("hold");
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await GreetingProbe.RunAsync(Contexts.Of(peer.Port, "127.0.0.1"), cancel.Token));
    }
}
