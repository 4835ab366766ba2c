using Microsoft.Extensions.Time.Testing;
using Postern.Core.Queue;
using Postern.Lab.Peers;

namespace Postern.Tests.Delivery;

/// <summary>A session that has worked and then says nothing any more: a connection that something on the way has forgotten, or a peer that drops what is above a limit.</summary>
public sealed class SilentSessionTests
{
    private const string Hello = "S: 220 x\nC: EHLO *\nS: 250 x\n";
    private const string Message = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\nbody\nS: 250 taken\n";

    [Fact]
    public async Task A_message_on_a_session_that_fell_silent_goes_to_a_new_one_long_before_the_time_out()
    {
        await using var peer = new ScriptedPeer([Script.Parse(Hello + Message + "C: MAIL *\nhold\n"), Script.Parse(Hello + Message + "hold\n")]);
        await using var rig = new DeliveryRig(DeliveryRig.Config(peer.EndPoint), time: new FakeTimeProvider(DeliveryRig.Start));
        var first = rig.Send();
        await DeliveryRig.Until(() => !rig.Store.Contains(first) && rig.Engine.Pool.Idle == 1, "the first message");
        var second = rig.Send();
        await DeliveryRig.Until(() => peer.Sessions[0].StepsPlayed >= 12, "the second MAIL");
        rig.Clock.Advance(TimeSpan.FromSeconds(8));
        await Task.Delay(20);
        Assert.Equal(1, peer.Connections);
        await rig.Advance(() => !rig.Store.Contains(second), TimeSpan.FromSeconds(1), 10, "the second message");
        Assert.Equal(2, peer.Connections);
        Assert.Equal(RecipientStatus.Delivered, Assert.Single(rig.Store.Settlements, s => s.Id == second).Settlement.Recipients[0].Status);
    }

    [Fact]
    public async Task The_first_message_of_a_session_is_waited_for_as_the_RFC_says()
    {
        await using var peer = new ScriptedPeer([Script.Parse(Hello + Message + "C: MAIL *\nhold\n"), Script.Parse(Hello + "C: MAIL *\nhold\n"), Script.Parse(Hello + Message + "hold\n")]);
        await using var rig = new DeliveryRig(DeliveryRig.Config(peer.EndPoint), time: new FakeTimeProvider(DeliveryRig.Start));
        var first = rig.Send();
        await DeliveryRig.Until(() => !rig.Store.Contains(first) && rig.Engine.Pool.Idle == 1, "the first message");
        rig.Send();
        await DeliveryRig.Until(() => peer.Sessions[0].StepsPlayed >= 12, "the second MAIL");
        await rig.Advance(() => peer.Connections == 2 && peer.Sessions[1].StepsPlayed >= 4, TimeSpan.FromSeconds(1), 20, "the new session");
        for (int i = 0; i < 28; i++)
        {
            rig.Clock.Advance(TimeSpan.FromSeconds(10));
            await Task.Delay(2);
        }
        Assert.Equal(2, peer.Connections);
        Assert.False(peer.Sessions[1].Completed.IsCompleted, "given up before five minutes");
    }
}
