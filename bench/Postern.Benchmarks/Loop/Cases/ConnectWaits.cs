using System.Text.RegularExpressions;
using Postern.Benchmarks.Loop.Relays;

namespace Postern.Benchmarks.Loop.Cases;

/// <summary>From a relay's log: connects that ended by a time-out, and the messages that waited for more than one of them.</summary>
internal static partial class ConnectWaits
{
    /// <returns>Twice is null for Postfix, whose lines name the process and not the message.</returns>
    public static (int Unanswered, int? Twice) Of(RelayKind kind, string logFile)
    {
        if (!File.Exists(logFile)) return (0, 0);
        int unanswered = 0;
        var waits = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(logFile))
        {
            var match = kind switch
            {
                RelayKind.Postern => PosternLine().Match(line),
                RelayKind.Postfix => PostfixLine().Match(line),
                _ => EximLine().Match(line),
            };
            if (!match.Success) continue;
            unanswered++;
            waits[match.Groups[1].Value] = waits.GetValueOrDefault(match.Groups[1].Value) + 1;
        }
        return (unanswered, kind == RelayKind.Postfix ? null : waits.Count(w => w.Value > 1));
    }

    [GeneratedRegex(@" attempt id=(\S+) .*stage=connect .*(?:timed out|no answer|did not answer)", RegexOptions.CultureInvariant)]
    private static partial Regex PosternLine();

    [GeneratedRegex(@"postfix/smtp\[(\d+)\]: connect to .*: Connection timed out", RegexOptions.CultureInvariant)]
    private static partial Regex PostfixLine();

    [GeneratedRegex(@"^\S+ \S+ (\S+) .*Connection timed out", RegexOptions.CultureInvariant)]
    private static partial Regex EximLine();
}
