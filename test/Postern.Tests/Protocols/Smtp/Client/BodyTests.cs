using System.Text;
using Postern.Protocols.Smtp;
using Postern.Tests.Delivery;
using static Postern.Tests.Protocols.Smtp.Client.ClientRig;

namespace Postern.Tests.Protocols.Smtp.Client;

/// <summary>What goes between DATA and the lone dot.</summary>
public sealed class BodyTests
{
    private const string Open = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\nbody\nS: 250 taken\n";
    private const string Before = Hello + "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n";

    [Theory]
    [InlineData("", ".\r\n")]
    [InlineData("\r\n", "\r\n.\r\n")]
    [InlineData("a\r\n", "a\r\n.\r\n")]
    [InlineData("a", "a\r\n.\r\n")]
    [InlineData("a\r", "a\r\r\n.\r\n")]
    [InlineData(".", "..\r\n.\r\n")]
    [InlineData(".\r\n", "..\r\n.\r\n")]
    [InlineData("..\r\n", "...\r\n.\r\n")]
    [InlineData(".a\r\n.b\r\nc.d\r\n.", "..a\r\n..b\r\nc.d\r\n..\r\n.\r\n")]
    [InlineData("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n")]
    [InlineData("a\n.\r\nb\r\n", "a\n..\r\nb\r\n.\r\n")]
    [InlineData("a\n", "a\n\r\n.\r\n")]
    [InlineData("\0\xff\xfe\r\n", "\0\xff\xfe\r\n.\r\n")]
    public Task Dots_that_begin_a_line_are_doubled_and_nothing_else_is_changed(string text, string wire) => ForEachDeliveryAsync(Offering() + Open, async rig =>
    {
        Assert.Equal("ok 250 taken", Show(await rig.SendAsync(await rig.OpenAsync(), Message(text, "b@y.test"))));
        Assert.Equal(Before + wire, await rig.HeardAsync());
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(16 * 1024)]
    public async Task The_pieces_a_live_body_comes_in_make_no_difference(int piece)
    {
        const string text = ".a\r\n\r\n..\r\nb\r\n.\r\n.";
        await using var rig = new ClientRig(Plain, [Offering() + Open]);
        var session = await rig.OpenAsync();
        Assert.Equal("250 ok", (await session.MailAsync(new MailCommand(new MailPath("a@x.test")), null, rig.Recorder, default)).Reply!.ToString());
        Assert.Equal("250 ok", (await session.RcptAsync(new RcptCommand(new MailPath("b@y.test")), default)).Reply!.ToString());
        Assert.Equal("354 go", (await session.DataAsync(default)).Reply!.ToString());
        foreach (byte[] bytes in Encoding.Latin1.GetBytes(text).Chunk(piece)) Assert.Null(await session.WriteBodyAsync(bytes, default));
        Assert.Equal("250 taken", (await session.EndAsync(default)).Reply!.ToString());
        Assert.Equal(Before + "..a\r\n\r\n...\r\nb\r\n..\r\n..\r\n.\r\n", await rig.HeardAsync());
    }

    [Theory]
    [InlineData(16 * 1024)]
    [InlineData(64 * 1024)]
    public async Task Dots_at_the_borders_of_our_buffers_are_doubled_too(int border)
    {
        for (int shift = -3; shift <= 3; shift++)
        {
            string text = new string('x', border + shift - 2) + "\r\n.\r\n..\r\n" + new string('y', border);
            await using var rig = new ClientRig(Plain, [Offering() + Open]);
            Assert.Equal("ok 250 taken", Show(await rig.SendAsync(await rig.OpenAsync(), Message(text, "b@y.test"))));
            Assert.Equal(Before + text.Replace("\r\n.", "\r\n..", StringComparison.Ordinal) + "\r\n.\r\n", await rig.HeardAsync());
        }
    }

    [Fact]
    public async Task A_message_that_cannot_be_read_to_its_end_is_never_ended_with_a_dot()
    {
        await using var rig = new ClientRig(Plain, [Offering() + "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\nhold\n"]);
        var session = await rig.OpenAsync();
        var result = await rig.SendAsync(session, new ClientTransaction(new MailCommand(new MailPath("a@x.test")), [new RcptCommand(new MailPath("b@y.test"))], new BrokenContent()));
        Assert.Equal("Body LocalError", Show(result));
        Assert.False(result.SessionUsable);
        Assert.DoesNotContain("\r\n.\r\n", await rig.HeardAsync(), StringComparison.Ordinal);
    }

    /// <summary>100 KiB are promised, and half of them are there.</summary>
    private sealed class BrokenContent : MessageContent
    {
        public override long Length => 100 << 10;
        public override bool HasEightBit => false;

        public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
        {
            if (offset >= 50 << 10) throw new IOException("the disk is gone");
            int count = Math.Min(buffer.Length, (50 << 10) - (int)offset);
            buffer.Span[..count].Fill((byte)'x');
            return ValueTask.FromResult(count);
        }
    }
}
