using System.Globalization;
using System.Net;
using Postern.Benchmarks.Store;

namespace Postern.Benchmarks.Relay;

/// <summary>
/// The whole relay with a great many messages that wait for an upstream which refuses connections: from the start of the process to the greeting, and its
/// memory; after a clean stop and after a kill. The queue is filled by this program beforehand, which is quicker than by SMTP and makes the same files.
/// </summary>
internal static class RelayBenchmark
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    /// <param name="program">The published postern.</param>
    public static async Task<int> RunAsync(string program, string parent, long messages, int bodyBytes)
    {
        string folder = Path.Combine(Path.GetFullPath(parent), $"relay-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            string data = Path.Combine(folder, "data");
            if (messages > 0) await WaitingBenchmark.Report("relay: fill", ["fill", data, WaitingBenchmark.Text(messages), WaitingBenchmark.Text(bodyBytes), "1"]);
            string config = Path.Combine(folder, "postern.toml");
            var (smtp, http) = await WriteConfigAsync(config, data);
            await LifeAsync("relay: start", program, config, smtp, http, messages, kill: true);
            await LifeAsync("relay: start after a kill", program, config, smtp, http, messages, kill: false);
            await LifeAsync("relay: start after a clean stop", program, config, smtp, http, messages, kill: false);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task LifeAsync(string title, string program, string config, IPEndPoint smtp, IPEndPoint http, long messages, bool kill)
    {
        var time = TimeProvider.System;
        long began = time.GetTimestamp();
        await using var relay = await RelayProcess.StartAsync(program, config, smtp, http);
        var greeted = time.GetElapsedTime(began);
        var use = ProcessUse.Of(relay.Id);
        await Task.Delay(Idle, time);
        var later = ProcessUse.Of(relay.Id);
        long waiting = await relay.WaitingAsync();
        if (waiting != messages) throw new InvalidOperationException($"{waiting} messages wait, {messages} should");
        Console.WriteLine($"{title}: greeting after {Show.Seconds(greeted)}, {Show.Count(waiting)} waiting; {use}; {Idle.TotalSeconds:0} s later {later}");
        if (kill) return;
        began = time.GetTimestamp();
        int code = await relay.StopAsync();
        Console.WriteLine($"relay: stopped after {Show.Seconds(time.GetElapsedTime(began))} with {code}");
    }

    private static async Task<(IPEndPoint Smtp, IPEndPoint Http)> WriteConfigAsync(string file, string data)
    {
        var (smtp, http, refusing) = (RelayProcess.FreePort(), RelayProcess.FreePort(), RelayProcess.FreePort());
        await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $"""
            [server]
            hostname = "relay.example.net"
            data = "{data}"
            http = "{http}"
            [[listener]]
            address = "{smtp}"
            [[upstream]]
            name = "sink"
            address = "{refusing}"
            tls = "none"
            [[route]]
            upstreams = ["sink"]

            """));
        return (smtp, http);
    }
}
