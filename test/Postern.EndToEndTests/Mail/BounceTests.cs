using System.Text;
using Postern.EndToEndTests.Relay;
using Postern.Lab.Daemons;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Mail;

/// <summary>A refused recipient's sender hears of it, in the words of the server that refused.</summary>
public sealed class BounceTests
{
    [Fact]
    public Task Recipient_refused_by_Postfix_comes_back_in_its_own_words() =>
        BouncesAsync(PostfixUpstream.Missing, s => new PostfixUpstream(s), "550 5.1.1 <unknown@example.test>: Recipient address rejected: User unknown in virtual mailbox table");

    [Fact]
    public Task Recipient_refused_by_Exim_comes_back_in_its_own_words() =>
        BouncesAsync(EximUpstream.Missing, s => new EximUpstream(s), "550 5.1.1 <unknown@example.test>: no such user here");

    private static async Task BouncesAsync(string? missing, Func<UpstreamSettings, IRealUpstream> make, string words)
    {
        Skip.When(missing);
        await using var upstream = make(new UpstreamSettings());
        await using var senders = new RecordingSink();
        await upstream.StartAsync();
        await using var relay = await PosternProcess.StartAsync($"""
            [[upstream]]
            name = "up"
            address = "127.0.0.1:{upstream.Port}"
            tls = "none"
            [[upstream]]
            name = "home"
            address = "127.0.0.1:{senders.Port}"
            tls = "none"
            [[route]]
            match = {"{"} recipient_domain = ["sender.test"] {"}"}
            upstreams = ["home"]
            [[route]]
            upstreams = ["up"]
            """);
        await using var client = await RawClient.ConnectAsync(relay.Port);
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(NastyMessages.Make(NastyMessages.Dots), "alice@sender.test", "", "b@example.test", "unknown@example.test"));

        await upstream.Mail.WaitForAsync("<dots@example.test>");
        var bounce = (await senders.WaitAsync(1))[0];
        Assert.Equal("", bounce.From);
        Assert.Equal("alice@sender.test", Assert.Single(bounce.Recipients));
        string text = bounce.Text.Replace("\r\n\t", " ", StringComparison.Ordinal).Replace("\r\n ", " ", StringComparison.Ordinal);
        Assert.Contains("report-type=delivery-status", text);
        Assert.Contains("Final-Recipient: rfc822;unknown@example.test", text.Replace("rfc822; ", "rfc822;", StringComparison.Ordinal));
        Assert.Contains("Action: failed", text);
        Assert.Contains("Status: 5.1.1", text);
        Assert.Contains("Diagnostic-Code: smtp;", text);
        Assert.Contains(words, text);
        Assert.DoesNotContain("Final-Recipient: rfc822;b@example.test", text.Replace("rfc822; ", "rfc822;", StringComparison.Ordinal));
        await relay.WaitForQueueAsync(0);
        await Task.Delay(300);
        Assert.Single(senders.Messages);
    }

    [Fact]
    public async Task Bounce_that_is_refused_is_not_bounced_again()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "550 5.1.1 nobody there");
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port));
        await using var client = await RawClient.ConnectAsync(relay.Port);
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(Encoding.ASCII.GetBytes("Subject: x\r\n\r\nx\r\n")));
        await relay.WaitForQueueAsync(0);
        // Between the message's settlement and its bounce's filing the queue may look empty for a moment.
        for (int tries = 0; tries < 200 && !sink.Commands.Any(c => c.Contains("MAIL FROM:<>", StringComparison.OrdinalIgnoreCase)); tries++) await Task.Delay(50);
        await relay.WaitForQueueAsync(0);
        Assert.Empty(sink.Messages);
        Assert.Single(sink.Commands, c => c.Contains("MAIL FROM:<>", StringComparison.OrdinalIgnoreCase));
    }
}
