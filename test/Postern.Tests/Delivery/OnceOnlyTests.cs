using Microsoft.Extensions.Time.Testing;
using Postern.Core.Queue;
using Postern.Lab.Peers;

namespace Postern.Tests.Delivery;

/// <summary>Windows in which a message could be sent twice or lost.</summary>
public sealed class OnceOnlyTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_delivered_but_could_not_be_written_down_is_not_sent_again(bool throws)
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "450 4.2.0 greylisted", "later@example.org", times: 1);
        await using var rig = new DeliveryRig(DeliveryRig.Config(sink.EndPoint), time: new FakeTimeProvider(DeliveryRig.Start));
        rig.Store.SettlementFails = throws;
        var id = rig.Send("good@example.org later@example.org");
        await sink.WaitAsync(1);
        await DeliveryRig.Until(() => rig.Store.Releases > 0, "the settlement that failed");
        for (int i = 0; i < 40; i++)
        {
            rig.Clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(5);
        }
        Assert.Single(sink.Messages);
        rig.Store.SettlementFails = null;
        await rig.Advance(() => !rig.Store.Contains(id), TimeSpan.FromMinutes(1), 120, "the rest's delivery");
        Assert.Equal([["good@example.org"], ["later@example.org"]], sink.Messages.Select(m => m.Recipients));
    }

    [Fact]
    public async Task A_connection_lost_after_the_end_of_data_is_not_made_up_for_at_the_next_host()
    {
        await using var first = new RecordingSink();
        await using var second = new RecordingSink();
        first.Misbehave(new SinkRule(SinkStage.EndOfData, SinkFault.Close, Times: 1));
        var config = DeliveryRig.Config(first.EndPoint, second.EndPoint);
        await using var rig = new DeliveryRig(config with { Upstream = [config.Upstream[0], config.Upstream[1] with { Order = 1 }] });
        var id = rig.Send();
        await DeliveryRig.Until(() => !rig.Store.Settlements.IsEmpty, "the settlement");
        Assert.Equal(RecipientStatus.Waiting, rig.LastSettlement(id).Recipients[0].Status);
        Assert.True(rig.LastSettlement(id).Evidence!.Failure!.MayDuplicate);
        Assert.Equal(0, second.Connections);
    }
}
