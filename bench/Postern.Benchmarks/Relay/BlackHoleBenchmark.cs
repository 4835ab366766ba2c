using System.Globalization;
using System.Net;
using System.Text;
using Postern.Benchmarks.Store;
using Postern.Lab.Daemons;
using Postern.Lab.Peers;

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
        if (SmtpSink.Missing is { } missing)
        {
            Console.WriteLine($"SKIPPED: {missing}");
            return 0;
        }
        await using var sink = new SmtpSink(IPAddress.Any, dump: false);
        await sink.StartAsync();
        using var hole = new SilentListener();
        var good = new List<(double Rate, double Cpu)>();
        var bad = new List<(double Rate, double Cpu)>();
        await OneAsync(program, parent, messages / 4, sink.Port, null);
        for (int i = 0; i < Rounds; i++)
        {
            good.Add(await OneAsync(program, parent, messages, sink.Port, null));
            bad.Add(await OneAsync(program, parent, messages, sink.Port, hole.EndPoint));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {i + 1}: {good[^1].Rate:0} /s and {good[^1].Cpu:0.000} ms CPU a message with 101 good, {bad[^1].Rate:0} /s and {bad[^1].Cpu:0.000} ms with 100 good and a black hole"));
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
}
