using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Postern.EndToEndTests.Mail;
using Postern.Lab.Daemons;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Relay;

/// <summary>An upstream in each kind of trouble, and everywhere that the relay speaks of it.</summary>
public sealed partial class DiagnosisTests
{
    private const string Probing = "[diagnosis]\ncontrols = []\nbuiltin_blocklists = false\n";
    private static readonly byte[] Message = Encoding.ASCII.GetBytes("Subject: x\r\n\r\nx\r\n");

    [Fact]
    public async Task A_listed_address_is_named_in_log_why_and_incidents_and_bounces_nothing()
    {
        await using var peer = new ScriptedPeer("S: 554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using zen.spamhaus.org; https://check.spamhaus.org/query/ip/192.0.2.10");
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(peer.Port) + Probing);
        string id = await SendAsync(relay);
        string line = await LogLineAsync(relay, "attempt id=" + id);
        Assert.Contains(" cause=ip-reputation confidence=0.", line);
        Assert.DoesNotContain("outcome=bounced", line);
        Assert.Contains("incident opened", relay.Log);

        var why = await relay.RunAsync("why", id);
        Assert.Contains("ip-reputation at 127.0.0.1", why.Output);
        Assert.Contains("zen.spamhaus.org", why.Output);
        Assert.Contains("What to do", why.Output);

        using var incidents = await ApiAsync(relay, "api/v1/incidents");
        var incident = incidents.RootElement.GetProperty("incidents")[0];
        Assert.Equal(("up", "ip-reputation", 1L), (incident.GetProperty("upstream").GetString(), incident.GetProperty("cause").GetString(), incident.GetProperty("waiting").GetInt64()));
        var verdict = incident.GetProperty("diagnosis").GetProperty("verdict");
        Assert.Equal("us", verdict.GetProperty("who").GetString());
        Assert.Equal("causes/ip-reputation", verdict.GetProperty("page").GetString());

        var status = await relay.RunAsync("status");
        Assert.Contains("INCIDENT   up: ip-reputation for ", status.Output);
        using var diagnoses = await ApiAsync(relay, "api/v1/diagnoses?upstream=up");
        Assert.Equal("up", diagnoses.RootElement.GetProperty("diagnoses")[0].GetProperty("upstream").GetString());
        Assert.Contains("postern_attempt_failures_total{", await MetricsAsync(relay), StringComparison.Ordinal);
        Assert.Contains("cause=\"ip-reputation\"", await MetricsAsync(relay), StringComparison.Ordinal);
        Assert.Equal(1, PosternProcess.Metric(await MetricsAsync(relay), "postern_incidents_open", "ip-reputation"));
    }

    [Fact]
    public async Task A_limit_is_told_from_a_fault()
    {
        await using var peer = new ScriptedPeer("S: 421 4.7.0 mx.example.test Error: too many connections from 127.0.0.1");
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(peer.Port));
        string id = await SendAsync(relay);
        Assert.Contains(" cause=rate-limited ", await LogLineAsync(relay, "attempt id=" + id));
    }

    [Fact]
    public async Task A_closed_port_is_an_incident_that_ends_when_mail_is_taken_again()
    {
        await using var sink = new RecordingSink();
        await sink.GoDownAsync();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port, "retry_jitter_percent = 0"));
        string id = await SendAsync(relay);
        string line = await LogLineAsync(relay, "attempt id=" + id);
        Assert.Matches(@" cause=(upstream-down|unknown|upstream-firewall) ", line);
        sink.GoUp();
        await sink.WaitAsync(1, TimeSpan.FromSeconds(30));
        await LogLineAsync(relay, "incident closed");
        using var incidents = await ApiAsync(relay, "api/v1/incidents?all=true");
        var incident = incidents.RootElement.GetProperty("incidents")[0];
        Assert.Equal("mail is accepted again", incident.GetProperty("settled").GetString());
        Assert.True(incident.TryGetProperty("closed_at", out _));
    }

    [Fact]
    public async Task An_unknown_recipient_comes_back_with_what_it_means_and_what_to_do()
    {
        await using var sink = new RecordingSink();
        await using var senders = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "550 5.1.1 <nobody@example.test>: Recipient address rejected: User unknown in virtual mailbox table");
        await using var relay = await PosternProcess.StartAsync($$"""
            [[upstream]]
            name = "up"
            address = "127.0.0.1:{{sink.Port}}"
            tls = "none"
            [[upstream]]
            name = "home"
            address = "127.0.0.1:{{senders.Port}}"
            tls = "none"
            [[route]]
            match = { recipient_domain = ["sender.test"] }
            upstreams = ["home"]
            [[route]]
            upstreams = ["up"]

            """);
        string id = await SendAsync(relay, "alice@sender.test", "nobody@example.test");
        Assert.Contains(" cause=recipient-unknown confidence=", await LogLineAsync(relay, "attempt id=" + id));
        string text = (await senders.WaitAsync(1))[0].Text;
        Assert.Contains("That means (recipient-unknown; ", text);
        Assert.Contains("What you can do:", text);
        Assert.Contains("Why that works: ", text);
        using var incidents = await ApiAsync(relay, "api/v1/incidents");
        Assert.Equal(0, incidents.RootElement.GetProperty("incidents").GetArrayLength());
    }

    [Fact]
    public async Task An_inline_client_hears_the_cause_in_one_sentence()
    {
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(LoopbackPorts.Take(), "mode = \"inline\""));
        await using var client = await RawClient.ConnectAsync(relay.Port);
        string reply = await client.SendMailAsync(Message);
        Assert.StartsWith("451-4.4.1 Upstream not available: ", reply);
        Assert.Matches("\n451 4\\.4\\.1 Cause: [a-z-]+\\. [A-Z0-9].*[.…]", reply);
        Assert.All(reply.Split('\n'), line => Assert.InRange(line.Length, 1, 510));
        // The gate is closed now: the client hears what closed it.
        Assert.StartsWith("250", await client.SayAsync("RSET"));
        string again = await client.SendMailAsync(Message);
        Assert.Contains("\n451 4.4.1 Cause: ", again);
    }

    [Fact]
    public async Task A_destination_is_checked_by_command_and_by_api()
    {
        await using var sink = new RecordingSink();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port));
        var good = await relay.RunAsync("check", "up", "--json");
        using var report = JsonDocument.Parse(good.Output);
        Assert.Equal((0, "none"), (good.ExitCode, report.RootElement.GetProperty("verdict").GetProperty("cause").GetString()));
        Assert.Empty(sink.Messages);
        using var same = await ApiAsync(relay, "api/v1/check?target=up");
        Assert.Equal("none", same.RootElement.GetProperty("verdict").GetProperty("cause").GetString());

        await sink.GoDownAsync();
        var bad = await relay.RunAsync("check", "up");
        Assert.Contains(bad.ExitCode, (int[])[1, 3]);
        Assert.Contains("connect", bad.Output);
        Assert.Contains("It might also be", bad.Output);
    }

    private static async Task<string> SendAsync(PosternProcess relay, string from = "a@example.test", string to = "b@example.test")
    {
        await using var client = await RawClient.ConnectAsync(relay.Port);
        string reply = await client.SendMailAsync(Message, from, to: to);
        Assert.StartsWith("250 2.0.0", reply);
        return QueueId().Match(reply).Value;
    }

    private static async Task<string> LogLineAsync(PosternProcess relay, string part)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        while (!late.IsCancellationRequested)
        {
            if (relay.Log.Split('\n').FirstOrDefault(l => l.Contains(part, StringComparison.Ordinal)) is { } line) return line;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
        throw new TimeoutException($"no line of the log has \"{part}\":\n{relay.Log}");
    }

    private static async Task<JsonDocument> ApiAsync(PosternProcess relay, string path)
    {
        using var client = new HttpClient { BaseAddress = relay.Http };
        return JsonDocument.Parse(await client.GetStringAsync(path));
    }

    private static async Task<string> MetricsAsync(PosternProcess relay)
    {
        using var client = new HttpClient { BaseAddress = relay.Http };
        return await client.GetStringAsync("metrics");
    }

    [GeneratedRegex("\\b[0-9a-hjkmnp-tv-z]{13}\\b")]
    private static partial Regex QueueId();
}
