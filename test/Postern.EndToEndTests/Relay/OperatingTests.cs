using System.Net;
using System.Text;
using Postern.EndToEndTests.Mail;
using Postern.Lab.Daemons;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Relay;

/// <summary>Starting, reloading, stopping and watching the relay as its operator does.</summary>
public sealed class OperatingTests
{
    private static readonly byte[] Note = "Subject: note\r\n\r\nx\r\n"u8.ToArray();

    [Theory]
    [InlineData("an unknown key", "[delivery]\nretri = [\"1m\"]\n", "retri", "retry")]
    [InlineData("a value out of range", "[queue]\nmin_free = \"1KiB\"\n", "min_free", "16MiB")]
    [InlineData("a route to nowhere", "[[route]]\nupstreams = [\"nobody\"]\n", "nobody", "upstream")]
    [InlineData("no TOML", "[delivery\n", "postern.toml", "")]
    public async Task Bad_configuration_ends_with_code_2_and_says_where_and_how_to_mend_it(string _, string settings, string said, string alsoSaid)
    {
        await using var relay = new PosternProcess("");
        relay.WriteConfig(settings);
        foreach (string[] command in (string[][])[["serve"], ["config", "check"]])
        {
            var result = await relay.RunAsync(command);
            Assert.Equal(2, result.ExitCode);
            Assert.Contains(said, result.Output);
            Assert.Contains(alsoSaid, result.Output);
            Assert.Contains("postern.toml", result.Output);
            Assert.DoesNotContain("   at ", result.Output);
        }
    }

    [Fact]
    public async Task All_mistakes_of_a_configuration_are_said_at_once()
    {
        await using var relay = new PosternProcess("");
        relay.WriteConfig("[delivery]\nretri = [\"1m\"]\nexpire = \"never\"\n[limit]\nmax_errors = 3\n");
        var result = await relay.RunAsync("config", "check");
        Assert.Equal(2, result.ExitCode);
        Assert.All((string[])["retri", "expire", "limit"], key => Assert.Contains(key, result.Output));
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("serve", "--nonsense")]
    [InlineData("queue", "frobnicate")]
    public async Task Bad_command_ends_with_code_2(params string[] arguments)
    {
        var result = await RunningProgram.RunAsync(PosternProcess.Executable, arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.NotEmpty(result.Output);
        Assert.DoesNotContain("   at ", result.Output);
    }

    [Fact]
    public async Task Missing_certificate_ends_with_code_2()
    {
        await using var relay = new PosternProcess("", "tls = \"starttls\"");
        relay.WriteConfig("[tls]\ncertificate = \"/nowhere/chain.pem\"\nkey = \"/nowhere/key.pem\"\n");
        await EndsWithCode2Async(relay, "/nowhere/chain.pem");
    }

    [Fact]
    public async Task Port_in_use_ends_with_code_2_and_names_it()
    {
        await using var first = await PosternProcess.StartAsync(PosternProcess.To(LoopbackPorts.Take()));
        await using var second = new PosternProcess("");
        second.WriteConfig(PosternProcess.To(LoopbackPorts.Take()));
        string config = await File.ReadAllTextAsync(second.ConfigFile);
        await File.WriteAllTextAsync(second.ConfigFile, config.Replace($"127.0.0.1:{second.Port}", $"127.0.0.1:{first.Port}", StringComparison.Ordinal));
        await EndsWithCode2Async(second, $"127.0.0.1:{first.Port}");
    }

    [Fact]
    public async Task Second_process_on_the_same_data_ends_with_code_2_and_the_first_goes_on()
    {
        await using var sink = new RecordingSink();
        await using var first = await PosternProcess.StartAsync(PosternProcess.To(sink.Port));
        await using var second = new PosternProcess(PosternProcess.To(sink.Port), data: first.Data);
        second.WriteConfig(PosternProcess.To(sink.Port));
        await EndsWithCode2Async(second, first.Data);
        await using var client = await RawClient.ConnectAsync(first.Port);
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(Note));
        await sink.WaitAsync(1);
    }

    [Fact]
    public async Task Data_that_cannot_be_used_ends_with_code_2()
    {
        await using var relay = new PosternProcess("", data: "/proc/nowhere");
        relay.WriteConfig(PosternProcess.To(LoopbackPorts.Take()));
        await EndsWithCode2Async(relay, "/proc/nowhere");
    }

    private static async Task EndsWithCode2Async(PosternProcess relay, string said)
    {
        var result = await relay.RunAsync("serve");
        Assert.True(result.ExitCode == 2, $"ended with {result.ExitCode}: {result.Output}");
        Assert.Contains(said, result.Output);
        Assert.DoesNotContain("   at ", result.Output);
    }

    [Fact]
    public async Task Reload_keeps_a_session_alive_and_changes_the_route()
    {
        await using var before = new RecordingSink();
        await using var after = new RecordingSink();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(before.Port));
        await using var client = await RawClient.ConnectAsync(relay.Port);
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(Note));
        await before.WaitAsync(1);
        await client.SayAsync("MAIL FROM:<a@example.test>");

        relay.WriteConfig(PosternProcess.To(after.Port));
        await relay.SignalAsync("HUP");
        await Task.Delay(1000);
        Assert.StartsWith("250", await client.SayAsync("RCPT TO:<b@example.test>"));
        Assert.StartsWith("250", await client.SayAsync("RSET"));
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(Note));
        await after.WaitAsync(1);
        Assert.Single(before.Messages);
    }

    [Fact]
    public async Task Reloads_are_counted_by_what_came_of_them()
    {
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(LoopbackPorts.Take()));
        await relay.SignalAsync("HUP");
        for (int tries = 0; tries < 100 && !relay.Log.Contains("configuration applied", StringComparison.Ordinal); tries++) await Task.Delay(50);
        relay.WriteConfig("[delivery\n");
        await relay.SignalAsync("HUP");
        for (int tries = 0; tries < 100 && !relay.Log.Contains("configuration refused", StringComparison.Ordinal); tries++) await Task.Delay(50);
        using var http = new HttpClient { BaseAddress = relay.Http };
        string metrics = await http.GetStringAsync("metrics");
        Assert.Contains("result=\"applied\"} 1", metrics);
        Assert.Contains("result=\"refused\"} 1", metrics);
    }

    [Fact]
    public async Task Key_of_another_certificate_ends_with_code_2_and_the_check_finds_it_too()
    {
        string folder = Directory.CreateTempSubdirectory("postern-key-").FullName;
        try
        {
            string certificate = Path.Combine(folder, "one.pem"), key = Path.Combine(folder, "two.key");
            File.WriteAllText(certificate, LabCertificates.Issue(["one.test"]).ExportCertificatePem());
            using var other = System.Security.Cryptography.RSA.Create(2048);
            File.WriteAllText(key, other.ExportPkcs8PrivateKeyPem());
            await using var relay = new PosternProcess("", "tls = \"starttls\"");
            relay.WriteConfig($"[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n{PosternProcess.To(LoopbackPorts.Take())}");
            await EndsWithCode2Async(relay, key);
            var check = await relay.RunAsync("config", "check");
            Assert.Equal(2, check.ExitCode);
            Assert.Contains("openssl pkey", check.Output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Reload_of_a_bad_configuration_is_refused_whole_and_the_old_one_runs_on()
    {
        await using var sink = new RecordingSink();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port));
        relay.WriteConfig("[delivery]\nretri = [\"1m\"]\n");
        await relay.SignalAsync("HUP");
        await Task.Delay(1000);
        Assert.True(relay.IsRunning);
        Assert.Contains("retri", relay.Log);
        await using var client = await RawClient.ConnectAsync(relay.Port);
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(Note));
        await sink.WaitAsync(1);
    }

    [Fact]
    public async Task Stop_is_graceful_and_bounded_and_loses_nothing()
    {
        await using var sink = new RecordingSink();
        sink.Misbehave(new SinkRule(SinkStage.EndOfData, SinkFault.Hang));
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port), server: "stop_timeout = \"2s\"");
        await using var idle = await RawClient.ConnectAsync(relay.Port);
        await using var client = await RawClient.ConnectAsync(relay.Port);
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(Note));
        await Task.Delay(500);
        long began = Environment.TickCount64;
        await relay.SignalAsync("TERM");
        Assert.StartsWith("421", await idle.ReadReplyAsync());
        Assert.Equal(0, await relay.WaitForExitAsync(TimeSpan.FromSeconds(10)));
        Assert.InRange(Environment.TickCount64 - began, 0, 6000);

        sink.Behave();
        await relay.StartAsync();
        await sink.WaitAsync(1);
        await relay.WaitForQueueAsync(0);
    }

    [Fact]
    public async Task Signal_at_any_moment_of_the_start_is_a_stop_in_good_order()
    {
        await using var relay = new PosternProcess("");
        // The warning is said when signals are listened to, and before the HTTP server starts.
        relay.WriteConfig(PosternProcess.To(LoopbackPorts.Take()) + "[diagnosis]\nenabled = false\nprobe = true\n");
        for (int afterMs = 0; afterMs < 700; afterMs += 70)
        {
            await using var process = await SupervisedProcess.StartAsync([PosternProcess.Executable, "serve", "--config", relay.ConfigFile], relay.Folder, null, TestContext.Current.CancellationToken);
            for (int tries = 0; tries < 2000 && !process.Output.Contains("configuration warning", StringComparison.Ordinal); tries++) await Task.Delay(5);
            await Task.Delay(afterMs);
            await process.SignalAsync("TERM");
            Assert.True(await process.WaitAsync(TimeSpan.FromSeconds(20)), $"{afterMs} ms: {process.Output}");
            Assert.True(process.ExitCode == 0, $"{afterMs} ms: code {process.ExitCode}: {process.Output}");
            Assert.True(process.Output.Contains("stopping signal=SIGTERM", StringComparison.Ordinal) || process.Output.Contains("stopped before the start was over signal=SIGTERM", StringComparison.Ordinal), process.Output);
            Assert.DoesNotContain("   at ", process.Output);
        }
    }

    [Fact]
    public async Task Health_and_metrics_tell_how_it_is()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "450 4.2.1 later", "later@example.test");
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port));
        await using var client = await RawClient.ConnectAsync(relay.Port);
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(Note));
        Assert.StartsWith("250 2.0.0", await client.SendMailAsync(Note, to: "later@example.test"));
        Assert.StartsWith("5", await client.SayAsync("MAIL FROM:<nonsense"));
        await sink.WaitAsync(1);
        await relay.WaitForQueueAsync(1);

        using var http = new HttpClient { BaseAddress = relay.Http };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("health/live")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("health/ready")).StatusCode);
        // One message is left as soon as the other is delivered; that it was tried and waits again comes a moment later.
        string metrics = await http.GetStringAsync("metrics");
        for (int i = 0; i < 100 && !(metrics.Contains("outcome=\"deferred\",stage=\"rcpt\"} 1", StringComparison.Ordinal) && PosternProcess.Metric(metrics, "postern_destination_depth") == 1); i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            metrics = await http.GetStringAsync("metrics");
        }
        Assert.True(PosternProcess.Metric(metrics, "postern_destination_depth") == 1, metrics);
        Assert.True(PosternProcess.Metric(metrics, "postern_queue_messages") == 1, metrics);
        Assert.True(PosternProcess.Metric(metrics, "postern_queue_disk_free_bytes") > 0, metrics);
        // The command that was refused, not the last one of the pipeline.
        Assert.Contains("outcome=\"deferred\",stage=\"rcpt\"} 1", metrics);
        PrometheusText.Check(metrics);
    }

    [Fact]
    public async Task Pickup_folder_sends_what_is_put_there_and_sets_bad_files_aside_with_the_reason()
    {
        await using var sink = new RecordingSink();
        string folder = Directory.CreateTempSubdirectory("postern-pickup-").FullName;
        try
        {
            await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port) + $"[pickup]\nfolder = \"{folder}\"\ninterval = \"1s\"\n");
            await DropAsync(folder, "good.eml", "X-Sender: boss@example.test\r\nX-Receiver: b@example.test\r\nX-Receiver: c@example.test\r\nFrom: x@example.test\r\nSubject: picked up\r\n\r\nhello\r\n");
            await DropAsync(folder, "headers.eml", "From: Alice <alice@example.test>\r\nTo: Bob <bob@example.test>\r\nSubject: from headers\r\n\r\nhello\r\n");
            await DropAsync(folder, "bad.eml", "Subject: to nobody\r\n\r\nhello\r\n");
            var messages = await sink.WaitAsync(2);
            var first = Assert.Single(messages, m => m.From == "boss@example.test");
            Assert.Equal(["b@example.test", "c@example.test"], first.Recipients);
            Assert.DoesNotContain("X-Receiver", first.Text);
            Assert.Equal(["bob@example.test"], Assert.Single(messages, m => m.From == "alice@example.test").Recipients);
            for (int tries = 0; tries < 100 && Directory.GetFiles(folder, "*.eml").Length > 0; tries++) await Task.Delay(100);
            Assert.Empty(Directory.GetFiles(folder, "*.eml"));
            Assert.Equal(2, Directory.GetFiles(Path.Combine(folder, "sent"), "*.eml").Length);
            Assert.True(Directory.GetFiles(Path.Combine(folder, "bad")).Length >= 2, "the bad file and its reason");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task DropAsync(string folder, string name, string text)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, name + ".part"), text, Encoding.ASCII);
        File.Move(Path.Combine(folder, name + ".part"), Path.Combine(folder, name));
    }
}
