using System.Globalization;
using System.Net;
using Postern.Lab.Daemons;

namespace Postern.EndToEndTests.Relay;

/// <summary>
/// The built <c>postern</c> executable run as an operator runs it: a configuration file, a data folder, loopback ports. It can be killed, restarted on
/// the same data, reloaded, and asked through its own command line and HTTP address.
/// </summary>
internal sealed class PosternProcess : Daemon
{
    private string _settings;

    /// <param name="settings">TOML after the [server] table and the first [[listener]], which are written here.</param>
    /// <param name="listener">Further keys of that listener, one on a line.</param>
    /// <param name="server">Further keys of [server].</param>
    /// <param name="data">Data folder; one in the scratch folder when null.</param>
    public PosternProcess(string settings, string listener = "", string server = "", string? data = null) : base("relay")
    {
        Data = data ?? PathOf("data");
        _settings = settings;
        Listener = listener;
        Server = server;
    }

    public static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "postern.exe" : "postern");

    public int Port { get; } = LoopbackPorts.Take();
    public int HttpPort { get; } = LoopbackPorts.Take();
    public string Data { get; }
    public string ConfigFile => PathOf("postern.toml");
    public Uri Http => new($"http://127.0.0.1:{HttpPort.ToString(CultureInfo.InvariantCulture)}/");
    private string Listener { get; }
    private string Server { get; }

    /// <summary>Further variables of its environment; for the next start.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    protected override IReadOnlyDictionary<string, string> Environment => Variables;

    protected override IReadOnlyList<string> Command => [Executable, "serve", "--config", ConfigFile];

    /// <summary>A pool of one upstream on loopback without TLS, with quick retries: what most tests need.</summary>
    public static string To(int port, string delivery = "", string upstream = "tls = \"none\"") => string.Create(CultureInfo.InvariantCulture, $"""
        [delivery]
        retry = ["1s"]
        {delivery}
        [[upstream]]
        name = "up"
        address = "127.0.0.1:{port}"
        {upstream}
        [[route]]
        upstreams = ["up"]

        """);

    /// <summary>Explains without looking anywhere: a test's upstream counts its connections, and nothing beyond this machine is to be asked.</summary>
    private const string Quiet = "[diagnosis]\nprobe = false\ncontrols = []\nbuiltin_blocklists = false\n";

    public static async Task<PosternProcess> StartAsync(string settings, string listener = "", string server = "", string? data = null)
    {
        var relay = new PosternProcess(settings, listener, server, data);
        try
        {
            await relay.StartAsync();
            return relay;
        }
        catch
        {
            await relay.DisposeAsync();
            throw;
        }
    }

    protected override Task PrepareAsync()
    {
        WriteConfig(_settings);
        return Task.CompletedTask;
    }

    protected override Task<bool> IsReadyAsync(CancellationToken cancel) =>
        Listener.Contains("implicit", StringComparison.Ordinal) ? IsOpenAsync(IPAddress.Loopback, Port, cancel) : GreetsAsync(IPAddress.Loopback, Port, cancel);

    /// <summary>For settings that name files of the scratch folder: before the first start.</summary>
    public void UseSettings(string settings) => _settings = settings;

    /// <summary>Writes another configuration; in force after the next start or <see cref="SignalAsync"/> of HUP.</summary>
    public void WriteConfig(string settings)
    {
        _settings = settings;
        string path = PathOf("postern.toml.new");
        File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"""
            [server]
            hostname = "relay.test"
            data = "{Data}"
            http = "127.0.0.1:{HttpPort}"
            {Server}
            [[listener]]
            address = "127.0.0.1:{Port}"
            {Listener}
            {settings}
            {(settings.Contains("[diagnosis]", StringComparison.Ordinal) ? "" : Quiet)}
            """));
        File.Move(path, ConfigFile, overwrite: true);
    }

    /// <summary>Writes a file into the scratch folder and returns its path.</summary>
    public string WriteFile(string name, string text) => Write(name, text);

    /// <summary>SIGKILL, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        await SignalAsync("KILL");
        await WaitForExitAsync(TimeSpan.FromSeconds(10));
    }

    /// <summary>Runs the command line: <c>serve</c> and <c>config</c> with this relay's configuration, the others talk to this relay.</summary>
    public Task<ProgramResult> RunAsync(params IReadOnlyList<string> arguments) => RunningProgram.RunAsync(
        Executable, arguments[0] switch
        {
            "serve" or "config" or "check" or "doctor" => [.. arguments, "--config", ConfigFile],
            "explain" => arguments,
            _ => [.. arguments, "--server", $"127.0.0.1:{HttpPort.ToString(CultureInfo.InvariantCulture)}"],
        }, environment: Variables);

    /// <summary>Waits until that many messages are in its queue, by its own word.</summary>
    public async Task WaitForQueueAsync(long count, TimeSpan? limit = null)
    {
        using var client = new HttpClient { BaseAddress = Http };
        using var late = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(20), TimeProvider.System);
        string seen = "";
        while (!late.IsCancellationRequested)
        {
            try
            {
                using var status = System.Text.Json.JsonDocument.Parse(seen = await client.GetStringAsync("api/v1/status"));
                if (status.RootElement.GetProperty("queue").GetProperty("messages").GetInt64() == count) return;
            }
            catch (HttpRequestException e)
            {
                seen = e.Message;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
        throw new TimeoutException($"the queue did not come to {count} messages; last seen: {seen}\n{Log}");
    }

    /// <summary>Sum of a metric's samples over its labels; null when it has none.</summary>
    public static double? Metric(string text, string name, string label = "")
    {
        double? sum = null;
        foreach (string line in text.Split('\n'))
        {
            if (!line.StartsWith(name, StringComparison.Ordinal) || line.Length == name.Length || line[name.Length] is not ('{' or ' ')) continue;
            if (!line.Contains(label, StringComparison.Ordinal)) continue;
            string value = line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[line.Contains('}') ? 0 : 1];
            sum = (sum ?? 0) + double.Parse(value, CultureInfo.InvariantCulture);
        }
        return sum;
    }
}
