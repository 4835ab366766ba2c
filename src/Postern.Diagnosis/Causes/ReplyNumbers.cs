using System.Globalization;

namespace Postern.Diagnosis.Causes;

/// <summary>Numbers in a plain text: "try again in 300 seconds", "not more than 10 connections".</summary>
internal static class ReplyNumbers
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>Words beside a time that make it one to wait for.</summary>
    private static readonly string[] WaitWords = ["try", "retry", "again", "wait", "later", "after", "delay", "greylist", "graylist", "back", "resend", "resume", "defer", "warten", "erneut", "spater", "reessay", "attend", "intent", "espere", "riprova", "tard"];

    /// <summary>Words beside a number that make it what is allowed.</summary>
    private static readonly string[] LimitWords = ["limit", "max", "exceed", "more than", "allow", "only", "at most", "permit", "hochstens", "maxim"];

    private static readonly (string Name, double Seconds)[] Units =
        [("sec", 1), ("sek", 1), ("s ", 1), ("seg", 1), ("min", 60), ("m ", 60), ("hour", 3600), ("hr", 3600), ("h ", 3600), ("stund", 3600), ("heure", 3600), ("hora", 3600), ("ora ", 3600), ("ore ", 3600), ("day", 86400), ("tag", 86400), ("jour", 86400), ("dia", 86400)];

    /// <summary>"Retry after 4 hours" asks for something; "after 5 days" of mail that expired does not.</summary>
    private static readonly string[] AskWords = ["retry after", "retry in", "try again", "try later", "please wait"];

    private static readonly (string Name, long Factor)[] Sizes =
        [("bytes", 1), ("byte", 1), ("kb", 1 << 10), ("kib", 1 << 10), ("k ", 1 << 10), ("mb", 1 << 20), ("mib", 1 << 20), ("m ", 1 << 20), ("gb", 1 << 30)];

    public static (TimeSpan? Wait, long? Limit) Read(string plain, ReplyLabel label)
    {
        TimeSpan? wait = null;
        long? limit = null;
        for (int at = 0; at < plain.Length; at++)
        {
            if (plain[at] != ' ' || at + 1 >= plain.Length || !char.IsAsciiDigit(plain[at + 1])) continue;
            var rest = plain.AsSpan(at + 1);
            int digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits is < 1 or > 12) continue;
            long number = long.Parse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            var after = rest[digits..];
            // "5.7.1" and "4k2s" are no numbers; "300s" and "20mb" are.
            if (after[0] is not ' ' && !char.IsAsciiLetter(after[0])) continue;
            after = after.TrimStart(' ');
            if (wait is null && UnitOf(after) is { } unit && IsNear(plain, at, label == ReplyLabel.Expired ? AskWords : WaitWords, 40)) wait = Wait(number * unit);
            if (limit is null && IsLimited(label) && IsNear(plain, at, LimitWords, 28)) limit = Limit(number, after, label);
            at += digits;
        }
        return (wait, limit);
    }

    private static bool IsLimited(ReplyLabel label) => label is ReplyLabel.RateLimited or ReplyLabel.MessageTooLarge or ReplyLabel.MailboxFull;

    private static TimeSpan? Wait(double seconds) => seconds <= 0 || seconds > Longest.TotalSeconds ? null : TimeSpan.FromSeconds(seconds);

    private static long? Limit(long number, ReadOnlySpan<char> after, ReplyLabel label)
    {
        if (number == 0) return null;
        if (label == ReplyLabel.RateLimited) return UnitOf(after) is null ? number : null;
        foreach (var (name, factor) in Sizes)
            if (after.StartsWith(name, StringComparison.Ordinal)) return number <= long.MaxValue / factor ? number * factor : null;
        // A size without a unit is in bytes; small numbers are something else.
        return number >= 1024 ? number : null;
    }

    private static double? UnitOf(ReadOnlySpan<char> after)
    {
        foreach (var (name, seconds) in Units)
            if (after.StartsWith(name, StringComparison.Ordinal)) return seconds;
        return null;
    }

    private static bool IsNear(string plain, int at, string[] words, int distance)
    {
        var window = plain.AsSpan(Math.Max(0, at - distance), Math.Min(plain.Length, at + distance) - Math.Max(0, at - distance));
        foreach (string word in words)
            if (window.Contains(word, StringComparison.Ordinal)) return true;
        return false;
    }
}
