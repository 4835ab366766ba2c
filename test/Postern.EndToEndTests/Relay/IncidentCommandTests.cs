using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Postern.EndToEndTests.Mail;
using Postern.Lab.Daemons;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Relay;

/// <summary>An outage as its operator sees it with `postern incidents` and `postern events`, over a kill of the relay.</summary>
public sealed class IncidentCommandTests
{
    private static readonly byte[] Message = Encoding.ASCII.GetBytes("Subject: x\r\n\r\nx\r\n");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task An_outage_is_shown_while_it_lasts_goes_on_after_a_kill_and_is_over_when_mail_is_taken()
    {
        await using var sink = new RecordingSink();
        await sink.GoDownAsync();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port, "retry_jitter_percent = 0"));
        var quiet = await relay.RunAsync("incidents");
        Assert.Equal((0, "No incident is open."), (quiet.ExitCode, quiet.Output.Trim()));

        await SendAsync(relay, 3);
        var open = await UntilAsync(relay, r => r.ExitCode == 1 && r.Output.Contains("did   kept", StringComparison.Ordinal), "incidents");
        Assert.StartsWith("1 incident is open.", open.Output, StringComparison.Ordinal);
        Assert.Matches(@"up: (upstream-down|unknown|upstream-firewall) for \w+ \(", open.Output);
        Assert.Contains("3 messages wait; ", open.Output, StringComparison.Ordinal);
        Assert.Contains("  do    ", open.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("do    1.", open.Output, StringComparison.Ordinal);
        using var listed = JsonDocument.Parse((await relay.RunAsync("incidents", "list", "--json")).Output);
        var incident = Assert.Single(listed.RootElement.GetProperty("incidents").EnumerateArray());
        string id = incident.GetProperty("id").GetString()!;
        Assert.Contains($"more  postern incidents show {id}", open.Output, StringComparison.Ordinal);
        var shown = await relay.RunAsync("incidents", "show", id);
        Assert.Equal(1, shown.ExitCode);
        Assert.All((string[])["Evidence", "What to do", "pool:up", id], words => Assert.Contains(words, shown.Output, StringComparison.Ordinal));

        await relay.KillAsync();
        await relay.StartAsync();
        using var again = JsonDocument.Parse((await relay.RunAsync("incidents", "--json")).Output);
        var same = Assert.Single(again.RootElement.GetProperty("incidents").EnumerateArray());
        Assert.Equal((id, incident.GetProperty("opened_at").GetDateTimeOffset()), (same.GetProperty("id").GetString(), same.GetProperty("opened_at").GetDateTimeOffset()));

        sink.GoUp();
        await sink.WaitAsync(3, Patience);
        var over = await UntilAsync(relay, r => r.ExitCode == 0, "incidents");
        Assert.StartsWith("No incident is open.", over.Output, StringComparison.Ordinal);
        Assert.Contains("One is over, the last: up, ", over.Output, StringComparison.Ordinal);
        var all = await relay.RunAsync("incidents", "--all");
        Assert.Matches($"{id} +up +[a-z-]+ +.*mail is accepted again", all.Output);
        Assert.Equal(0, (await relay.RunAsync("incidents", "show", id)).ExitCode);
        var unknown = await relay.RunAsync("incidents", "show", "i1");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("no incident i1; 'postern incidents list --all'", unknown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_happens_is_followed_filtered_looked_up_and_read_without_a_relay()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "550 5.1.1 User unknown", "nobody@example.test");
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port));
        using var follow = Process.Start(new ProcessStartInfo(PosternProcess.Executable, ["events", "--follow", "--json", "--server", relay.Http.Authority]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            Assert.Equal("relay.started", await NextAsync(follow));
            await using (var client = await RawClient.ConnectAsync(relay.Port))
                Assert.StartsWith("250", await client.SendMailAsync(Message, "a@example.test", to: "nobody@example.test"), StringComparison.Ordinal);
            Assert.Equal("message.bounced", await NextAsync(follow));
            await relay.WaitForQueueAsync(0);

            var bounced = await relay.RunAsync("events", "--type", "message.*");
            Assert.Matches(@"^ +2  \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  message\.bounced +\w{13}: from a@example\.test: nobody@example\.test, recipient-unknown: 550 5\.1\.1 User unknown\s*$", bounced.Output);
            Assert.Equal((0, ""), ((await relay.RunAsync("events", "--since", "2")) is var none ? (none.ExitCode, none.Output.Trim()) : default));
            Assert.Contains("relay.started", (await relay.RunAsync("events", "--since", "1h")).Output, StringComparison.Ordinal);
            var wrong = await relay.RunAsync("events", "--type", "incident.open");
            Assert.Equal(2, wrong.ExitCode);
            Assert.Contains("did you mean incident.opened?", wrong.Output, StringComparison.Ordinal);

            await relay.SignalAsync("TERM");
            Assert.Equal("relay.stopped", await NextAsync(follow));
            await relay.WaitForExitAsync(Patience);
            var gone = await relay.RunAsync("events");
            Assert.Equal(3, gone.ExitCode);
            Assert.Contains("--data FOLDER", gone.Output, StringComparison.Ordinal);
            var offline = await relay.RunAsync("events", "--data", relay.Data, "--json");
            string[] types = [.. offline.Output.Trim().Split('\n').Select(l => JsonDocument.Parse(l).RootElement.GetProperty("type").GetString()!)];
            Assert.Equal(["relay.started", "message.bounced", "relay.stopped"], types);

            // The one that follows is still there, and goes on with the next life of the relay.
            await relay.StartAsync();
            Assert.Equal("relay.started", await NextAsync(follow));
        }
        finally
        {
            follow.Kill();
        }
    }

    [Fact]
    public async Task A_webhook_that_fails_is_in_status_api_and_metrics_and_not_its_path()
    {
        await using var sink = new RecordingSink();
        int nobody = LoopbackPorts.Take();
        await using var relay = await PosternProcess.StartAsync(string.Create(CultureInfo.InvariantCulture, $"{PosternProcess.To(sink.Port)}[[webhook]]\nname = \"ops\"\nurl = \"http://127.0.0.1:{nobody}/very/secret\"\n"));
        var status = await UntilAsync(relay, r => r.Output.Contains("webhook    ops", StringComparison.Ordinal), "status");
        Assert.Matches(@"webhook    ops \(http://127\.0\.0\.1:\d+\) takes nothing for \w+: .*refused.*; \d+ tr(y|ies), next in \w+; 1 event wait", status.Output);
        using var http = new HttpClient { BaseAddress = relay.Http };
        string webhooks = await http.GetStringAsync("api/v1/webhooks");
        Assert.Contains("\"waiting\":1", webhooks, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", webhooks, StringComparison.Ordinal);
        string metrics = await http.GetStringAsync("metrics");
        Assert.True(PosternProcess.Metric(metrics, "postern_webhook_lag_seconds", "ops") > 0, metrics);
        Assert.Equal(1, PosternProcess.Metric(metrics, "postern_webhook_waiting", "ops"));
        Assert.Equal(1, PosternProcess.Metric(metrics, "postern_events_published_total", "relay.started"));
        Assert.True(PosternProcess.Metric(metrics, "postern_webhook_posts_total", "failed") >= 1);
    }

    private static async Task SendAsync(PosternProcess relay, int count)
    {
        await using var client = await RawClient.ConnectAsync(relay.Port);
        for (int i = 0; i < count; i++) Assert.StartsWith("250 2.0.0", await client.SendMailAsync(Message), StringComparison.Ordinal);
    }

    private static async Task<ProgramResult> UntilAsync(PosternProcess relay, Func<ProgramResult, bool> condition, params string[] command)
    {
        using var late = new CancellationTokenSource(Patience, TimeProvider.System);
        ProgramResult result;
        do
        {
            result = await relay.RunAsync(command);
            if (condition(result)) return result;
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, CancellationToken.None);
        }
        while (!late.IsCancellationRequested);
        throw new TimeoutException($"waited in vain; last seen: {result.Output}\n{relay.Log}");
    }

    /// <summary>Type of the next event.</summary>
    private static async Task<string> NextAsync(Process follow)
    {
        string line = await follow.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? throw new InvalidOperationException("the command ended: " + await follow.StandardError.ReadToEndAsync());
        return JsonDocument.Parse(line).RootElement.GetProperty("type").GetString()!;
    }
}
