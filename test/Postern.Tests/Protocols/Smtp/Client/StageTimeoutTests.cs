using Microsoft.Extensions.Time.Testing;
using Postern.Protocols.Smtp;
using Postern.Tests.Delivery;
using static Postern.Tests.Protocols.Smtp.Client.ClientRig;

namespace Postern.Tests.Protocols.Smtp.Client;

/// <summary>Silence at each stage, on a fake clock: the defaults are those of RFC 5321 section 4.5.3.2, and each says its name.</summary>
public sealed class StageTimeoutTests
{
    private const string Mail1 = "C: MAIL *\nS: 250 ok\n", Rcpt = "C: RCPT *\nS: 250 ok\n", Data = "C: DATA\nS: 354 go\n";

    [Theory]
    [InlineData("", 0, 300, "waiting for the greeting", "greeting")]
    [InlineData("S: 220 x\nC: EHLO *\n", 2, 300, "waiting for the reply to EHLO", "ehlo")]
    [InlineData("S: 220 x\nC: EHLO *\nS: 250-x\\r\\n250 STARTTLS\nC: STARTTLS\n", 4, 60, "waiting for the reply to STARTTLS", "tls")]
    [InlineData("S: 220 x\nC: EHLO *\nS: 250-x\\r\\n250 STARTTLS\nC: STARTTLS\nS: 220 go\n", 5, 60, "performing the TLS handshake", "tls")]
    public async Task Silence_before_the_session_is_open(string lines, int steps, int seconds, string doing, string name)
    {
        var clock = new FakeTimeProvider();
        await using var rig = new ClientRig(Required, [lines + "hold\n"], time: clock);
        var failure = await AfterSilence(rig, clock, steps, seconds, rig.FailToOpenAsync());
        Assert.Equal($"timed out after {seconds} s while {doing} (timeouts.{name})", failure.Detail);
        Assert.Equal((FailureKind.TimedOut, Speaker.Network), (failure.Kind, failure.Speaker));
    }

    [Fact]
    public async Task Silence_at_AUTH()
    {
        var clock = new FakeTimeProvider();
        await using var rig = new ClientRig(Plain with { User = "u", Password = "p", AuthWithoutTls = true }, [Offering("AUTH PLAIN") + "C: AUTH *\nhold\n"], time: clock);
        Assert.Equal("timed out after 120 s while authenticating (timeouts.auth)", (await AfterSilence(rig, clock, 4, 120, rig.FailToOpenAsync())).Detail);
    }

    [Theory]
    [InlineData("C: MAIL *\n", 4, 300, "waiting for the reply to MAIL", "mail")]
    [InlineData(Mail1 + "C: RCPT *\n", 6, 300, "waiting for the reply to RCPT", "rcpt")]
    [InlineData(Mail1 + Rcpt + "C: DATA\n", 8, 120, "waiting for the reply to DATA", "data")]
    [InlineData(Mail1 + Rcpt + Data + "body\n", 10, 600, "waiting for the reply to the end of data", "end_of_data")]
    public async Task Silence_in_a_transaction(string lines, int steps, int seconds, string doing, string name)
    {
        var clock = new FakeTimeProvider();
        await using var rig = new ClientRig(Plain, [Offering() + lines + "hold\n"], time: clock);
        var session = await rig.OpenAsync();
        var result = await AfterSilence(rig, clock, steps, seconds, rig.SendAsync(session, Message("x\r\n", "b@y.test")).AsTask());
        Assert.Equal($"timed out after {seconds} s while {doing} (timeouts.{name})", result.SessionFailure!.Detail);
        Assert.Equal(name == "end_of_data", result.SessionFailure.MayDuplicate);
    }

    [Fact]
    public async Task A_peer_that_stops_reading_the_message()
    {
        var clock = new FakeTimeProvider();
        await using var rig = new ClientRig(Plain, [Offering() + Mail1 + Rcpt + Data + "pause 60s\n"], time: clock);
        var session = await rig.OpenAsync();
        var sending = rig.SendAsync(session, new ClientTransaction(new MailCommand(new MailPath("a@x.test")), [new RcptCommand(new MailPath("b@y.test"))], new MemoryContent(new byte[64 << 20]))).AsTask();
        var result = await AfterSilence(rig, clock, 9, 180, sending);
        Assert.Equal("timed out after 180 s while sending the message (timeouts.body)", result.SessionFailure!.Detail);
        Assert.False(result.SessionFailure.MayDuplicate);
    }

    [Fact]
    public async Task A_handshake_that_hangs_is_followed_by_a_plain_session_where_TLS_is_opportunistic()
    {
        var clock = new FakeTimeProvider();
        await using var rig = new ClientRig(Opportunistic, [Offering("STARTTLS") + "C: STARTTLS\nS: 220 go\nhold\n", Offering("STARTTLS")], time: clock);
        var session = await AfterSilence(rig, clock, 5, 60, rig.OpenAsync());
        Assert.Null(session.Tls);
        Assert.Equal(2, rig.Peer.Connections);
    }

    [Fact]
    public async Task QUIT_is_not_waited_for_longer_than_it_is_worth()
    {
        var clock = new FakeTimeProvider();
        await using var rig = new ClientRig(Plain, [Offering() + "C: QUIT\nhold\n"], time: clock);
        var session = await rig.OpenAsync();
        await AfterSilence(rig, clock, 4, 5, Quit());

        async Task<bool> Quit()
        {
            await session.QuitAsync(default);
            return true;
        }
    }

    /// <summary>Waits until the peer has played so many steps and is silent; the clock then runs to just before the limit, where nothing has happened yet, and past it.</summary>
    private static async Task<T> AfterSilence<T>(ClientRig rig, FakeTimeProvider clock, int steps, int seconds, Task<T> doing)
    {
        await DeliveryRig.Until(() => rig.Recorder.Connects().Count > 0 && rig.Peer.Sessions.Count > 0 && rig.Peer.Sessions[0].StepsPlayed >= steps, "the peer's silence");
        clock.Advance(TimeSpan.FromSeconds(seconds - 1));
        await Task.Delay(10);
        Assert.False(doing.IsCompleted, $"given up before {seconds} s");
        // A timer armed after that first advance begins only then: a second whole limit is allowed for it.
        for (int i = 0; i < seconds + 5 && !doing.IsCompleted; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(2);
        }
        return await doing.WaitAsync(TimeSpan.FromSeconds(10));
    }
}
