using System.Net;
using System.Text.Json;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Dns;

namespace Postern.Prober;

/// <summary>One probe to run.</summary>
/// <param name="Probe">"tcp", "path", "greeting" or "control".</param>
/// <param name="Hosts">"name=address,address" each, in the order of trying.</param>
public sealed record Order(string Probe, string[] Hosts, int Port, string[] Egress, string[] Controls, double ConnectSeconds);

/// <summary>What it came to.</summary>
/// <param name="Milliseconds">How long the probe took.</param>
/// <param name="User">Effective user and capabilities of the process.</param>
public sealed record Report(double Milliseconds, string User, IReadOnlyList<Fact> Facts);

/// <summary>Reads an order a line, answers with a report a line.</summary>
internal static class Asker
{
    public static async Task RunAsync(TextReader orders, TextWriter reports)
    {
        while (await orders.ReadLineAsync() is { } line)
        {
            var order = JsonSerializer.Deserialize<Order>(line)!;
            long begun = TimeProvider.System.GetTimestamp();
            var facts = await ProbeOf(order.Probe)(ContextOf(order), CancellationToken.None);
            await reports.WriteLineAsync(JsonSerializer.Serialize(new Report(TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds, User(), facts)));
            await reports.FlushAsync();
        }
    }

    private static Probe ProbeOf(string name) => name switch
    {
        "tcp" => TcpProbe.RunAsync,
        "path" => PathProbe.RunAsync,
        "greeting" => GreetingProbe.RunAsync,
        "control" => ControlProbe.RunAsync,
        _ => throw new ArgumentException($"no probe is called {name}"),
    };

    private static ProbeContext ContextOf(Order order) => new()
    {
        Target = new ProbeTarget(order.Hosts[0], null, [.. order.Hosts.Select((h, i) => new TargetHost(h.Split('=')[0], i, [.. h.Split('=')[1].Split(',').Select(IPAddress.Parse)]))], order.Port),
        Resolver = new NoResolver(),
        Time = TimeProvider.System,
        HelloName = "prober.test",
        Egress = [.. order.Egress.Select(IPAddress.Parse)],
        Controls = order.Controls,
        ConnectTimeout = TimeSpan.FromSeconds(order.ConnectSeconds),
    };

    private static string User() =>
        OperatingSystem.IsLinux() ? string.Join(' ', File.ReadLines("/proc/self/status").Where(l => l.StartsWith("Uid:", StringComparison.Ordinal) || l.StartsWith("CapEff:", StringComparison.Ordinal))) : Environment.UserName;

    /// <summary>Orders name addresses only.</summary>
    private sealed class NoResolver : IResolver
    {
        public ValueTask<DnsAnswer<MxRecord>> MxAsync(string domain, CancellationToken cancel) => Nothing<MxRecord>(domain);
        public ValueTask<DnsAnswer<IPAddress>> AddressesAsync(string host, System.Net.Sockets.AddressFamily family, CancellationToken cancel) => Nothing<IPAddress>(host);
        public ValueTask<DnsAnswer<string>> TxtAsync(string name, CancellationToken cancel) => Nothing<string>(name);
        public ValueTask<DnsAnswer<string>> NsAsync(string zone, CancellationToken cancel) => Nothing<string>(zone);
        public ValueTask<DnsAnswer<string>> PtrAsync(IPAddress address, CancellationToken cancel) => Nothing<string>(address.ToString());

        private static ValueTask<DnsAnswer<T>> Nothing<T>(string question) =>
            ValueTask.FromResult(new DnsAnswer<T>(DnsStatus.Refused, [], new DnsObservation(question, DnsStatus.Refused, null, false, [], TimeSpan.Zero, TimeSpan.Zero)));
    }
}
