using Postern.Core.Configuration;
using Postern.Core.Delivery;
using Postern.Core.Submission;
using Postern.Core.Upstreams;
using Postern.Lab.Peers;
using Postern.Protocols.Smtp;
using Postern.Tests.Submission;

namespace Postern.Tests.Delivery;

/// <summary>Inline transactions over delivery's own sessions: what they learn and leave behind is what a queued attempt would.</summary>
public sealed class InlineConnectorTests : IAsyncDisposable
{
    private readonly RecordingSink _sink = new();
    private readonly DeliveryRig _rig;
    private readonly PosternConfig _config;

    public InlineConnectorTests()
    {
        _config = DeliveryRig.Config(_sink.EndPoint);
        _rig = new DeliveryRig(_config);
    }

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        await _sink.DisposeAsync();
    }

    private HandlerFixture Fixture(DeliveryMode mode = DeliveryMode.Inline) =>
        new(_config with { Delivery = _config.Delivery with { Mode = mode } }, inline: new InlineConnector(_rig.Engine));

    private UpstreamSnapshot Upstream => _rig.Engine.Registry.Snapshot(1)[0];

    [Fact]
    public async Task A_message_passed_through_stands_in_the_upstreams_history()
    {
        var fixture = Fixture();
        Assert.StartsWith("250 ", await fixture.SendAsync("Subject: x\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("250 ", await fixture.SendAsync("Subject: x\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal([(1, true), (1, false)], Upstream.Attempts.Select(a => (a.Delivered, a.SessionReused)));
        Assert.All(Upstream.Attempts, a => Assert.Equal(ClientStage.EndOfData, a.Stage));
        Assert.NotEqual(default, Upstream.Attempts[0].Id);
        Assert.Empty(Upstream.Failures);
        Assert.Equal(1, _sink.Connections);
    }

    [Fact]
    public async Task A_fixed_rate_holds_for_those_who_wait_too_and_what_did_not_go_out_gives_its_place_back()
    {
        _sink.Refuse(SinkStage.Rcpt, "550 5.1.1 no such user", "gone@example.org");
        await using var rig = new DeliveryRig(_config with { Upstream = [_config.Upstream[0] with { MaxMessagesPerMinute = 2 }] });
        var connector = new InlineConnector(rig.Engine);
        var given = await connector.OpenAsync("pool:a", fresh: false, CancellationToken.None);
        given.Upstream!.Return();
        for (int i = 0; i < 2; i++)
        {
            var opening = await connector.OpenAsync("pool:a", fresh: false, CancellationToken.None);
            opening.Upstream!.Tally.Hear(ClientStage.Rcpt, new SmtpReply(250, null, "ok"));
            opening.Upstream.Tally.Hear(ClientStage.EndOfData, new SmtpReply(250, null, "ok"));
            opening.Upstream.Return();
        }
        var full = await connector.OpenAsync("pool:a", fresh: false, CancellationToken.None);
        Assert.Null(full.Upstream);
        Assert.StartsWith("a takes no more now: ", full.Failure!.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SinkStage.Mail, 0, 1)]
    [InlineData(SinkStage.Rcpt, 0, 1)]
    [InlineData(SinkStage.EndOfData, 0, 1)]
    public async Task A_refusal_leaves_the_whole_record(SinkStage stage, int deferred, int refused)
    {
        _sink.Refuse(stage, "550 5.7.1 not this");
        var fixture = Fixture();
        await fixture.SendAsync("Subject: x\r\n\r\n");
        await fixture.Handler.ResetAsync(fixture.Session);
        var evidence = Assert.Single(Upstream.Failures);
        Assert.Equal((0, deferred, refused), (evidence.Delivered, evidence.Deferred, evidence.Refused));
        Assert.Equal(("550 5.7.1 not this", "pool:a", "relay.test"), (evidence.Failure!.Detail, evidence.Destination, evidence.HelloName));
        Assert.Contains(evidence.Transcript, l => l is { FromPeer: true, Text: "550 5.7.1 not this" });
        Assert.Single(evidence.Connects);
        Assert.Contains(evidence.Timings, t => t.Stage == ClientStage.Ehlo);
    }

    [Theory]
    [InlineData(DeliveryMode.Inline)]
    [InlineData(DeliveryMode.InlineThenQueue)]
    public async Task An_upstream_that_cannot_be_reached_or_says_421_is_recorded_and_gated(DeliveryMode mode)
    {
        _sink.Refuse(SinkStage.Rcpt, "421 4.3.2 closing");
        var fixture = Fixture(mode);
        await fixture.MailAsync();
        await fixture.RcptAsync("b@example.org");
        await fixture.Handler.DisconnectAsync(fixture.Session);
        Assert.Equal("421 4.3.2 closing", Assert.Single(Upstream.Failures).Failure!.Detail);
        Assert.Equal(GateState.Closed, Upstream.Health.State);

        await _sink.GoDownAsync();
        await DeliveryRig.Until(() => Upstream.Health.Until < TimeProvider.System.GetUtcNow(), "the gate to let one try through");
        fixture = Fixture(mode);
        await fixture.MailAsync();
        await fixture.RcptAsync("b@example.org");
        Assert.Equal((2, ClientStage.Connect), (Upstream.Failures.Count, Upstream.Failures[0].StageReached));
        Assert.Single(Upstream.Failures[0].Connects);
    }
}
