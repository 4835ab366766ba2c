using System.Text;
using Postern.Core.Configuration;
using Postern.Core.Submission;
using Postern.Lab.Peers;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Tests.Submission;

public sealed class InlineTests : IAsyncDisposable
{
    private RecordingSink _sink = new();

    public ValueTask DisposeAsync() => _sink.DisposeAsync();

    [Theory]
    [InlineData(DeliveryMode.Inline)]
    [InlineData(DeliveryMode.InlineThenQueue)]
    public async Task A_message_passes_through_and_the_upstreams_own_reply_comes_back(DeliveryMode mode)
    {
        var (fixture, upstreams) = Make(mode);
        string reply = await fixture.SendAsync("Subject: x\r\n\r\n.\r\n\xe9", 3);
        var message = Assert.Single(await _sink.WaitAsync(1));
        Assert.StartsWith("250 2.0.0 ", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("queued as", reply, StringComparison.Ordinal);
        Assert.StartsWith("Received: from client.test ([127.0.0.1])\r\n\tby relay.example.net (Postern) with ESMTP id ", message.Text, StringComparison.Ordinal);
        Assert.EndsWith("+0000\r\nSubject: x\r\n\r\n.\r\n\xe9\r\n", message.Text, StringComparison.Ordinal);
        Assert.Empty(fixture.Store.Committed);
        Assert.Equal((1, 0), (upstreams.Returned, upstreams.Dropped));
    }

    [Fact]
    public async Task Refusals_come_back_unaltered_and_the_session_stays_good()
    {
        var (fixture, upstreams) = Make(DeliveryMode.InlineThenQueue);
        _sink.Refuse(SinkStage.Mail, "550 5.7.1 not you", "no@example.org");
        _sink.Refuse(SinkStage.Rcpt, "450 4.2.1 greylisted", "grey@example.net");
        _sink.Refuse(SinkStage.EndOfData, "554 5.7.1 spam", "spam@example.net");
        await fixture.MailAsync("no@example.org");
        Assert.Equal("550 5.7.1 not you", await fixture.RcptAsync("b@example.net"));
        Assert.Equal("550 5.7.1 not you", await fixture.RcptAsync("c@example.net"));
        await fixture.MailAsync();
        Assert.Equal("450 4.2.1 greylisted", await fixture.RcptAsync("grey@example.net"));
        await fixture.Handler.ResetAsync(fixture.Session);
        Assert.Equal("554 5.7.1 spam", await fixture.SendAsync("\r\n", to: "spam@example.net"));
        Assert.Empty(fixture.Store.Committed);
        Assert.Equal(0, upstreams.Dropped);
    }

    [Fact]
    public async Task One_transaction_has_one_destination()
    {
        var (fixture, _) = Make(DeliveryMode.Inline);
        await fixture.MailAsync();
        Assert.StartsWith("250 ", await fixture.RcptAsync("b@example.net"), StringComparison.Ordinal);
        Assert.Equal("451 4.5.3 This recipient goes to another destination than the others; send it in its own transaction", await fixture.RcptAsync("b@example.com"));
        Assert.StartsWith("250 ", await fixture.RcptAsync("c@example.net"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_recipient_does_not_bind_the_transaction_to_its_destination()
    {
        var (fixture, _) = Make(DeliveryMode.Inline);
        _sink.Refuse(SinkStage.Rcpt, "550 5.1.1 unknown", "no@example.net");
        await fixture.MailAsync();
        Assert.Equal("550 5.1.1 unknown", await fixture.RcptAsync("no@example.net"));
        Assert.StartsWith("250 ", await fixture.RcptAsync("b@example.com"), StringComparison.Ordinal);
        var body = (await fixture.Handler.BeginBodyAsync(fixture.Session, default)).Body!;
        Assert.StartsWith("250 ", (await body.CompleteAsync(default)).ToString(), StringComparison.Ordinal);
        Assert.Equal(["b@example.com"], Assert.Single(_sink.Messages).Recipients);
    }

    [Fact]
    public async Task An_upstream_that_cannot_be_reached_is_explained_or_made_up_for()
    {
        await _sink.GoDownAsync();
        var (fixture, _) = Make(DeliveryMode.Inline);
        await fixture.MailAsync();
        string reply = await fixture.RcptAsync("b@example.net");
        Assert.StartsWith("451 4.4.1 Upstream not available: ", reply, StringComparison.Ordinal);
        Assert.Contains("(stage connect, said by ", reply, StringComparison.Ordinal);
        (fixture, _) = Make(DeliveryMode.InlineThenQueue);
        Assert.StartsWith("250 2.0.0 Ok: queued as ", await fixture.SendAsync("Subject: x\r\n\r\n", 5), StringComparison.Ordinal);
        Assert.Equal("Subject: x\r\n\r\n", fixture.LastBody);
    }

    [Theory]
    [InlineData(SinkStage.Mail)]
    [InlineData(SinkStage.Rcpt)]
    [InlineData(SinkStage.Data)]
    [InlineData(SinkStage.Body)]
    [InlineData(SinkStage.EndOfData)]
    public async Task A_connection_lost_at_any_stage_is_told_or_the_message_is_queued(SinkStage stage)
    {
        _sink.Misbehave(new SinkRule(stage, SinkFault.Close));
        string body = "Subject: x\r\n\r\n" + new string('x', 100_000) + "\r\n";
        var (fixture, upstreams) = Make(DeliveryMode.InlineThenQueue);
        Assert.StartsWith("250 2.0.0 Ok: queued as ", await fixture.SendAsync(body, 30_000), StringComparison.Ordinal);
        Assert.Equal(body, fixture.LastBody);
        Assert.Equal((0, 1), (upstreams.Returned, upstreams.Dropped));
        (fixture, upstreams) = Make(DeliveryMode.Inline);
        string reply = stage is SinkStage.Mail or SinkStage.Rcpt ? await RcptOnlyAsync(fixture) : await fixture.SendAsync(body, 30_000);
        Assert.StartsWith("451 4.4.", reply, StringComparison.Ordinal);
        if (stage == SinkStage.EndOfData) Assert.Contains("may be duplicated", reply, StringComparison.Ordinal);
        Assert.Equal(1, upstreams.Dropped);
        Assert.Empty(fixture.Store.Committed);
    }

    [Fact]
    public async Task An_upstream_that_is_too_slow_with_the_envelope_is_not_waited_for()
    {
        _sink.Misbehave(new SinkRule(SinkStage.Rcpt, SinkFault.Hang));
        var (fixture, upstreams) = Make(DeliveryMode.InlineThenQueue);
        await fixture.MailAsync();
        var answer = fixture.RcptAsync("b@example.net");
        while (!answer.IsCompleted)
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }
        Assert.Equal("250 2.1.5 Ok", await answer);
        Assert.Equal("250 2.1.5 Ok", await fixture.RcptAsync("c@example.net"));
        Assert.Equal(1, upstreams.Dropped);
        var body = (await fixture.Handler.BeginBodyAsync(fixture.Session, default)).Body!;
        Assert.StartsWith("250 2.0.0 Ok: queued as ", (await body.CompleteAsync(default)).ToString(), StringComparison.Ordinal);
        Assert.Equal(2, fixture.Store.Committed.Single().Envelope.Recipients.Count);
    }

    [Fact]
    public async Task Eight_bit_bytes_never_go_to_an_upstream_without_8BITMIME()
    {
        await _sink.DisposeAsync();
        _sink = new RecordingSink(new SinkSettings { Extensions = ["PIPELINING"] });
        var (fixture, upstreams) = Make(DeliveryMode.Inline);
        Assert.StartsWith("554 5.6.3 The message has 8-bit bytes", await fixture.SendAsync("\r\n\xe9"), StringComparison.Ordinal);
        Assert.Equal(1, upstreams.Dropped);
        (fixture, _) = Make(DeliveryMode.InlineThenQueue);
        Assert.StartsWith("250 2.0.0 Ok: queued as ", await fixture.SendAsync("\r\n\xe9"), StringComparison.Ordinal);
        Assert.Equal("\r\n\xe9", fixture.LastBody);
        Assert.Empty(_sink.Messages);
    }

    [Fact]
    public async Task An_idle_session_that_was_closed_is_replaced_unseen()
    {
        var (fixture, upstreams) = Make(DeliveryMode.Inline);
        await fixture.SendAsync("\r\n");
        _sink.Misbehave(new SinkRule(SinkStage.Mail, SinkFault.Close, Times: 1));
        Assert.StartsWith("250 ", await fixture.SendAsync("\r\n"), StringComparison.Ordinal);
        Assert.Equal((2, 1), (upstreams.Returned, upstreams.Dropped));
        Assert.Equal(2, _sink.Messages.Count);
    }

    [Fact]
    public async Task An_idle_session_that_says_good_bye_is_replaced_unseen()
    {
        var (fixture, upstreams) = Make(DeliveryMode.Inline);
        await fixture.SendAsync("\r\n");
        _sink.Refuse(SinkStage.Mail, "421 4.4.2 idle for too long", times: 1);
        Assert.StartsWith("250 ", await fixture.SendAsync("\r\n"), StringComparison.Ordinal);
        Assert.Equal((2, 1), (upstreams.Returned, upstreams.Dropped));
    }

    [Theory]
    [InlineData(FailureKind.NullMx, "556 5.1.10 Not deliverable: x")]
    [InlineData(FailureKind.NoSuchDomain, "550 5.1.2 Not deliverable: x")]
    [InlineData(FailureKind.LoopsToUs, "554 5.4.6 Not deliverable: x")]
    [InlineData(FailureKind.DnsFailure, "451 4.4.1 Upstream not available: x (stage resolve, said by dns)")]
    public async Task What_can_never_be_delivered_is_refused_for_good(FailureKind kind, string reply)
    {
        var fixture = new HandlerFixture(HandlerFixture.Defaults with { Delivery = new DeliveryConfig { Mode = DeliveryMode.Inline } }, inline: new NoUpstream(new StageFailure(ClientStage.Resolve, Speaker.Dns, kind, "x")));
        await fixture.MailAsync();
        Assert.Equal(reply, await fixture.RcptAsync("b@example.net"));
        Assert.Equal(reply, await fixture.RcptAsync("b@example.net"));
        if (kind == FailureKind.DnsFailure) return;
        fixture = new HandlerFixture(HandlerFixture.Defaults with { Delivery = new DeliveryConfig { Mode = DeliveryMode.InlineThenQueue } }, inline: new NoUpstream(new StageFailure(ClientStage.Resolve, Speaker.Dns, kind, "x")));
        await fixture.MailAsync();
        Assert.Equal(reply, await fixture.RcptAsync("b@example.net"));
    }

    private sealed class NoUpstream(StageFailure failure) : ILiveUpstreams
    {
        public ValueTask<LiveOpening> OpenAsync(string destination, bool fresh, CancellationToken cancel) => ValueTask.FromResult(new LiveOpening(null, failure));
    }

    [Fact]
    public async Task An_abandoned_message_does_not_reach_the_upstream_as_a_whole_one()
    {
        var (fixture, upstreams) = Make(DeliveryMode.InlineThenQueue);
        await fixture.MailAsync();
        await fixture.RcptAsync("b@example.net");
        var body = (await fixture.Handler.BeginBodyAsync(fixture.Session, default)).Body!;
        await body.WriteAsync(Encoding.ASCII.GetBytes("Subject: x\r\n\r\nhalf"), default);
        await body.AbandonAsync();
        Assert.Equal((0, 1), (upstreams.Returned, upstreams.Dropped));
        Assert.Equal(1, fixture.Store.Dropped);
        Assert.Empty(_sink.Messages);
    }

    private static async Task<string> RcptOnlyAsync(HandlerFixture fixture)
    {
        await fixture.MailAsync();
        return await fixture.RcptAsync("b@example.net");
    }

    private (HandlerFixture, SinkUpstreams) Make(DeliveryMode mode)
    {
        var upstreams = new SinkUpstreams(_sink);
        return (new HandlerFixture(HandlerFixture.Defaults with { Delivery = new DeliveryConfig { Mode = mode } }, inline: upstreams), upstreams);
    }

    /// <summary>Real sessions to the sink; one idle session is kept.</summary>
    private sealed class SinkUpstreams(RecordingSink sink) : ILiveUpstreams
    {
        private SmtpClientSession? _idle;

        public int Returned { get; private set; }
        public int Dropped { get; private set; }

        public async ValueTask<LiveOpening> OpenAsync(string destination, bool fresh, CancellationToken cancel)
        {
            if (_idle is { } idle && !fresh)
            {
                _idle = null;
                return new LiveOpening(new Loan(this, idle, true), null);
            }
            var opening = await SmtpClientSession.OpenAsync(new SessionTarget("sink.test", [sink.EndPoint], null, null), new ClientSettings { HelloName = "relay.example.net", Tls = TlsMode.None },
                new SessionRecorder(TimeProvider.System), TimeProvider.System, cancel);
            return opening.Session is { } session ? new LiveOpening(new Loan(this, session, false), null) : new LiveOpening(null, opening.Failure);
        }

        private sealed class Loan(SinkUpstreams owner, SmtpClientSession session, bool isReused) : LiveUpstream
        {
            public override SmtpClientSession Session => session;
            public override bool IsReused => isReused;
            public override SessionRecorder Recorder { get; } = new(TimeProvider.System);
            public override string Name => "sink";

            public override void Return()
            {
                owner.Returned++;
                owner._idle = session;
            }

            public override void Drop(StageFailure? failure)
            {
                owner.Dropped++;
                _ = session.DisposeAsync().AsTask();
            }
        }
    }
}
