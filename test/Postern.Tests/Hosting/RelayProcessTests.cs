using System.Net;
using System.Text;
using Postern.Cli;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Submission;
using Postern.Diagnosis.Evidence;
using Postern.Hosting;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Hosting;

/// <summary>The real process (HTTP server, logs, reload, stop) around a store of canned answers.</summary>
public sealed class RelayProcessTests
{
    private readonly MemoryStore _store = new();
    private readonly MemoryStream _log = new();
    private readonly List<PosternConfig> _applied = [];

    private async Task<T> WhileRunning<T>(Func<string, Task<T>> use, string http = "127.0.0.1:0")
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var started = new TaskCompletionSource<string>();
        var process = new RelayProcess(() => Load(http), null, Start, new Output(new StringWriter(), new StringWriter(), false), TimeProvider.System);
        var running = process.RunAsync(_log, (_, address) => started.TrySetResult(address), stop.Token);
        if (await Task.WhenAny(started.Task, running) == running) await running;
        var result = await use(new Uri(await started.Task).Authority);
        await stop.CancelAsync();
        Assert.Equal(0, await running);
        return result;
    }

    private Task<RunningRelay> Start(PosternConfig config, Microsoft.Extensions.Logging.ILoggerFactory logs, CancellationToken cancel) =>
        Task.FromResult(new RunningRelay(_store, () => ["127.0.0.1:2525"], () => [], (next, _) =>
        {
            _applied.Add(next);
            return Task.CompletedTask;
        }, _ => Task.CompletedTask));

    private static ConfigResult Load(string http) => new ConfigLoader(new ConfigSurroundings(_ => null, [], Path.GetTempPath()))
        .LoadText($"[server]\nhostname = \"relay.example.net\"\nhttp = \"{http}\"\n[[upstream]]\nname = \"a\"\naddress = \"smtp.example.com:587\"\n", "postern.toml", []);

    private static async Task<(int Exit, string Out, string Error)> Command(string server, params string[] args)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int exit = await new CommandTree(new Output(output, error, false), TimeProvider.System).RunAsync([.. args, "--server", server], TestContext.Current.CancellationToken);
        return (exit, output.ToString(), error.ToString());
    }

    private MessageId Add(ClientStage stage = ClientStage.Rcpt)
    {
        Assert.True(MessageId.TryParse("01kb2d3e4f5g6", out var id));
        var at = TimeProvider.System.GetUtcNow().AddMinutes(-5);
        var failure = new StageFailure(stage, Speaker.Peer, FailureKind.Refused, "refused", SmtpReply.Of(450, "4.7.1", "greylisted"));
        var summary = new MessageSummary(id, "app@example.net", at, 4096, QueueState.Deferred, 1, 1, ["pool:a"], 2, at.AddHours(1), "450 4.7.1 greylisted");
        var envelope = new QueuedEnvelope { From = new MailPath("app@example.net"), Recipients = [], Origin = new MessageOrigin { Listener = "127.0.0.1:2525", ClientAddress = "127.0.0.1" }, AcceptedAt = at, ExpiresAt = at.AddDays(5) };
        var attempt = new AttemptEvidence { At = at, Destination = "pool:a", Upstream = "a", Target = "smtp.example.com[192.0.2.1]:587", Failure = failure, Transcript = [new TranscriptLine(true, 12, "450 4.7.1 greylisted")] };
        _store.Messages.Add(new MessageDetails(summary, envelope, [new RecipientDetails("you@example.org", "pool:a", RecipientStatus.Waiting, "450 4.7.1 greylisted")], [attempt]));
        return id;
    }

    [Fact]
    public async Task Health_metrics_and_status_answer_while_it_runs()
    {
        using var http = new HttpClient();
        var answers = await WhileRunning(async server => new[]
        {
            await http.GetStringAsync($"http://{server}/health/live"),
            await http.GetStringAsync($"http://{server}/health/ready"),
            (await http.GetAsync($"http://{server}/metrics")).StatusCode.ToString(),
            (await Command(server, "status")).Out,
        });
        Assert.Equal("live\n", answers[0]);
        Assert.Equal("""{"ready":true,"problems":[]}""", answers[1]);
        Assert.Equal("OK", answers[2]);
        Assert.StartsWith("relay.example.net  postern ", answers[3], StringComparison.Ordinal);
        string log = Encoding.UTF8.GetString(_log.ToArray());
        Assert.Contains("info  relay started version=", log, StringComparison.Ordinal);
        Assert.Contains("info  relay stopped waiting=0", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_queue_is_not_ready_and_status_says_so()
    {
        _store.Stats = new QueueStats { AcceptsMail = false };
        using var http = new HttpClient();
        var (ready, status) = await WhileRunning(async server => ((await http.GetAsync($"http://{server}/health/ready")).StatusCode, await Command(server, "status")));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready);
        Assert.Equal(ExitCode.ProblemFound, status.Exit);
        Assert.Contains("problem    the queue takes no new mail", status.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_queue_is_listed_and_explained_by_the_commands()
    {
        string id = Add().ToString();
        var (list, why) = await WhileRunning(async server => (await Command(server, "queue", "list"), await Command(server, "why", id)));
        Assert.Matches($"{id} +5m\\w* +deferred +in 5\\w+ +2 +4 KiB +app@example.net +pool:a +450 4.7.1 greylisted", list.Out);
        Assert.Contains("failed    at rcpt: refused", why.Out, StringComparison.Ordinal);
        Assert.Contains("< 450 4.7.1 greylisted", why.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Actions_reach_the_store_with_their_filters()
    {
        Add();
        var result = await WhileRunning(server => Command(server, "queue", "hold", "--sender", "*@example.net", "--older-than", "4h"));
        Assert.Equal((0, "hold: 1 message" + Environment.NewLine, ""), result);
        var (query, action) = Assert.Single(_store.Updates);
        Assert.Equal(QueueAction.Hold, action);
        Assert.Equal("*@example.net", query.Sender);
        Assert.Equal(TimeSpan.FromHours(4), query.OlderThan);
    }

    [Fact]
    public async Task Removing_is_a_command_of_its_own_and_tells_nobody()
    {
        string id = Add().ToString();
        Assert.Equal((0, "remove: 1 message" + Environment.NewLine, ""), await WhileRunning(server => Command(server, "queue", "remove", id)));
        Assert.Equal(QueueAction.Remove, Assert.Single(_store.Updates).Item2);
    }

    [Fact]
    public async Task Stages_have_the_same_words_in_JSON_as_in_logs_and_metrics()
    {
        string id = Add(ClientStage.EndOfData).ToString();
        var why = await WhileRunning(server => Command(server, "why", id, "--json"));
        Assert.Equal(0, why.Exit);
        Assert.Contains("""
            "failure":{"stage":"eod","speaker":"peer"
            """.Trim(), why.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_or_impossible_id_is_one_clear_line()
    {
        var (unknown, wrong) = await WhileRunning(async server => (await Command(server, "why", "01kb2d3e4f5g6"), await Command(server, "queue", "show", "hello")));
        Assert.Equal((1, "", "postern: no message 01kb2d3e4f5g6 in the queue; it was delivered, bounced or removed; the log has its end" + Environment.NewLine), unknown);
        Assert.Equal((2, "", "postern: not a queue id: hello; ids have 13 letters and digits; 'postern queue list' shows them" + Environment.NewLine), wrong);
    }

    [Fact]
    public async Task A_web_page_can_neither_post_actions_nor_come_by_another_name()
    {
        using var http = new HttpClient();
        var (form, rebound) = await WhileRunning(async server =>
        {
            var post = await http.PostAsync($"http://{server}/api/v1/queue/actions", new StringContent("""{"action":"bounce","all":true}""", Encoding.UTF8, "text/plain"));
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{server}/api/v1/status") { Headers = { Host = "evil.example.org" } };
            return (post.StatusCode, (await http.SendAsync(request)).StatusCode);
        });
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, form);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, rebound);
        Assert.Empty(_store.Updates);
    }

    [Theory]
    [InlineData("", "the data folder", "set server.data to a folder that can be written")]
    [InlineData("events", "events cannot be kept in", "give the relay's user the right to write there")]
    [InlineData("spool", "converted messages cannot be kept in", "give the relay's user the right to write there")]
    public async Task A_data_folder_that_cannot_be_used_is_one_line_and_exit_code_2(string part, string said, string mend)
    {
        string folder = Directory.CreateTempSubdirectory("postern-unwritable-").FullName;
        try
        {
            // Below a file nothing can be written, not even by root.
            string data = Path.Combine(folder, "postern", "data"), inTheWay = part.Length == 0 ? Path.GetDirectoryName(data)! : Path.Combine(data, part);
            Directory.CreateDirectory(Path.GetDirectoryName(inTheWay)!);
            await File.WriteAllTextAsync(inTheWay, "", TestContext.Current.CancellationToken);
            var process = new RelayProcess(
                () => new ConfigLoader(new ConfigSurroundings(_ => null, [], folder)).LoadText($"[server]\nhostname = \"relay.example.net\"\ndata = \"postern/data\"\nhttp = \"\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n[[upstream]]\nname = \"a\"\naddress = \"127.0.0.1:9\"\n", Path.Combine(folder, "postern.toml"), []),
                null, RelayComposition.StartAsync, new Output(new StringWriter(), new StringWriter(), false), TimeProvider.System);
            var problem = await Assert.ThrowsAsync<CommandException>(() => process.RunAsync(_log, (_, _) => Assert.Fail("it started"), TestContext.Current.CancellationToken));
            Assert.Equal(ExitCode.WrongUsage, problem.ExitCode);
            Assert.StartsWith($"{said} {Path.Combine(data, part)}", problem.Message, StringComparison.Ordinal);
            Assert.EndsWith(mend, problem.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', problem.Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_signal_while_the_queue_is_read_ends_the_start_in_good_order()
    {
        StopSignals? signals = null;
        var reading = new TaskCompletionSource();
        var process = new RelayProcess(() => Load("127.0.0.1:0"), null, ReadForEver, new Output(new StringWriter(), new StringWriter(), false), TimeProvider.System)
        {
            Listen = reload => signals = new StopSignals(reload),
        };
        var running = process.RunAsync(_log, (_, _) => Assert.Fail("it started"), TestContext.Current.CancellationToken);
        await reading.Task;
        signals!.Stop("SIGTERM");
        Assert.Equal(ExitCode.Good, await running);
        Assert.Contains("info  stopped before the start was over signal=SIGTERM", Encoding.UTF8.GetString(_log.ToArray()), StringComparison.Ordinal);

        async Task<RunningRelay> ReadForEver(PosternConfig config, Microsoft.Extensions.Logging.ILoggerFactory logs, CancellationToken cancel)
        {
            reading.SetResult();
            await Task.Delay(Timeout.Infinite, cancel);
            throw new InvalidOperationException("for ever is over");
        }
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_and_exit_code_2()
    {
        var problem = await WhileRunning(server => Assert.ThrowsAsync<CommandException>(() => WhileRunning(_ => Task.FromResult(0), server)));
        Assert.Equal(2, problem.ExitCode);
        Assert.StartsWith("cannot serve HTTP on 127.0.0.1:", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem.Message);
        Assert.DoesNotContain("   at ", Encoding.UTF8.GetString(_log.ToArray()), StringComparison.Ordinal);
    }
}
