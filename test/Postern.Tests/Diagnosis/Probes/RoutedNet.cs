using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Postern.Lab.Daemons;
using Postern.Prober;

namespace Postern.Tests.Diagnosis.Probes;

/// <summary>
/// A client behind three routers from a mail host (198.51.100.25, 2001:db8:4::25), made of network namespaces, with a prober that runs without any privilege at the client.
/// See RoutedNet.sh. Hosts serve 25, 80 and 443, the first router 25. Needs root on Linux; <see cref="Missing"/> says what is not there.
/// </summary>
[CollectionDefinition(Collection)]
public sealed class RoutedNet : IAsyncLifetime, ICollectionFixture<RoutedNet>
{
    public const string Collection = "routed net";

    private const string Family = "pnt";
    private static readonly string Prefix = string.Create(CultureInfo.InvariantCulture, $"{Family}{Environment.ProcessId}-");
    private static readonly string[] Places = ["c", "1", "2", "3", "m", "a"];
    private static readonly string ProberFile = Path.Combine(AppContext.BaseDirectory, "postern-prober.dll");

    private readonly List<Process> _running = [];
    private Process? _prober;
    private bool _laid;

    /// <summary>Why there is no such net here; null when there is.</summary>
    public string? Missing { get; private set; } = Programs.NotRoot ?? Programs.Missing("ip", "nft", "setpriv");

    public async ValueTask InitializeAsync()
    {
        if (Missing is not null) return;
        await SweepAsync();
        _laid = true;
        var (code, output) = await RunAsync("sh", Path.Combine(AppContext.BaseDirectory, "Diagnosis/Probes/RoutedNet.sh"), Prefix);
        if (code != 0)
        {
            Missing = "network namespaces cannot be made here: " + output.Trim();
            return;
        }

        foreach (string host in (string[])["m", "a", "1"])
        {
            var served = Start(["ip", "netns", "exec", Prefix + host, .. Prober, "serve", .. host == "1" ? (string[])["25"] : ["25", "80", "443"]]);
            Assert.Equal("ready", await served.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)));
        }

        _prober = Start(["ip", "netns", "exec", Prefix + "c", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", .. Prober, "ask"]);
        try
        {
            // Warm, so that tests measure the probes and not their compilation.
            foreach (string probe in (string[])["tcp", "path", "greeting"]) await AskAsync(probe);
        }
        catch (IOException e)
        {
            Missing = "an unprivileged user cannot run the prober here: " + e.Message;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _running)
        {
            process.StandardInput.Close();
            if (!process.WaitForExit(TimeSpan.FromSeconds(5))) process.Kill(entireProcessTree: true);
            process.Dispose();
        }

        if (!_laid) return;
        foreach (string place in Places) await RunAsync("ip", "netns", "delete", Prefix + place);
    }

    internal void SkipWhenMissing()
    {
        if (Missing is { } reason) Assert.Skip("SKIPPED: " + reason);
    }

    /// <summary>Runs a probe at the client. Hosts are "name=address,address".</summary>
    internal async Task<Report> AskAsync(string probe, string[]? hosts = null, int port = 25, string[]? egress = null, string[]? controls = null, double connectSeconds = 2)
    {
        var order = new Order(probe, hosts ?? ["mx.test=198.51.100.25"], port, egress ?? [], controls ?? [], connectSeconds);
        await _prober!.StandardInput.WriteLineAsync(JsonSerializer.Serialize(order));
        await _prober.StandardInput.FlushAsync();
        string? line = await _prober.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return line is null ? throw new IOException(await _prober.StandardError.ReadToEndAsync()) : JsonSerializer.Deserialize<Report>(line)!;
    }

    /// <summary>Lays a rule in a namespace (c, 1, 2, 3, m, a) until the returned object is disposed.</summary>
    /// <param name="hook">"forward", "input", "output" or "prerouting" (address translation).</param>
    internal async Task<IAsyncDisposable> RuleAsync(string place, string hook, string rule)
    {
        string type = hook == "prerouting" ? "type nat hook prerouting priority dstnat" : $"type filter hook {hook} priority filter";
        var (code, output) = await RunAsync("ip", "netns", "exec", Prefix + place, "nft", $"table inet t {{ chain c {{ {type}; {rule}; }}; }}");
        Assert.True(code == 0, output);
        return new Laid(Prefix + place);
    }

    /// <summary>Runs a command in a namespace.</summary>
    internal async Task ExecuteAsync(string place, params string[] command)
    {
        var (code, output) = await RunAsync("ip", ["netns", "exec", Prefix + place, .. command]);
        Assert.True(code == 0, output);
    }

    private static string[] Prober => [Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", ProberFile];

    /// <summary>Namespaces of runs that were killed.</summary>
    private static async Task SweepAsync()
    {
        var (_, list) = await RunAsync("ip", "netns", "list");
        foreach (string name in list.Split('\n').Select(l => l.Split(' ')[0]).Where(n => n.StartsWith(Family, StringComparison.Ordinal)))
        {
            string id = name[Family.Length..].Split('-')[0];
            if (!Directory.Exists("/proc/" + id)) await RunAsync("ip", "netns", "delete", name);
        }
    }

    private Process Start(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        var process = Process.Start(start)!;
        _running.Add(process);
        return process;
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Programs.Find(program) ?? program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }

    private sealed class Laid(string place) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await RunAsync("ip", "netns", "exec", place, "nft", "flush", "ruleset");
    }
}
