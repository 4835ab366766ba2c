using Postern.Protocols.Smtp;
using static Postern.Tests.Protocols.Smtp.Client.ClientRig;

namespace Postern.Tests.Protocols.Smtp.Client;

/// <summary>More than one transaction on a session.</summary>
public sealed class SessionReuseTests
{
    private const string One = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\nbody\nS: 250 taken\n";
    private const string OneRefused = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 550 5.1.1 no\n";
    private const string Transaction = "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nx\r\n.\r\n";

    private static ClientTransaction Letter => Message("x\r\n", "b@y.test");

    [Fact]
    public Task A_message_that_was_taken_needs_no_RSET_before_the_next() => ForEachDeliveryAsync(Offering() + One + One + "C: QUIT\nS: 221 bye\n", async rig =>
    {
        var session = await rig.OpenAsync();
        for (int i = 0; i < 2; i++) Assert.Equal("ok 250 taken", Show(await rig.SendAsync(session, Letter)));
        Assert.Equal(2, session.MessagesSent);
        await session.QuitAsync(default);
        Assert.Equal(Hello + Transaction + Transaction + "QUIT\r\n", await rig.HeardAsync());
    });

    [Fact]
    public Task A_transaction_left_open_is_reset_before_the_next() => ForEachDeliveryAsync(Offering() + OneRefused + "C: RSET\nS: 250 ok\n" + One, async rig =>
    {
        var session = await rig.OpenAsync();
        var refused = await rig.SendAsync(session, Letter);
        Assert.True(refused.SessionUsable);
        Assert.Equal("ok 250 taken", Show(await rig.SendAsync(session, Letter)));
        Assert.Equal(Hello + "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nRSET\r\n" + Transaction, await rig.HeardAsync());
    });

    [Fact]
    public Task RSET_rides_in_the_pipeline() => ForEachDeliveryAsync(
        Offering("PIPELINING") + "C: MAIL *\nC: RCPT *\nC: DATA\nS: 250 ok\\r\\n550 5.1.1 no\\r\\n554 no\nC: RSET\nC: MAIL *\nC: RCPT *\nC: DATA\nS: 250 ok\\r\\n250 ok\\r\\n250 ok\\r\\n354 go\nbody\nS: 250 taken\n", async rig =>
    {
        var session = await rig.OpenAsync();
        await rig.SendAsync(session, Letter);
        Assert.Equal("ok 250 taken", Show(await rig.SendAsync(session, Letter)));
        await rig.HeardAsync();
    });

    [Fact]
    public Task A_transaction_left_open_is_reset_before_a_live_one_too() => ForEachDeliveryAsync(Offering() + OneRefused + "C: RSET\nS: 250 ok\nC: MAIL *\nS: 250 live\n", async rig =>
    {
        var session = await rig.OpenAsync();
        await rig.SendAsync(session, Letter);
        var mail = await session.MailAsync(new MailCommand(new MailPath("c@x.test")), null, rig.Recorder, default);
        Assert.Equal("250 live", mail.Reply?.ToString());
        Assert.Equal(Hello + "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nRSET\r\nMAIL FROM:<c@x.test>\r\n", await rig.HeardAsync());
    });

    [Theory]
    [InlineData("S: 500 5.5.1 what?\n")]
    [InlineData("S: 500 5.5.1 what?\\r\\n503 5.5.1 nested MAIL\\r\\n250 ok\\r\\n354 go\n")]
    public Task A_peer_that_refuses_RSET_is_left_and_nobody_is_refused_for_it(string answers) => ForEachDeliveryAsync(
        Offering("PIPELINING") + "C: MAIL *\nC: RCPT *\nC: DATA\nS: 250 ok\\r\\n550 5.1.1 no\\r\\n554 no\nC: RSET\nC: MAIL *\nC: RCPT *\nC: DATA\n" + answers, async rig =>
    {
        var session = await rig.OpenAsync();
        await rig.SendAsync(session, Letter);
        var result = await rig.SendAsync(session, Letter);
        Assert.False(result.SessionUsable);
        Assert.False(result.Recipients[0].Failure!.IsPermanent);
        Assert.Equal(ClientStage.Rset, result.Recipients[0].Failure!.Stage);
    });

    [Fact]
    public Task Transactions_are_counted_as_the_upstreams_MAILMAX_counts_them() => ForEachDeliveryAsync(Offering("LIMITS MAILMAX=3") + OneRefused + "C: RSET\nS: 250 ok\n" + One, async rig =>
    {
        var session = await rig.OpenAsync();
        await rig.SendAsync(session, Letter);
        await rig.SendAsync(session, Letter);
        Assert.Equal((2, 1), (session.TransactionsBegun, session.MessagesSent));
    });

    [Fact]
    public async Task An_idle_session_is_dead_once_the_peer_has_said_anything()
    {
        await using var rig = new ClientRig(Plain, [Offering() + "C: NOOP\n", Offering() + "pause 20ms\nS: 421 4.4.2 idle\nhold\n"]);
        var alive = await rig.OpenAsync();
        Assert.True(alive.IsAlive());
        var dead = await rig.OpenAsync();
        await DeliveryRigUntil(() => !dead.IsAlive());
    }

    private static Task DeliveryRigUntil(Func<bool> condition) => Postern.Tests.Delivery.DeliveryRig.Until(condition, "the peer's last word");
}
