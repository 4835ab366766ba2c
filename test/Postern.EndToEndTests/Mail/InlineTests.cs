using Postern.EndToEndTests.Relay;
using Postern.Lab.Daemons;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Mail;

/// <summary>The relay as a plain proxy: the client hears the upstream itself.</summary>
public sealed class InlineTests
{
    private static readonly string[] Common = ["--server", "127.0.0.1", "--from", "a@example.test", "--body", "inline"];

    [Fact]
    public async Task Inline_gives_the_client_the_upstreams_own_replies()
    {
        Skip.When(EximUpstream.Missing ?? Programs.Missing("swaks"));
        await using var upstream = new EximUpstream();
        await upstream.StartAsync();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(upstream.Port, "mode = \"inline\""));

        var sent = await RunningProgram.RunAsync("swaks", [.. Common, "--port", $"{relay.Port}", "--to", "b@example.test"]);
        Assert.True(sent.ExitCode == 0, sent.Output + relay.Log);
        Assert.Matches(@"250 (2\.\d\.\d )?OK id=", sent.Output);
        Assert.Contains("by relay.test", System.Text.Encoding.Latin1.GetString(await upstream.Mail.WaitForAsync("\ninline\n")));

        sent = await RunningProgram.RunAsync("swaks", [.. Common, "--port", $"{relay.Port}", "--to", "unknown@example.test"]);
        Assert.Contains("550 5.1.1 <unknown@example.test>: no such user here", sent.Output);
        Assert.Equal(24, sent.ExitCode);
    }

    [Fact]
    public async Task Inline_passes_nasty_messages_untouched()
    {
        await using var sink = new RecordingSink();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port, "mode = \"inline\""));
        await using var client = await RawClient.ConnectAsync(relay.Port);
        for (int i = 0; i < NastyMessages.All.Length; i++)
        {
            byte[] message = NastyMessages.Make(NastyMessages.All[i]);
            Assert.StartsWith("250", await client.SendMailAsync(message));
            Arrived.Untouched(message, sink.Messages[i].Body);
        }
    }

    [Fact]
    public async Task Inline_says_451_with_the_reason_when_the_upstream_is_dead()
    {
        Skip.When(Programs.Missing("swaks"));
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(LoopbackPorts.Take(), "mode = \"inline\""));
        var sent = await RunningProgram.RunAsync("swaks", [.. Common, "--port", $"{relay.Port}", "--to", "b@example.test"]);
        Assert.NotEqual(0, sent.ExitCode);
        Assert.Matches(@"<\*\* 451[ -]4\.\d\.\d .*(refused|connect)", sent.Output);
        await relay.WaitForQueueAsync(0);
    }

    [Fact]
    public async Task Inline_then_queue_keeps_the_mail_when_the_upstream_is_dead_and_sends_it_later()
    {
        await using var sink = new RecordingSink();
        await sink.GoDownAsync();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port, "mode = \"inline-then-queue\"\ninline_wait = \"2s\""));
        await using var client = await RawClient.ConnectAsync(relay.Port);
        byte[] message = NastyMessages.Make(NastyMessages.Dots);
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(message));
        await relay.WaitForQueueAsync(1);
        sink.GoUp();
        Arrived.Untouched(message, (await sink.WaitAsync(1, TimeSpan.FromSeconds(30)))[0].Body);
        await relay.WaitForQueueAsync(0);
    }

    [Fact]
    public async Task Inline_then_queue_is_live_while_the_upstream_answers()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "550 5.1.1 not here", "no@example.test");
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port, "mode = \"inline-then-queue\""));
        await using var client = await RawClient.ConnectAsync(relay.Port);
        Assert.StartsWith("250", await client.SendMailAsync("Subject: x\r\n\r\nx\r\n"u8.ToArray()));
        Assert.Single(sink.Messages);
        await client.SayAsync("RSET");
        Assert.StartsWith("550 5.1.1", await client.SendMailAsync("Subject: x\r\n\r\nx\r\n"u8.ToArray(), to: "no@example.test"));
    }
}
