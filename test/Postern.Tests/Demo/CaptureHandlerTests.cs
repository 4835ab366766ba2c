using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Demo;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Demo;

public sealed class CaptureHandlerTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly SessionContext _session = new() { Remote = new(IPAddress.Loopback, 1), Local = new(IPAddress.Loopback, 2), Listener = "demo", SessionNumber = 1 };

    [Fact]
    public async Task Captures_envelope_subject_and_size_and_tells_of_it()
    {
        var mailbox = new CaptureMailbox();
        var heard = new List<long>();
        mailbox.Arrived += m => heard.Add(m.Number);
        var handler = new CaptureHandler(mailbox, _time, maxKeptBytes: 40);
        Assert.Equal("250 2.0.0 captured as number 1", await SendAsync(handler, "Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\nand much more than is kept of it"));
        var message = Assert.Single(mailbox.Messages);
        Assert.Equal(("a@example.org", "café", 66L, 40, false), (message.From, message.Subject, message.SizeBytes, message.Bytes.Length, message.IsWhole));
        Assert.Equal(["bob@example.test"], message.Recipients);
        Assert.Equal(_time.GetUtcNow(), message.At);
        Assert.Equal([1L], heard);
    }

    [Fact]
    public async Task Keeps_the_last_messages_within_both_bounds()
    {
        var byNumber = new CaptureMailbox(maxMessages: 2);
        var byBytes = new CaptureMailbox(maxBytes: 25);
        for (int i = 0; i < 4; i++)
        {
            await SendAsync(new CaptureHandler(byNumber, _time), "0123456789");
            await SendAsync(new CaptureHandler(byBytes, _time), "0123456789");
        }
        Assert.Equal([3L, 4L], byNumber.Messages.Select(m => m.Number));
        Assert.Equal([3L, 4L], byBytes.Messages.Select(m => m.Number));
        Assert.Equal(4, byBytes.Count);
    }

    [Fact]
    public async Task Nobody_does_not_exist()
    {
        var handler = new CaptureHandler(new CaptureMailbox(), _time);
        await handler.MailAsync(_session, new MailCommand(MailPath.Null), default);
        Assert.Equal("550 5.1.1 no such mailbox here", (await handler.RcptAsync(_session, new RcptCommand(new MailPath("Nobody@example.test")), default)).ToString());
    }

    [Fact]
    public async Task Trouble_comes_and_goes_by_the_clock()
    {
        var cycle = new TroubleCycle([new(Trouble.Greylists, TimeSpan.FromSeconds(20)), new(Trouble.Busy, TimeSpan.FromSeconds(10)), new(Trouble.RateLimits, TimeSpan.FromSeconds(5)), new(Trouble.Silent, TimeSpan.FromSeconds(5)), new(Trouble.None, TimeSpan.FromSeconds(1))], _time);
        var handler = new CaptureHandler(new CaptureMailbox(), _time, cycle);
        Assert.Equal("450 4.7.1 greylisted, try again in 20 s", await SendAsync(handler, "x"));
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("421 4.3.2 too busy, come back later", (await handler.ConnectAsync(_session, default))?.ToString());
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("451 4.7.1 too many messages in a short time, slow down", await SendAsync(handler, "x"));
        _time.Advance(TimeSpan.FromSeconds(5));
        var silent = handler.ConnectAsync(_session, default);
        Assert.False(silent.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(await silent);
        Assert.Equal("250 2.0.0 captured as number 1", await SendAsync(handler, "x"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Trouble.Greylists, cycle.Current.Trouble);
    }

    private async Task<string> SendAsync(CaptureHandler handler, string body)
    {
        var mail = await handler.MailAsync(_session, new MailCommand(new MailPath("a@example.org")), default);
        if (!mail.IsPositive) return mail.ToString();
        var rcpt = await handler.RcptAsync(_session, new RcptCommand(new MailPath("bob@example.test")), default);
        if (!rcpt.IsPositive) return rcpt.ToString();
        var admission = await handler.BeginBodyAsync(_session, default);
        await admission.Body!.WriteAsync(Encoding.ASCII.GetBytes(body), default);
        return (await admission.Body.CompleteAsync(default)).ToString();
    }
}
