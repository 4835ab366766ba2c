using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Postern.Protocols.Dns;

namespace Postern.Tests.Diagnosis.Names;

/// <summary>
/// A resolver whose world is text: lines of "name TYPE data", data without quotes. CNAMEs are followed. "name * !servfail" (or refused, timedout, bogus, ...) makes the
/// name fail, "name * !hang" never answers. Names are absolute, without trailing dots.
/// </summary>
internal sealed class TextZone : IResolver
{
    private readonly List<(string Name, string Type, string Data)> _records = [];
    private readonly ConcurrentQueue<string> _asked = new();
    private int _waiting;

    public TextZone(string lines)
    {
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] words = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
            _records.Add((words[0].ToLowerInvariant(), words[1], words[2]));
        }
    }

    public IReadOnlyCollection<string> Asked => _asked;

    /// <summary>The most questions that were under way at once.</summary>
    public int MostAtOnce { get; private set; }

    public ValueTask<DnsAnswer<MxRecord>> MxAsync(string domain, CancellationToken cancel) => AnswerAsync("MX", domain, Mx, cancel);

    public ValueTask<DnsAnswer<IPAddress>> AddressesAsync(string host, AddressFamily family, CancellationToken cancel) =>
        AnswerAsync(family == AddressFamily.InterNetwork ? "A" : "AAAA", host, IPAddress.Parse, cancel);

    public ValueTask<DnsAnswer<string>> TxtAsync(string name, CancellationToken cancel) => AnswerAsync("TXT", name, d => d, cancel);
    public ValueTask<DnsAnswer<string>> PtrAsync(IPAddress address, CancellationToken cancel) => AnswerAsync("PTR", address.ToString(), d => d, cancel);
    public ValueTask<DnsAnswer<string>> NsAsync(string zone, CancellationToken cancel) => AnswerAsync("NS", zone, d => d, cancel);

    private static MxRecord Mx(string data)
    {
        string[] words = data.Split(' ');
        return new MxRecord(ushort.Parse(words[0], CultureInfo.InvariantCulture), words[1].TrimEnd('.'));
    }

    private async ValueTask<DnsAnswer<T>> AnswerAsync<T>(string type, string name, Func<string, T> read, CancellationToken cancel)
    {
        string asked = name.ToLowerInvariant();
        _asked.Enqueue($"{type} {asked}");
        var aliases = new List<string>();
        while (Data(asked, "CNAME") is [var next] && aliases.Count < 8) aliases.Add(asked = next);
        if (Trouble(asked) is { } trouble)
        {
            if (trouble != "hang") return Answer<T>(Enum.Parse<DnsStatus>(trouble, ignoreCase: true), [], [], aliases, type, name, null);
            MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _waiting));
            try
            {
                await new TaskCompletionSource().Task.WaitAsync(cancel);
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }
        string[] data = Data(asked, type);
        bool exists = _records.Any(r => r.Name == asked || r.Name.EndsWith("." + asked, StringComparison.Ordinal));
        var status = data.Length > 0 ? DnsStatus.Ok : exists ? DnsStatus.NoData : DnsStatus.NxDomain;
        return Answer(status, data.Select(read).ToList(), data, aliases, type, name, "192.0.2.53:53");
    }

    private static DnsAnswer<T> Answer<T>(DnsStatus status, IReadOnlyList<T> records, string[] data, List<string> aliases, string type, string name, string? server) =>
        new(status, records, new DnsObservation($"{type} {name}", status, server, false, [.. data.Select(d => $"{name}. 300 IN {type} {d}")], TimeSpan.FromMinutes(5), TimeSpan.FromMilliseconds(3))) { Aliases = aliases };

    private string[] Data(string name, string type) => [.. _records.Where(r => r.Name == name && r.Type == type).Select(r => r.Data)];

    private string? Trouble(string name) => _records.Where(r => r.Type == "*" && (r.Name == name || r.Name.StartsWith("*.", StringComparison.Ordinal) && name.EndsWith(r.Name[1..], StringComparison.Ordinal))).Select(r => r.Data[1..]).FirstOrDefault();
}
