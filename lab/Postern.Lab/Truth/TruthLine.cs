using System.Text.RegularExpressions;

namespace Postern.Lab.Truth;

/// <summary>
/// One proof, a line of text: what is done from our host (or another, <c>at r2</c>), and what must come of it.
/// <code>
/// connect mx1:25 [from cl.2] [ttl 3]: open | refused | silent | icmp 3/13 by mx1
/// path mx1:25: r1 r2 r3 r4 open      hops by name, * for one that keeps silent, then how it ends: open, refused, silent, or icmp 3/13 by r4
/// crowd mx1:25 5: 220*3 421*2        connections opened one after another and all held: the code of each greeting, or dropped, refused, closed, reset, mute
/// series mx1:25 5 [every 100ms]: 220*3 refused*2   the same, each ended before the next; "mixed 220 dropped or mute": both of the first, perhaps the last, nothing else
/// talk mx1:25: &lt; 220 | > EHLO probe.test | &lt; 250 | &lt;(2s) 250 | mute 3s | closed | reset | tls | tls fails | message*4
/// dig example.test MX [@resolver]: status: NXDOMAIN | !ANSWER:    what must be in the output, after ! what must not; * stands for anything
/// tls mx1:25 mx1.example.test [implicit]: certificate has expired  the same, of openssl s_client with the lab's authority
/// rtt mx1:25: 240-900ms              how long a connect takes
/// </code>
/// </summary>
internal sealed record TruthLine(string Text, string Verb, IReadOnlyList<string> Words, string From, string At, string Expected)
{
    public static TruthLine Parse(string text)
    {
        var match = Regex.Match(text, @"^(\w+) (.*?): (.*)$", RegexOptions.Singleline);
        if (!match.Success) throw new FormatException($"no proof: {text}");
        var words = match.Groups[2].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        return new TruthLine(text, match.Groups[1].Value, words, Option(words, "from") ?? "", Option(words, "at") ?? "cl", match.Groups[3].Value.Trim());
    }

    /// <summary>Takes "name value" out of the words; null when it is not there.</summary>
    public static string? Option(List<string> words, string name)
    {
        int at = words.IndexOf(name);
        if (at < 0 || at + 1 >= words.Count) return null;
        string value = words[at + 1];
        words.RemoveRange(at, 2);
        return value;
    }

    /// <summary>True when the text has the pattern in it; <c>*</c> stands for anything, line ends included.</summary>
    public static bool Has(string text, string pattern) =>
        Regex.IsMatch(text, Regex.Escape(pattern).Replace("\\*", ".*?", StringComparison.Ordinal), RegexOptions.Singleline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
}
