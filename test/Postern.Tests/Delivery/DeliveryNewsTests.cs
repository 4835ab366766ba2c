using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Lab.Peers;
using Postern.Protocols.Smtp;
using Postern.Tests.Events;

namespace Postern.Tests.Delivery;

/// <summary>What delivery tells others, from the engine on real sockets.</summary>
public sealed class DeliveryNewsTests : IAsyncDisposable
{
    private readonly TestLog _log = new();

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    private static string? Text(JsonElement e, string name) => e.TryGetProperty(name, out var value) ? value.ToString() : null;

    [Fact]
    public async Task An_outage_is_one_down_and_one_up_however_many_probes_fail()
    {
        await using var sink = new RecordingSink();
        await sink.GoDownAsync();
        var clock = new FakeTimeProvider(DeliveryRig.Start);
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), time: clock, events: _log.Log);
        for (int i = 0; i < 5; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Engine.Registry.Snapshot(1) is [{ Health.Failures: > 0 }], "a failure");
        await rig.Advance(() => rig.Engine.Registry.Snapshot(1)[0].Health.Failures >= 3, TimeSpan.FromSeconds(1), 200, "three failures");
        sink.GoUp();
        await rig.Advance(() => rig.Store.Count == 0, TimeSpan.FromSeconds(1), 400, "all mail");
        await _log.UntilAsync("upstream.up");
        var told = (await _log.AllAsync()).Where(e => TestLog.Type(e).StartsWith("upstream.", StringComparison.Ordinal)).ToList();
        Assert.Equal(["upstream.down", "upstream.up"], told.Select(TestLog.Type));
        var down = told[0].GetProperty("data");
        Assert.Equal(("a", "connect"), (Text(down, "upstream"), Text(down, "stage")));
        Assert.Contains("connection refused", Text(down, "reason"), StringComparison.Ordinal);
        Assert.True(told[1].GetProperty("data").GetProperty("down_s").GetDouble() >= 3);
    }

    [Fact]
    public async Task Mail_that_comes_back_names_each_recipient_with_its_reply_and_cause()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "550 5.1.1 no such user", "nobody@example.org");
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), events: _log.Log);
        var id = rig.Send("you@example.org nobody@example.org", from: "me@example.net", with: e => e with { EnvId = "env1" });
        var data = Assert.Single(await _log.UntilAsync("message.bounced")).GetProperty("data");
        Assert.Equal((id.ToString(), "me@example.net", "env1", "1"), (Text(data, "id"), Text(data, "sender"), Text(data, "envelope_id"), Text(data, "recipients_total")));
        var recipient = Assert.Single(data.GetProperty("recipients").EnumerateArray());
        Assert.Equal(("nobody@example.org", "refused", "rcpt", "550 5.1.1 no such user", "recipient-unknown"), (Text(recipient, "address"), Text(recipient, "reason"), Text(recipient, "stage"), Text(recipient, "reply"), Text(recipient, "cause")));
    }

    [Theory]
    [InlineData(DsnNotify.Never, "me@example.net")]
    [InlineData(DsnNotify.Unspecified, "")]
    public async Task It_is_told_as_an_event_also_where_no_notification_goes_out(DsnNotify notify, string from)
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "550 5.1.1 no such user");
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), events: _log.Log);
        var id = rig.Send(from: from, with: e => e with { Recipients = [.. e.Recipients.Select(r => r with { Notify = notify })] });
        Assert.Equal(id.ToString(), Assert.Single(await _log.UntilAsync("message.bounced")).GetProperty("subject").GetString());
        Assert.Empty(rig.LastSettlement(id).NewMessages);
    }

    [Fact]
    public async Task Of_a_thousand_recipients_the_first_fifty_and_their_number_are_told()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "550 5.1.1 " + new string('x', 400));
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), events: _log.Log);
        rig.Send(string.Join(' ', Enumerable.Range(0, 200).Select(i => $"n{i}@example.org")), from: "");
        var told = Assert.Single(await _log.UntilAsync("message.bounced"));
        Assert.Equal((200, 50), (told.GetProperty("data").GetProperty("recipients_total").GetInt32(), told.GetProperty("data").GetProperty("recipients").GetArrayLength()));
    }

    [Fact]
    public async Task A_sender_who_is_told_of_a_delay_is_an_event_and_one_who_is_not_is_none()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "451 4.3.0 try again later");
        var clock = new FakeTimeProvider(DeliveryRig.Start);
        var config = DeliveryRig.Config(sink.EndPoint);
        await using var rig = new DeliveryRig(config with { Delivery = config.Delivery with { DelayNotice = TimeSpan.FromHours(1), Retry = [TimeSpan.FromMinutes(10)] } }, time: clock, events: _log.Log);
        var id = rig.Send();
        rig.Send(with: e => e with { Recipients = [.. e.Recipients.Select(r => r with { Notify = DsnNotify.Never })] });
        await rig.Advance(() => rig.Store.Settlements.Count(s => s.Settlement.DelayNotified) == 2, TimeSpan.FromMinutes(10), 40, "the notices");
        var told = Assert.Single(await _log.UntilAsync("message.delayed"));
        Assert.Equal(id.ToString(), told.GetProperty("subject").GetString());
        Assert.Equal("you@example.org", Text(told.GetProperty("data").GetProperty("recipients")[0], "address"));
    }

    [Fact]
    public async Task An_operator_who_gives_mail_back_is_named_as_the_reason()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "451 4.3.0 try again later");
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), events: _log.Log);
        var id = rig.Send();
        await DeliveryRig.Until(() => rig.Store.Settlements.Count > 0, "an attempt");
        rig.Store.Ask(id, FilingNotes.BounceRequested);
        Assert.Equal("returned-by-operator", Text(Assert.Single(await _log.UntilAsync("message.bounced")).GetProperty("data").GetProperty("recipients")[0], "reason"));
    }

    [Fact]
    public async Task An_address_that_rests_and_returns_is_told_with_what_was_said()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SKIPPED: only Linux has all of 127/8");
        await using var sink = new RecordingSink();
        var first = IPAddress.Parse("127.0.0.21");
        var rule = sink.Misbehave(new SinkRule(SinkStage.Connect, SinkFault.Reply, "554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using zen.spamhaus.org") { When = v => v.Client.Equals(first) });
        var clock = new FakeTimeProvider(DeliveryRig.Start);
        var config = DeliveryRig.Config(sink.EndPoint);
        await using var rig = new DeliveryRig(config with
        {
            Egress = [new() { Name = "x", Address = "127.0.0.21" }],
            Route = [new RouteConfig { Upstreams = ["a"], Egress = ["x"] }],
        }, time: clock, events: _log.Log);
        rig.Send();
        var rested = Assert.Single(await _log.UntilAsync("egress.rested")).GetProperty("data");
        Assert.Equal("x", Text(rested, "egress"));
        Assert.Contains("zen.spamhaus.org", Text(rested, "reason"), StringComparison.Ordinal);
        sink.Behave(rule);
        await rig.Advance(() => rig.Store.Count == 0, TimeSpan.FromMinutes(5), 100, "the message");
        var returned = Assert.Single(await _log.UntilAsync("egress.returned")).GetProperty("data");
        Assert.Equal(("x", "a message was taken"), (Text(returned, "egress"), Text(returned, "settled")));
        Assert.DoesNotContain(await _log.AllAsync(), e => TestLog.Type(e) == "message.bounced");
    }

    [Theory]
    [InlineData(SinkFault.Close, null)]
    // "Closing" is no word of a limit; that it comes after the same number of messages each time is.
    [InlineData(SinkFault.Reply, "421 4.7.0 closing")]
    public async Task A_limit_that_is_met_is_told_with_its_number(SinkFault fault, string? reply)
    {
        await using var sink = new RecordingSink();
        sink.Misbehave(new SinkRule(SinkStage.Mail, fault, reply) { When = v => v.Taken >= 3 });
        var config = DeliveryRig.Config(sink.EndPoint);
        await using var rig = new DeliveryRig(config with { Delivery = config.Delivery with { MaxSessionsPerDestination = 1 } }, events: _log.Log);
        for (int i = 0; i < 10; i++) rig.Send();
        var data = (await _log.UntilAsync("limit.learned"))[0].GetProperty("data");
        Assert.Equal(("session-length", 3), (Text(data, "kind"), data.GetProperty("limit").GetInt32()));
        Assert.NotEmpty(Text(data, "lesson")!);
    }

    [Fact]
    public async Task Mail_that_is_delivered_is_no_news()
    {
        await using var sink = new RecordingSink();
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), events: _log.Log);
        for (int i = 0; i < 50; i++) rig.Send();
        await DeliveryRig.Until(() => rig.Store.Count == 0, "all mail");
        Assert.Equal(0, _log.Log.PublishedId);
    }
}
