using System.Globalization;
using System.Net;
using System.Text;
using Postern.Lab.Daemons;
using Postern.Lab.Net;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Truth;

/// <summary>Proves with tools that share nothing with Postern that a scenario's fault is there as it is described.</summary>
internal static class TruthChecks
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2.5);

    /// <summary>Programs it needs.</summary>
    public static string? Missing => Programs.Missing("dig", "openssl", "nsenter");

    /// <summary>One sentence for each proof that failed; empty when all stand.</summary>
    public static async Task<IReadOnlyList<string>> FailuresAsync(IReadOnlyList<string> proofs, LabNet net, string folder, CancellationToken cancel)
    {
        var failures = new List<string>();
        foreach (string proof in proofs)
        {
            var line = TruthLine.Parse(proof);
            string? failure;
            try
            {
                failure = await FailureAsync(line, net, folder, cancel);
            }
            catch (Exception e) when (e is FormatException or IOException or TimeoutException or System.Net.Sockets.SocketException)
            {
                failure = e.Message;
            }
            if (failure is not null) failures.Add($"{proof} -- but: {failure}");
        }
        return failures;
    }

    private static async Task<string?> FailureAsync(TruthLine line, LabNet net, string folder, CancellationToken cancel)
    {
        var space = net[line.At];
        var from = line.From.Length > 0 ? LabAddresses.Of(line.From) : null;
        var words = line.Words.ToList();
        switch (line.Verb)
        {
            case "connect":
                int ttl = int.Parse(TruthLine.Option(words, "ttl") ?? "0", CultureInfo.InvariantCulture);
                // An unreachable host is given up by its router after three seconds.
                var outcome = await RawConnect.TryAsync(space, LabAddresses.EndPointOf(words[0]), from, ttl, line.Expected.StartsWith("icmp", StringComparison.Ordinal) ? 2 * Patience : Patience);
                return outcome.ToString() == Named(line.Expected) ? null : outcome.ToString();
            case "path":
                return await PathAsync(line, space, LabAddresses.EndPointOf(words[0]), from);
            case "rtt":
                return await RttAsync(line, space, LabAddresses.EndPointOf(words[0]));
            case "crowd":
            case "series":
                var pause = PeerRule.Time(TruthLine.Option(words, "every") ?? "0s");
                var seen = await Greetings.CollectAsync(space, LabAddresses.EndPointOf(words[0]), from, int.Parse(words[1], CultureInfo.InvariantCulture), held: line.Verb == "crowd", pause, cancel);
                return Greetings.Matches(seen, line.Expected) ? null : string.Join(' ', seen);
            case "talk":
                return await Dialogue.FailureAsync(space, LabAddresses.EndPointOf(words[0]), from, line.Expected, cancel);
            case "dig":
                string[] server = words.Any(w => w[0] == '@') ? [] : ["@" + LabAddresses.Of("resolver")];
                return Lacks(await OutputAsync(space, ["dig", "+time=4", "+tries=1", .. server, .. words.Select(w => w[0] == '@' ? "@" + LabAddresses.Of(w[1..]) : w)], ""), line.Expected);
            case "tls":
                string authority = Path.Combine(folder, "authority.pem");
                await File.WriteAllTextAsync(authority, Servers.ServerCertificates.AuthorityPem, cancel);
                string[] starttls = words.Contains("implicit") ? [] : ["-starttls", "smtp"];
                return Lacks(await OutputAsync(space, ["timeout", "4", "openssl", "s_client", .. starttls, "-connect", LabAddresses.EndPointOf(words[0]).ToString(), "-CAfile", authority, "-verify_hostname", words[1], "-servername", words[1]], "QUIT\r\n"), line.Expected);
            default:
                throw new FormatException($"there is no proof called \"{line.Verb}\"");
        }
    }

    /// <summary>"icmp 3/13 by mx1" with the address in place of its name.</summary>
    private static string Named(string expected)
    {
        int by = expected.IndexOf(" by ", StringComparison.Ordinal);
        return by < 0 ? expected : expected[..(by + 4)] + LabAddresses.Of(expected[(by + 4)..]);
    }

    private static async Task<string?> PathAsync(TruthLine line, NetSpace space, IPEndPoint to, IPAddress? from)
    {
        var match = System.Text.RegularExpressions.Regex.Match(line.Expected, @"^(.*?) ?(open|refused|silent|icmp .*)$");
        if (!match.Success) throw new FormatException("a path does not say how it ends");
        string[] hops = match.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // One more than is expected: that one shows the end.
        var outcomes = await Task.WhenAll(Enumerable.Range(1, hops.Length + 1).Select(ttl => RawConnect.TryAsync(space, to, from, ttl, Patience)));
        string Seen(RawOutcome o) => o.IcmpType is 11 or 3 && o.IcmpCode == 0 && o.IcmpFrom is not null && (o.IcmpType == 11 || o.IcmpFrom.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) ? o.IcmpFrom.ToString() : o.ToString();
        string[] seen = [.. outcomes.Select(Seen)];
        for (int i = 0; i < hops.Length; i++)
            if (seen[i] != (hops[i] == "*" ? "silent" : LabAddresses.Of(hops[i]).ToString())) return string.Join(" > ", seen);
        return seen[^1] == Named(match.Groups[2].Value) ? null : string.Join(" > ", seen);
    }

    private static async Task<string?> RttAsync(TruthLine line, NetSpace space, IPEndPoint to)
    {
        var match = System.Text.RegularExpressions.Regex.Match(line.Expected, @"^(\d+)-(\d+)ms$");
        var outcome = await RawConnect.TryAsync(space, to, null, 0, 2 * Patience);
        double took = outcome.Took.TotalMilliseconds;
        return outcome.IsOpen && took >= int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) && took <= int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{outcome} after {took:F0} ms");
    }

    private static async Task<string> OutputAsync(NetSpace space, IReadOnlyList<string> command, string input)
    {
        var whole = space.Command(command);
        return (await RunningProgram.RunAsync(whole[0], [.. whole.Skip(1)], Encoding.ASCII.GetBytes(input))).Output;
    }

    private static string? Lacks(string output, string expected)
    {
        foreach (string pattern in expected.Split(" | "))
        {
            bool unwanted = pattern.StartsWith('!');
            if (TruthLine.Has(output, pattern.TrimStart('!')) == unwanted) return $"{(unwanted ? "there is" : "there is no")} \"{pattern.TrimStart('!')}\" in: {output.Trim()}";
        }
        return null;
    }
}
