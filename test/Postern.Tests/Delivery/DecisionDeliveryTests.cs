using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Lab.Peers;

namespace Postern.Tests.Delivery;

/// <summary>What the decision table says, as it comes out of the whole engine: what is settled, when it is tried again, what is written down.</summary>
public sealed class DecisionDeliveryTests
{
    private const string Listed = "554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using zen.spamhaus.org";

    private static async Task<Settlement> RunAsync(string reply, SinkStage stage = SinkStage.Rcpt, Func<PosternConfig, PosternConfig>? with = null, Action<DeliveryRig>? look = null)
    {
        await using var sink = new RecordingSink();
        sink.Refuse(stage, reply);
        var config = DeliveryRig.Config(sink.EndPoint);
        await using var rig = new DeliveryRig(with?.Invoke(config) ?? config, time: new FakeTimeProvider(DeliveryRig.Start));
        var id = rig.Send();
        await DeliveryRig.Until(() => rig.Store.Settlements.Any(s => s.Id == id), "the settlement");
        look?.Invoke(rig);
        return rig.LastSettlement(id);
    }

    private static RecipientStatus Status(Settlement settlement) => Assert.Single(settlement.Recipients).Status;

    private static Func<PosternConfig, PosternConfig> Decide(params DecideConfig[] decide) =>
        config => config with { Route = [new RouteConfig { Upstreams = ["a"], Decide = decide }] };

    [Theory]
    [InlineData("451 4.7.1 Greylisted, please try again later", 5, true)]
    [InlineData("450 4.2.0 Greylisted, please try again in 600 seconds", 10, true)]
    [InlineData("452 4.2.2 mailbox full, over quota", 60, true)]
    [InlineData("450 4.7.1 Too many messages from your address, rate limit exceeded", 1, false)]
    [InlineData("450 4.1.0 not now", 1, true)]
    public async Task A_cause_has_waits_of_its_own_and_a_limit_costs_the_message_nothing(string reply, int minutes, bool counts)
    {
        var settlement = await RunAsync(reply);
        Assert.Equal((RecipientStatus.Waiting, DeliveryRig.Start.AddMinutes(minutes), counts), (Status(settlement), settlement.NextDue, settlement.CountsAsAttempt));
    }

    [Fact]
    public async Task What_was_done_is_written_into_the_record_and_on_the_incident()
    {
        var settlement = await RunAsync(Listed, look: rig =>
        {
            var incident = Assert.Single(rig.Engine.Parts.Diagnoses.Book.Snapshot(withClosed: true));
            var action = Assert.Single(incident.Actions);
            Assert.Equal((1L, "kept 1 message: the refusal is about our address 127.0.0.1, not about the recipients"), (action.Count, action.Did));
        });
        var did = Assert.Single(settlement.Evidence!.Actions!);
        Assert.Equal("kept: the refusal is about our address 127.0.0.1, not about the recipient; next try 2026-01-01 00:01 UTC", did.Did);
        Assert.Equal([did], settlement.Evidence.Diagnosis!.Actions);
    }

    [Fact]
    public async Task The_same_action_for_many_messages_is_one_line_with_their_number()
    {
        await using var sink = new RecordingSink();
        // Our address does not rest for this one, so that each message is refused by itself.
        sink.Refuse(SinkStage.Rcpt, "454 4.7.1 Relay access denied");
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), time: new FakeTimeProvider(DeliveryRig.Start));
        for (int i = 0; i < 20; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Store.Settlements.Count == 20, "the settlements");
        var action = Assert.Single(Assert.Single(rig.Engine.Parts.Diagnoses.Book.Snapshot(withClosed: false)).Actions);
        Assert.StartsWith("kept 20 messages: ", action.Did, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_another_one_was_tried_after_says_so()
    {
        await using var good = new RecordingSink();
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Mail, "451 4.3.0 not now");
        good.Refuse(SinkStage.Rcpt, "450 4.1.0 not now");
        var config = DeliveryRig.Config(sink.EndPoint, good.EndPoint);
        await using var rig = new DeliveryRig(config with { Upstream = [config.Upstream[0], config.Upstream[1] with { Order = 1 }] }, time: new FakeTimeProvider(DeliveryRig.Start));
        var id = rig.Send();
        await DeliveryRig.Until(() => rig.Store.Settlements.Any(s => s.Id == id), "the settlement");
        var evidence = rig.LastSettlement(id).Evidence!;
        Assert.StartsWith("kept: ", Assert.Single(evidence.Actions!).Did, StringComparison.Ordinal);
        Assert.True(evidence.Earlier is not null, string.Join('\n', evidence.Target, evidence.Actions![0].Did, evidence.Diagnosis?.Verdict));
        Assert.StartsWith("tried the next host: ", Assert.Single(Assert.Single(evidence.Earlier!).Actions!).Did, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bounce_says_why()
    {
        var settlement = await RunAsync("550 5.1.1 <you@example.org>: no such user here");
        Assert.Equal(RecipientStatus.Bounced, Status(settlement));
        Assert.StartsWith("returned to the sender: there is no such mailbox at ", Assert.Single(settlement.Evidence!.Actions!).Did, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_route_may_wait_otherwise()
    {
        var settlement = await RunAsync("451 4.7.1 Greylisted, please try again later", with: Decide(new DecideConfig { Cause = "greylisted", Retry = [TimeSpan.FromMinutes(42)] }));
        Assert.Equal(DeliveryRig.Start.AddMinutes(42), settlement.NextDue);
    }

    [Fact]
    public async Task A_route_may_keep_what_would_be_returned() =>
        Assert.Equal(RecipientStatus.Waiting, Status(await RunAsync("554 5.7.1 message looks like spam", SinkStage.EndOfData, Decide(new DecideConfig { Cause = "content-rejected", Message = DecideMessage.Wait }))));

    [Fact]
    public async Task A_route_returns_what_is_our_own_trouble_only_where_its_operator_says_so_in_so_many_words()
    {
        Assert.Equal(RecipientStatus.Bounced, Status(await RunAsync(Listed, with: Decide(new DecideConfig { Cause = "ip-reputation", Message = DecideMessage.Bounce, EvenIfOurs = true }))));
        Assert.Equal(RecipientStatus.Waiting, Status(await RunAsync(Listed, with: Decide(new DecideConfig { Cause = "ip-reputation", Message = DecideMessage.Bounce }))));
    }
}
