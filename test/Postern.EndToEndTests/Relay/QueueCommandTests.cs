using System.Text;
using System.Text.RegularExpressions;
using Postern.EndToEndTests.Mail;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Relay;

/// <summary>The operator's queue commands against a running relay whose upstream is away.</summary>
public sealed partial class QueueCommandTests
{
    [Fact]
    public async Task Operator_lists_shows_retries_holds_releases_bounces_removes_and_exports()
    {
        await using var sink = new RecordingSink();
        await sink.GoDownAsync();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port, "retry_jitter_percent = 0"));
        await using var client = await RawClient.ConnectAsync(relay.Port);
        byte[] message = NastyMessages.Make(NastyMessages.EightBit);
        string kept = IdOf(await client.SendMailAsync(message, to: "keep@example.test"));
        string bounced = IdOf(await client.SendMailAsync(message, "alice@example.test", to: "bounce@example.test"));
        string removed = IdOf(await client.SendMailAsync(message, to: "remove@example.test"));

        var listed = await SucceedAsync(relay, "queue", "list");
        Assert.All((string[])[kept, bounced, removed], id => Assert.Contains(id, listed));
        Assert.Contains("keep@example.test", await SucceedAsync(relay, "queue", "show", kept));
        Assert.Contains(kept, await SucceedAsync(relay, "queue", "list", "--json"));

        string exported = await SucceedAsync(relay, "queue", "export", kept);
        Assert.Contains("Message-ID: <eight-bit@example.test>", exported);

        // While the upstream is away: later it could be gone before the command comes.
        await SucceedAsync(relay, "queue", "retry", kept);
        await SucceedAsync(relay, "queue", "hold", kept);
        await SucceedAsync(relay, "queue", "bounce", bounced);
        await SucceedAsync(relay, "queue", "remove", removed);
        sink.GoUp();
        var arrived = await sink.WaitAsync(1, TimeSpan.FromSeconds(30));
        Assert.Contains(arrived, m => m.From == "" && m.Recipients.Contains("alice@example.test"));
        await relay.WaitForQueueAsync(1);

        await SucceedAsync(relay, "queue", "release", kept);
        arrived = await sink.WaitAsync(2, TimeSpan.FromSeconds(30));
        Assert.DoesNotContain(arrived, m => m.Recipients.Contains("remove@example.test"));
        Arrived.Untouched(message, Assert.Single(arrived, m => m.Recipients.Contains("keep@example.test")).Body);
        await relay.WaitForQueueAsync(0);
    }

    [Fact]
    public async Task Command_for_a_message_that_is_not_there_says_so()
    {
        await using var sink = new RecordingSink();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port));
        var result = await relay.RunAsync("queue", "show", "0000000000000");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("0000000000000", result.Output);
    }

    private static async Task<string> SucceedAsync(PosternProcess relay, params string[] arguments)
    {
        var result = await relay.RunAsync(arguments);
        Assert.True(result.ExitCode == 0, $"postern {string.Join(' ', arguments)} ended with {result.ExitCode}: {result.Output}");
        return result.Output;
    }

    private static string IdOf(string reply)
    {
        Assert.StartsWith("250 2.0.0", reply);
        return QueueId().Match(reply).Value;
    }

    [GeneratedRegex("\\b[0-9a-hjkmnp-tv-z]{13}\\b")]
    private static partial Regex QueueId();
}
