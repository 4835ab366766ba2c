using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

using Postern.Benchmarks.Store;

namespace Postern.Benchmarks.Relay;

/// <summary>
/// The whole relay with a hundred upstreams that take everything, and one more: good in one run, a black hole (connections are never answered) in the next. Does the black
/// hole, with all that is probed and explained about it, take anything from the others? Runs are made in turn and compared by their medians.
/// </summary>
internal static class BlackHoleBenchmark
{
    private const int Upstreams = 100, Rounds = 7, Connections = 16;

    /// <param name="program">The published postern.</param>
    /// <param name="messages">To the hundred, in each run; one in a hundred more goes to the last.</param>
    public static async Task<int> RunAsync(string program, string parent, int messages)
    {
        if (FindSink() is not { } sink)
        {
            Console.WriteLine("SKIPPED: smtp-sink (Debian's postfix) is not installed");
            return 0;
        }
        int port = RelayProcess.FreePort().Port;
        using var taker = Process.Start(new ProcessStartInfo(sink, [.. User, string.Create(CultureInfo.InvariantCulture, $"0.0.0.0:{port}"), "1024"]))!;
        using var hole = new BlackHole();
        var good = new List<(double Rate, double Cpu)>();
        var bad = new List<(double Rate, double Cpu)>();
        try
        {
            await OneAsync(program, parent, messages / 4, port, null);
            for (int i = 0; i < Rounds; i++)
            {
                good.Add(await OneAsync(program, parent, messages, port, null));
                bad.Add(await OneAsync(program, parent, messages, port, hole.EndPoint));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {i + 1}: {good[^1].Rate:0} /s and {good[^1].Cpu:0.000} ms CPU a message with 101 good, {bad[^1].Rate:0} /s and {bad[^1].Cpu:0.000} ms with 100 good and a black hole"));
            }
        }
        finally
        {
            taker.Kill();
            await taker.WaitForExitAsync();
        }
        double rateGood = Show.Median(good.Select(g => g.Rate)), rateBad = Show.Median(bad.Select(b => b.Rate)), pair = Show.Median(good.Zip(bad, (g, b) => b.Rate / g.Rate));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"medians of {Rounds}: {rateGood:0} /s without, {rateBad:0} /s with a black hole ({(rateBad / rateGood - 1) * 100:+0.0;-0.0} %; of the pairs {(pair - 1) * 100:+0.0;-0.0} %); CPU {Show.Median(good.Select(g => g.Cpu)):0.000} and {Show.Median(bad.Select(b => b.Cpu)):0.000} ms a message"));
        return 0;
    }

    /// <summary>Messages a second that came through, and CPU ms for each.</summary>
    private static async Task<(double Rate, double Cpu)> OneAsync(string program, string parent, int messages, int sinkPort, IPEndPoint? hole)
    {
        string folder = Path.Combine(Path.GetFullPath(parent), string.Create(CultureInfo.InvariantCulture, $"hole-{Environment.ProcessId}"));
        Directory.CreateDirectory(folder);
        try
        {
            var (smtp, http) = (RelayProcess.FreePort(), RelayProcess.FreePort());
            string config = Path.Combine(folder, "postern.toml");
            await File.WriteAllTextAsync(config, Config(folder, smtp, http, sinkPort, hole));
            await using var relay = await RelayProcess.StartAsync(program, config, smtp, http);
            var recipients = new List<string>(messages + messages / Upstreams);
            for (int i = 0; i < messages; i++)
            {
                recipients.Add(string.Create(CultureInfo.InvariantCulture, $"user@d{i % Upstreams}.example.net"));
                if (i % Upstreams == 0) recipients.Add(string.Create(CultureInfo.InvariantCulture, $"user@d{Upstreams}.example.net"));
            }
            int stuck = hole is null ? 0 : recipients.Count - messages;
            double cpu = relay.CpuSeconds;
            long began = TimeProvider.System.GetTimestamp();
            await MailLoad.SendAsync(smtp, recipients, Connections);
            while (await relay.WaitingAsync() > stuck) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
            double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
            int through = recipients.Count - stuck;
            return (through / seconds, (relay.CpuSeconds - cpu) * 1000 / through);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Config(string folder, IPEndPoint smtp, IPEndPoint http, int sinkPort, IPEndPoint? hole)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            [server]
            hostname = "relay.example.net"
            data = "{folder}/data"
            http = "{http}"
            [[listener]]
            address = "{smtp}"
            [diagnosis]
            builtin_blocklists = false
            controls = ["127.0.1.1:{sinkPort}", "127.0.1.2:{sinkPort}"]

            """);
        for (int i = 0; i <= Upstreams; i++)
        {
            string address = i == Upstreams && hole is not null ? hole.ToString() : string.Create(CultureInfo.InvariantCulture, $"127.0.1.{i + 1}:{sinkPort}");
            text.Append(CultureInfo.InvariantCulture, $"""
                [[upstream]]
                name = "u{i}"
                address = "{address}"
                tls = "none"
                [[route]]
                match = {"{"} recipient_domain = ["d{i}.example.net"] {"}"}
                upstreams = ["u{i}"]

                """);
        }
        return text.ToString();
    }


    private static string[] User => Environment.IsPrivilegedProcess ? ["-u", "nobody"] : [];

    private static string? FindSink() => new[] { "/usr/sbin/smtp-sink", "/usr/bin/smtp-sink" }.FirstOrDefault(File.Exists);
}

/// <summary>An address that never answers a connection: a listener that accepts nobody and whose backlog is full, so that the system drops what comes (Linux).</summary>
internal sealed class BlackHole : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _fillers = [];

    public BlackHole()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Parse("127.0.2.1"), 0));
        _listener.Listen(0);
        for (int i = 0; i < 4; i++)
        {
            var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            try
            {
                filler.Connect(EndPoint);
            }
            catch (SocketException)
            {
                // Under way, or already not answered.
            }
            _fillers.Add(filler);
        }
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    public void Dispose()
    {
        _fillers.ForEach(f => f.Dispose());
        _listener.Dispose();
    }
}
