using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Postern.Lab.Daemons;
using Postern.Lab.Servers;

namespace Postern.Lab.Running;

/// <summary>Runs the built <c>postern</c> on our host of a lab, as a user without any right, and fetches its diagnosis.</summary>
internal sealed class PosternRun(RunningLab lab, string executable)
{
    private const string Nobody = "65534";
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3), Grace = TimeSpan.FromSeconds(30);

    private string ConfigFile => Path.Combine(lab.Folder, "postern.toml");

    /// <param name="Diagnosis">Null when there was none.</param>
    /// <param name="Seconds">Until it was there.</param>
    /// <param name="Trouble">What went wrong with the program itself.</param>
    public readonly record struct Outcome(JsonObject? Diagnosis, double Seconds, string? Trouble);

    public async Task<Outcome> RunAsync(CancellationToken cancel)
    {
        await PrepareAsync();
        return lab.Scenario.Probe == Scenarios.ProbeKind.Check ? await CheckAsync() : await RelayAsync(cancel);
    }

    /// <summary>What a person reads: <c>postern check</c>, or <c>postern why</c> of a message that waits for it, or of the reply when none waits any more; on a terminal of 100 columns.</summary>
    /// <exception cref="InvalidOperationException">Nothing failed as the scenario says.</exception>
    public async Task<Shown> ShowAsync(CancellationToken cancel)
    {
        await PrepareAsync();
        if (lab.Scenario.Probe == Scenarios.ProbeKind.Check)
            return new Shown($"postern check {lab.Scenario.Target}", await OnTerminalAsync("check", lab.Scenario.Target, "--config", ConfigFile));
        await using var relay = await SupervisedProcess.StartAsync(Command("serve", "--config", ConfigFile), lab.Folder, null, cancel);
        var (ids, outcome) = await SendAsync(relay, cancel);
        using var http = Http();
        foreach (string id in ids)
        {
            string details = await GetAsync(http, $"api/v1/queue/{id}", cancel);
            if (DiagnosisJson.Find(details) is { } found && DiagnosisJson.CauseOf(found) == lab.Scenario.Cause) return new Shown($"postern why {id}", await OnTerminalAsync("why", id, "--server", Server));
        }
        // A message that was bounced is gone; the reply that refused it is in the log and in the bounce.
        if (outcome.Diagnosis is { } diagnosis && DiagnosisJson.Evidence(diagnosis).FirstOrDefault(e => e.Id == "reply." + lab.Scenario.Cause).Observed?.Split("they said: ", 2) is [_, var reply])
            return new Shown($"postern explain \"{reply}\"", await OnTerminalAsync("explain", reply));
        throw new InvalidOperationException($"no message of {string.Join(", ", ids)} has the cause {lab.Scenario.Cause}{(outcome.Trouble is { } trouble ? ": " + trouble : "")}");
    }

    /// <param name="Command">As an operator would type it.</param>
    /// <param name="Screen">What then stands there.</param>
    public readonly record struct Shown(string Command, string Screen);

    private static string Server => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{PosternSettings.HttpPort}");

    private async Task<string> OnTerminalAsync(params string[] arguments)
    {
        // script makes the terminal; with colours, because a program that may not use them cannot redraw lines either.
        string command = string.Join(' ', Command(arguments).Select(a => $"'{a.Replace("'", "'\\''", StringComparison.Ordinal)}'")), printed = Path.Combine(lab.Folder, "printed");
        await RunningProgram.RunAsync("sh", ["-c", "script -qec \"$1\" /dev/null >\"$2\"", "sh", $"stty cols 100 rows 80; exec {command}", printed],
            environment: new Dictionary<string, string> { ["TERM"] = "xterm-256color", ["NO_COLOR"] = "", ["LANG"] = "C.UTF-8" });
        return TerminalScreen.After(await File.ReadAllTextAsync(printed));
    }

    private async Task PrepareAsync()
    {
        File.WriteAllText(ConfigFile, PosternSettings.Of(lab.Scenario, lab.Folder));
        File.WriteAllText(Path.Combine(lab.Folder, "authority.pem"), ServerCertificates.AuthorityPem);
        string data = Path.Combine(lab.Folder, "data");
        Directory.CreateDirectory(data);
        await RunningProgram.RunAsync("chown", [Nobody + ":" + Nobody, data]);
    }

    private IReadOnlyList<string> Command(params IReadOnlyList<string> arguments) => lab.Net["cl"].Command(
        ["setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--",
        "env", "-C", lab.Folder, "HOME=" + lab.Folder, "SSL_CERT_FILE=" + Path.Combine(lab.Folder, "authority.pem"), "SSL_CERT_DIR=/nonexistent", executable, .. arguments]);

    private async Task<Outcome> CheckAsync()
    {
        var command = Command("check", lab.Scenario.Target, "--json", "--config", ConfigFile);
        long began = Stopwatch.GetTimestamp();
        try
        {
            var result = await RunningProgram.RunAsync(command[0], [.. command.Skip(1)], limit: TimeSpan.FromSeconds(lab.Scenario.LimitSeconds) + Grace);
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            return DiagnosisJson.Find(result.StandardOutput) is { } diagnosis
                ? new Outcome(diagnosis, seconds, null)
                : new Outcome(null, seconds, $"exit code {result.ExitCode}, no diagnosis: {Shortened(result.Output)}");
        }
        catch (TimeoutException)
        {
            return new Outcome(null, Stopwatch.GetElapsedTime(began).TotalSeconds, "no end within the limit and thirty seconds more");
        }
    }

    private async Task<Outcome> RelayAsync(CancellationToken cancel)
    {
        await using var relay = await SupervisedProcess.StartAsync(Command("serve", "--config", ConfigFile), lab.Folder, null, cancel);
        return (await SendAsync(relay, cancel)).Outcome;
    }

    /// <summary>Gives the relay its mail and waits for what it says of it.</summary>
    private async Task<(IReadOnlyList<string> Ids, Outcome Outcome)> SendAsync(SupervisedProcess relay, CancellationToken cancel)
    {
        var mail = new MailSender(lab.Net["cl"], new IPEndPoint(IPAddress.Loopback, PosternSettings.SmtpPort));
        if (!await mail.IsThereAsync(TimeSpan.FromSeconds(60), cancel)) return ([], new Outcome(null, 0, "the relay did not start: " + Shortened(relay.Output)));
        long began = Stopwatch.GetTimestamp();
        var ids = new List<string>();
        foreach (var spec in lab.Scenario.Mail) ids.AddRange(await mail.SendAsync(spec, cancel));
        using var http = Http();
        JsonObject? last = null;
        double lastSeconds = 0;
        while (Stopwatch.GetElapsedTime(began).TotalSeconds is var seconds && seconds < lab.Scenario.LimitSeconds)
        {
            var now = DiagnosisJson.Newest(await GetAsync(http, "api/v1/diagnoses", cancel), lab.Scenario.Target);
            if (now is not null && !DiagnosisJson.SameVerdict(now, last)) lastSeconds = seconds;
            last = now ?? last;
            // What is not yet right may become so: probes report after the first verdict. The limit ends the wait.
            if (last is not null && seconds - lastSeconds > Settling.TotalSeconds && ScenarioRun.Judge(lab.Scenario, last, lastSeconds, null).IsSound) break;
            if (last is null && lab.Scenario.Cause == "none" && DiagnosisJson.IsQueueEmpty(await GetAsync(http, "api/v1/status", cancel)) && seconds > Settling.TotalSeconds) return (ids, new Outcome(DiagnosisJson.None(lab.Scenario.Target), seconds, null));
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancel);
        }
        if (last is null && ids.Count > 0)
        {
            var why = Command("why", ids[0], "--json", "--server", Server);
            last = DiagnosisJson.Find((await RunningProgram.RunAsync(why[0], [.. why.Skip(1)])).StandardOutput);
            lastSeconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        return (ids, new Outcome(last, lastSeconds, last is null ? "no diagnosis of this target: " + Shortened(relay.Output) : null));
    }

    private HttpClient Http() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancel) => new System.Net.Sockets.NetworkStream(await lab.Net["cl"].ConnectAsync(new IPEndPoint(IPAddress.Loopback, PosternSettings.HttpPort), null, cancel), ownsSocket: true),
        UseProxy = false,
    })
    { BaseAddress = new Uri("http://127.0.0.1/"), Timeout = TimeSpan.FromSeconds(5) };

    private static async Task<string> GetAsync(HttpClient http, string path, CancellationToken cancel)
    {
        try
        {
            return await http.GetStringAsync(path, cancel);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            return "";
        }
    }

    private static string Shortened(string text) => text.Length > 2000 ? "…" + text[^2000..] : text.Trim();
}
