using System.Globalization;
using System.Net;
using Postern.EndToEndTests.Mail;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Relay;

/// <summary>What the operator sees of a new address, of one that is turned away, and how it is forgotten. The real program, killed in the midst.</summary>
public sealed class EgressCommandTests
{
    private static string Settings(int port) => string.Create(CultureInfo.InvariantCulture, $"""
        [[upstream]]
        name = "up"
        address = "127.0.0.1:{port}"
        tls = "none"
        [[egress]]
        name = "old"
        address = "127.0.0.31"
        [[egress]]
        name = "new"
        address = "127.0.0.32"
        warm_up_plan = [4, 8]
        [[route]]
        match = {"{"} recipient_domain = ["alone.test"] {"}"}
        upstreams = ["up"]
        egress = ["new"]
        [[route]]
        upstreams = ["up"]
        egress = ["old", "new"]

        """);

    [Fact]
    public async Task A_warm_up_is_shown_and_survives_a_kill_and_a_rest_is_forgotten_when_asked()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SKIPPED: only Linux has all of 127/8");
        await using var sink = new RecordingSink();
        await using var relay = await PosternProcess.StartAsync(Settings(sink.Port));
        byte[] message = NastyMessages.Make(NastyMessages.EightBit);
        await using (var client = await RawClient.ConnectAsync(relay.Port))
            for (int i = 0; i < 10; i++) await client.SendMailAsync(message, to: "you@example.test");
        await relay.WaitForQueueAsync(0);
        Assert.Matches("up +1 of 2 +2 of 4 +in ", (await relay.RunAsync("egress")).Output);

        await using (var client = await RawClient.ConnectAsync(relay.Port)) await client.SendMailAsync(message, to: "you@alone.test");
        string waits = "";
        for (int i = 0; i < 100 && !waits.Contains("1 message waits", StringComparison.Ordinal); i++) waits = (await relay.RunAsync("egress")).Output;
        Assert.Contains("1 message waits for the plan, because no other address may take it", waits);
        Assert.Equal(1, (await relay.RunAsync("egress")).ExitCode);
        Assert.Contains("1 message waits for the warm-up of new", (await relay.RunAsync("status")).Output);

        // It is written every 15 seconds.
        await WaitForAsync(() => File.Exists(Path.Combine(relay.Data, "state", "warmup.json")) && File.ReadAllText(Path.Combine(relay.Data, "state", "warmup.json")).Contains("\"taken\": 2", StringComparison.Ordinal));
        await relay.KillAsync();
        await relay.StartAsync();
        Assert.Matches("up +1 of 2 +2 of 4 ", (await relay.RunAsync("egress")).Output);

        sink.Misbehave(new SinkRule(SinkStage.Connect, SinkFault.Reply, "554 5.7.1 Client host [127.0.0.31] blocked using zen.spamhaus.org") { When = v => v.Client.Equals(IPAddress.Parse("127.0.0.31")) });
        await using (var client = await RawClient.ConnectAsync(relay.Port))
            for (int i = 0; i < 4; i++) await client.SendMailAsync(message, to: "you@example.test");
        string upstreams = "";
        for (int i = 0; i < 100 && !upstreams.Contains("turned away", StringComparison.Ordinal); i++) upstreams = (await relay.RunAsync("upstreams")).Output;
        Assert.Contains("old (127.0.0.31) turned away for", upstreams);
        using var http = new HttpClient { BaseAddress = relay.Http };
        string metrics = await http.GetStringAsync("metrics");
        Assert.Equal(1, PosternProcess.Metric(metrics, "postern_egress_rested", "old"));
        Assert.Equal(4, PosternProcess.Metric(metrics, "postern_egress_warmup_allowed"));

        sink.Behave();
        var reset = await relay.RunAsync("upstreams", "reset", "up");
        Assert.Equal((0, "reset: up: 0 learned limits and 1 rest forgotten"), (reset.ExitCode, reset.Output.Trim()));
        Assert.Equal(1, (await relay.RunAsync("upstreams", "reset", "nobody")).ExitCode);
        await using (var client = await RawClient.ConnectAsync(relay.Port)) await client.SendMailAsync(message, to: "last@example.test");
        await relay.WaitForQueueAsync(1);
        Assert.DoesNotContain("turned away", (await relay.RunAsync("upstreams")).Output);
    }

    private static async Task WaitForAsync(Func<bool> condition)
    {
        for (int i = 0; i < 600; i++)
        {
            if (condition()) return;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }
        Assert.Fail("waited in vain");
    }
}
