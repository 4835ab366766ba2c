using System.Globalization;
using System.Text;
using Postern.Core.Configuration;
using Postern.Core.Decisions;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Cli;

/// <summary>Writes docs/decisions.md from the rows that the program decides by.</summary>
internal static class DecisionsReference
{
    private const string Introduction = """
        # What Postern does about each cause

        <!-- Made by `postern config decisions`; a test compares it with the program. Change knowledge/decisions.toml instead. -->

        Every failed attempt is explained and then decided about, by this table and nothing else. The rows of a cause are gone through in order and the first that
        fits counts; where none fits, or the cause is less than {0} certain, the rows of [`unknown`](#unknown) decide by stage and code alone.

        **What no row changes**

        - A refusal before MAIL, a 421 and everything that is about us, the network or the upstream (marked *ours*) bounces nothing before the mail's time is up, however
          permanent it claims to be.
        - Mail that the other side may have taken, although no answer came, is not handed to another host at once: it would arrive twice.
        - Mail that still waits at `delivery.expire` is returned, with the reason heard last.
        - What a reply asks for ("try again in 300 seconds") is done.

        **What was done** is written down in plain words: in the message's record (`postern why ID`), and on the incident (`postern status`), where
        the same action for a thousand messages is one line with its count.

        **To have it otherwise** on one route, for mail that is kept:

        ```toml
        [[route]]
        via = "mx"
        decide = [
          {{ cause = "greylisted", retry = ["10m"] }},          # other waits
          {{ cause = "content-rejected", message = "wait" }},   # keep what would be returned
        ]
        ```

        `message` is `wait`, `next-host` or `bounce`. Bouncing for a cause that is marked *ours* needs `even_if_ours = true` beside it.

        | word | what it does |
        |---|---|
        | `next-host`, `next-egress` | the other hosts, or first another address of ours, are tried in the same attempt |
        | `wait` | kept for the next attempt: the row's own waits, else `delivery.retry` |
        | `turn` | kept until the upstream's limits allow it; not counted as an attempt |
        | `look-again` | kept until the domain's DNS records have run out, then looked up anew |
        | `bounce` | returned to its sender, for the recipients concerned |
        | `half-open` | one connection at a time to that upstream, at growing intervals, until one is served |
        | `slow` | concurrency and rate go below what was refused |
        | `rest` | that address of ours is not used at that upstream for a while |

        """;

    public static string Write()
    {
        var text = new StringBuilder(string.Format(CultureInfo.InvariantCulture, Introduction, DecisionTable.Default.Confidence.ToString("0 %", CultureInfo.InvariantCulture)).ReplaceLineEndings("\n"));
        foreach (var cause in CauseTable.All) Section(text, cause);
        return text.ToString();
    }

    private static void Section(StringBuilder text, CauseRow cause)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {cause.Name}\n\n");
        if (cause.Id != CauseId.Unknown) text.Append(CultureInfo.InvariantCulture, $"[What it is](causes/{cause.Name}.md).\n\n");
        text.Append("| when | message | upstream | our address | looked at | operator | in words | why |\n|---|---|---|---|---|---|---|---|\n");
        foreach (var row in DecisionTable.Default.Rows.Where(r => r.Cause == cause.Id))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {When(row)} | {Message(row)} | {Word(row.Upstream)} | {Word(row.Egress)} | {Word(row.Probe)} | {Word(row.Operator)} | {Plain(row.Words)} | {row.Source} |\n");
        }
        if (cause.Id != CauseId.Unknown && !DecisionTable.Default.Rows.Any(r => r.Cause == cause.Id && r.IsCatchAll)) text.Append("\nOtherwise as [unknown](#unknown): by stage and code.\n");
    }

    private static string When(DecisionRow row)
    {
        var parts = new List<string>();
        if (row.IsAboutUs) parts.Add("*ours*");
        if (row.Permanent is { } permanent) parts.Add(permanent ? "permanent (5xx)" : "temporary (4xx)");
        if (row.Said is { } said) parts.Add(said ? "said in a reply" : "not said, but seen");
        if (row.Stages is { } stages) parts.Add("at " + string.Join(", ", stages.Select(s => s.Word())));
        if (row.Scopes is { } scopes) parts.Add("about the " + string.Join(" or ", scopes.Select(Word)));
        if (row.Labels is { } labels) parts.Add("read as " + string.Join(", ", labels.Select(ReplyLabels.NameOf)));
        if (row.Via is { } via) parts.Add(via == Core.Routing.DestinationKind.Pool ? "from a named upstream" : "from a domain's MX");
        return parts.Count == 0 ? "always" : string.Join("; ", parts);
    }

    private static string Message(DecisionRow row)
    {
        string text = Word(row.Message);
        if (row.Last != row.Message) text += $", at the last {Word(row.Last)}";
        return row.Retry is { } waits ? $"{text} ({string.Join(", ", waits.Select(ConfigValues.Format))})" : text;
    }

    private static string Plain(string words) => words.Replace("{us}", "our address", StringComparison.Ordinal).Replace("{host}", "the host", StringComparison.Ordinal)
        .Replace("{upstream}", "the upstream", StringComparison.Ordinal).Replace("{recipient}", "the recipient", StringComparison.Ordinal);

    private static string Word<T>(T value) where T : struct, Enum => value.ToString() == "None" ? "-" : ConfigValues.KebabCase(value.ToString());
}
