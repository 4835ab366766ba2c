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
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3), Grace = TimeSpan.FromSeconds(10);

    private string ConfigFile => Path.Combine(lab.Folder, "postern.toml");

    /// <param name="Diagnosis">Null when there was none.</param>
    /// <param name="Seconds">Until it was there.</param>
    /// <param name="Trouble">What went wrong with the program itself.</param>
    public readonly record struct Outcome(JsonObject? Diagnosis, double Seconds, string? Trouble);

    public async Task<Outcome> RunAsync(CancellationToken cancel)
    {
        File.WriteAllText(ConfigFile, PosternSettings.Of(lab.Scenario, lab.Folder));
        File.WriteAllText(Path.Combine(lab.Folder, "authority.pem"), ServerCertificates.AuthorityPem);
        string data = Path.Combine(lab.Folder, "data");
        Directory.CreateDirectory(data);
        await RunningProgram.RunAsync("chown", [Nobody + ":" + Nobody, data]);
        return lab.Scenario.Probe == Scenarios.ProbeKind.Check ? await CheckAsync() : await RelayAsync(cancel);
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
            return new Outcome(null, Stopwatch.GetElapsedTime(began).TotalSeconds, "no end within the limit and ten seconds more");
        }
    }

    private async Task<Outcome> RelayAsync(CancellationToken cancel)
    {
        await using var relay = await SupervisedProcess.StartAsync(Command("serve", "--config", ConfigFile), lab.Folder, null, cancel);
        var mail = new MailSender(lab.Net["cl"], new IPEndPoint(IPAddress.Loopback, PosternSettings.SmtpPort));
        if (!await mail.IsThereAsync(TimeSpan.FromSeconds(20), cancel)) return new Outcome(null, 0, "the relay did not start: " + Shortened(relay.Output));
        long began = Stopwatch.GetTimestamp();
        var ids = new List<string>();
        foreach (var spec in lab.Scenario.Mail) ids.AddRange(await mail.SendAsync(spec, cancel));
        using var http = Http();
        JsonObject? last = null;
        double lastSeconds = 0;
        while (Stopwatch.GetElapsedTime(began).TotalSeconds is var seconds && seconds < lab.Scenario.LimitSeconds + (last is null ? 0 : Settling.TotalSeconds))
        {
            if (DiagnosisJson.Newest(await GetAsync(http, "api/v1/diagnoses", cancel), lab.Scenario.Target) is { } now && !DiagnosisJson.SameVerdict(now, last)) (last, lastSeconds) = (now, seconds);
            else if (last is not null && seconds - lastSeconds > Settling.TotalSeconds) break;
            else if (last is null && lab.Scenario.Cause == "none" && DiagnosisJson.IsQueueEmpty(await GetAsync(http, "api/v1/status", cancel)) && seconds > Settling.TotalSeconds) return new Outcome(DiagnosisJson.None(lab.Scenario.Target), seconds, null);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancel);
        }
        if (last is null && ids.Count > 0)
        {
            var why = Command("why", ids[0], "--json", "--server", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{PosternSettings.HttpPort}"));
            last = DiagnosisJson.Find((await RunningProgram.RunAsync(why[0], [.. why.Skip(1)])).StandardOutput);
            lastSeconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        return new Outcome(last, lastSeconds, last is null ? "no diagnosis of this target: " + Shortened(relay.Output) : null);
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
