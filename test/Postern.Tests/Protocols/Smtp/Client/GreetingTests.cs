using Postern.Protocols.Smtp;
using static Postern.Tests.Protocols.Smtp.Client.ClientRig;

namespace Postern.Tests.Protocols.Smtp.Client;

/// <summary>From the connection to the answer to EHLO.</summary>
public sealed class GreetingTests
{
    [Theory]
    [InlineData("S: 220 mx.test\n")]
    [InlineData("S: 220-mx.test\\r\\n220-no spam\\r\\n220 here\n")]
    [InlineData("S~ 220 mx.test\\n\n")]
    public Task A_greeting_of_one_line_or_more_is_answered_with_EHLO(string greeting) => ForEachDeliveryAsync(greeting + Ehlo() + "C: QUIT\nS: 221 bye\n", async rig =>
    {
        var session = await rig.OpenAsync();
        await session.QuitAsync(default);
        Assert.Equal(Hello + "QUIT\r\n", await rig.HeardAsync());
    });

    [Theory]
    [InlineData("S: 421 4.3.2 too busy\n", "Refused", "421 4.3.2 too busy")]
    [InlineData("S: 554-5.7.1 you are\\r\\n554 5.7.1 on a list\n", "Refused", "554 5.7.1 you are on a list")]
    [InlineData("S: 250 what\n", "NotSmtp", "while waiting for the greeting: an unexpected reply: 250 what")]
    [InlineData("S: SSH-2.0-other\n", "NotSmtp", "while waiting for the greeting: not an SMTP reply: \"SSH-2.0-other\"")]
    [InlineData("cut\n", "ConnectionClosed", "the peer closed the connection while waiting for the greeting")]
    [InlineData("S~ 220 half\ncut\n", "ConnectionClosed", "the peer closed the connection while waiting for the greeting")]
    [InlineData("pause 20ms\nreset\n", "ConnectionReset", "connection reset by the peer")]
    public Task A_peer_that_does_not_welcome_us_is_left_without_a_word(string greeting, string kind, string words) => ForEachDeliveryAsync(greeting, async rig =>
    {
        var failure = await rig.FailToOpenAsync();
        Assert.Equal((ClientStage.Greeting, kind), (failure.Stage, failure.Kind.ToString()));
        // By byte, only the bytes that gave it away are shown.
        Assert.StartsWith(words[..Math.Min(words.Length, 52)], failure.Detail, StringComparison.Ordinal);
        Assert.Equal("", (await rig.Peer.SessionAsync()).ReceivedText);
        Assert.Equal(1, rig.Peer.Connections);
    });

    [Theory]
    [InlineData("500 what?")]
    [InlineData("502 5.5.1 not implemented")]
    [InlineData("550 no")]
    public Task HELO_follows_where_EHLO_is_refused(string refusal) => ForEachDeliveryAsync(
        $"S: 220 x\nC: EHLO relay.test\nS: {refusal}\nC: HELO relay.test\nS: 250 PIPELINING\nC: MAIL *\nquiet\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\nbody\nS: 250 taken\n", async rig =>
    {
        var session = await rig.OpenAsync();
        Assert.Equal(EhloExtensions.None, session.Extensions);
        Assert.Equal("ok 250 taken", Show(await rig.SendAsync(session, Message("x\r\n", "b@y.test"))));
        Assert.Equal(Hello + "HELO relay.test\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nx\r\n.\r\n", await rig.HeardAsync());
    });

    [Theory]
    [InlineData("421 4.3.2 closing")]
    [InlineData("451 later")]
    [InlineData("521 no mail here")]
    [InlineData("554 5.7.1 you again")]
    public Task A_refusal_of_us_is_not_taken_for_an_old_server(string refusal) => ForEachDeliveryAsync($"S: 220 x\nC: EHLO relay.test\nS: {refusal}\n", async rig =>
    {
        var failure = await rig.FailToOpenAsync();
        Assert.Equal((ClientStage.Ehlo, FailureKind.Refused, refusal), (failure.Stage, failure.Kind, failure.Detail));
        Assert.Equal(Hello, await rig.HeardAsync());
    });

    [Fact]
    public Task A_peer_that_hangs_up_on_EHLO_is_called_again_with_HELO() => ForEachDeliveryAsync(
        ["S: 220 x\nC: EHLO *\ncut\n", "S: 220 x\nC: HELO relay.test\nS: 250 x\n"], async rig =>
    {
        await rig.OpenAsync();
        Assert.Equal("HELO relay.test\r\n", await rig.HeardAsync(2));
    });

    [Fact]
    public Task Extensions_are_read_without_case_and_unknown_ones_passed_over() => ForEachDeliveryAsync(
        Offering("pipelining", "Size 1000", "8bitmime", "SmtpUtf8", "dsn", "starttls", "x-new thing", "AUTH plain", "auth=LOGIN", "limits rcptmax=20 MAILMAX=5 other=1", ""), async rig =>
    {
        var offered = (await rig.OpenAsync()).Extensions;
        Assert.True(offered is { Pipelining: true, EightBitMime: true, SmtpUtf8: true, Dsn: true, StartTls: true, HasSize: true, Size: 1000, Chunking: false });
        Assert.Equal(["PLAIN", "LOGIN"], offered.AuthMechanisms);
        Assert.Equal((20, 5), (offered.MaxRecipients, offered.MaxTransactions));
    });

    [Theory]
    [InlineData("SIZE")]
    [InlineData("SIZE 0")]
    [InlineData("SIZE many")]
    public Task SIZE_without_a_number_is_no_limit(string size) => ForEachDeliveryAsync(Offering(size), async rig =>
    {
        var offered = (await rig.OpenAsync()).Extensions;
        Assert.True(offered is { HasSize: true, Size: null });
    });
}
