using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Postern.Benchmarks.Store;

/// <summary>
/// The whole relay with a great many messages that wait for an upstream which refuses connections: from the start of the process to the greeting, and its
/// memory; after a clean stop and after a kill. The queue is filled by this program beforehand, which is quicker than by SMTP and makes the same files.
/// </summary>
internal static class RelayBenchmark
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
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
        using var process = Process.Start(new ProcessStartInfo(program, ["serve", "--config", config]) { RedirectStandardOutput = true })!;
        // A line per attempt: read, or it would stand still.
        var log = process.StandardOutput.ReadToEndAsync();
        try
        {
            await GreetingAsync(process, smtp, began);
            var greeted = time.GetElapsedTime(began);
            var use = ProcessUse.Of(process.Id);
            await Task.Delay(Idle, time);
            var later = ProcessUse.Of(process.Id);
            long waiting = await WaitingAsync(http);
            if (waiting != messages) throw new InvalidOperationException($"{waiting} messages wait, {messages} should");
            Console.WriteLine($"{title}: greeting after {Show.Seconds(greeted)}, {Show.Count(waiting)} waiting; {use}; {Idle.TotalSeconds:0} s later {later}");
            if (kill) return;
            began = time.GetTimestamp();
            using (var stop = Process.Start("kill", WaitingBenchmark.Text(process.Id))) await stop.WaitForExitAsync();
            await process.WaitForExitAsync();
            Console.WriteLine($"relay: stopped after {Show.Seconds(time.GetElapsedTime(began))} with {process.ExitCode}");
        }
        finally
        {
            if (!process.HasExited) process.Kill();
            await process.WaitForExitAsync();
            await log;
        }
    }

    private static async Task GreetingAsync(Process process, IPEndPoint smtp, long began)
    {
        byte[] reply = new byte[512];
        while (true)
        {
            if (process.HasExited || TimeProvider.System.GetElapsedTime(began) > Patience) throw new InvalidOperationException("the relay did not come up");
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await client.ConnectAsync(smtp);
                int count = await client.ReceiveAsync(reply);
                if (Encoding.ASCII.GetString(reply, 0, count).StartsWith("220 ", StringComparison.Ordinal)) return;
                throw new InvalidOperationException("the relay greeted with something else");
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
            }
        }
    }

    private static async Task<long> WaitingAsync(IPEndPoint http)
    {
        using var client = new HttpClient();
        using var status = JsonDocument.Parse(await client.GetStringAsync(new Uri($"http://{http}/api/v1/status")));
        return status.RootElement.GetProperty("queue").GetProperty("messages").GetInt64();
    }

    private static async Task<(IPEndPoint Smtp, IPEndPoint Http)> WriteConfigAsync(string file, string data)
    {
        var (smtp, http, refusing) = (FreePort(), FreePort(), FreePort());
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

    private static IPEndPoint FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)probe.LocalEndPoint!;
    }
}
