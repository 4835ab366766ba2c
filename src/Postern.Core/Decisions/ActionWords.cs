using System.Globalization;
using System.Text.RegularExpressions;

namespace Postern.Core.Decisions;

/// <summary>What the placeholders of a row's words stand for in one case.</summary>
/// <param name="Us">Our address that was used; null when none was.</param>
/// <param name="Host">The peer, or the domain when none was reached.</param>
/// <param name="Upstream">As the operator calls it.</param>
/// <param name="Recipients">How many recipients the action is about.</param>
internal readonly record struct ActionCase(string? Us, string Host, string Upstream, int Recipients);

/// <summary>
/// Every action as one sentence for the message's record, and for the incident one that can be counted: "{n messages}" stands for "1 message" or "1,204 messages".
/// Pure.
/// </summary>
internal static partial class ActionWords
{
    public static readonly string[] Placeholders = ["us", "host", "upstream", "recipient"];

    /// <summary>For the message's record: "kept: the refusal is about our address 192.0.2.10, not about the recipient; next try 10:42 UTC".</summary>
    /// <param name="next">When it is tried again; null when it is not, or nobody knows when.</param>
    /// <param name="from">The egress address that is next, by its name; null when it is not known yet.</param>
    public static string OfMessage(Decision decision, in ActionCase about, DateTimeOffset? next, string? from = null)
    {
        string text = $"{Did(decision, about.Recipients)}: {Fill(decision.Words, about)}";
        return next is not { } at || decision.GoesOn || decision.Message == MessageAction.Bounce ? text
            : string.Create(CultureInfo.InvariantCulture, $"{text}; next try {at.UtcDateTime:yyyy-MM-dd HH:mm} UTC{(from is null ? "" : " from " + from)}");
    }

    /// <summary>For the incident, where all messages of one kind are one line.</summary>
    public static string OfIncident(Decision decision, in ActionCase about) => (decision.Message switch
    {
        MessageAction.NextHost => "tried the next host for {n messages}",
        MessageAction.NextEgress => "tried another address of ours for {n messages}",
        MessageAction.Turn => "kept {n messages} for their turn",
        MessageAction.LookAgain => "kept {n messages} until the DNS is asked again",
        MessageAction.Bounce when decision.IsByAge => "returned {n messages}, whose time was up",
        MessageAction.Bounce => "returned {n messages}",
        _ => "kept {n messages}",
    }) + ": " + Fill(decision.Words, about with { Recipients = 2 });

    /// <summary>"{n messages}" with a number: "1 message", "1,204 messages". Without one, the number follows when it is more than 1.</summary>
    public static string Counted(string text, long count)
    {
        string number = count.ToString("N0", CultureInfo.InvariantCulture);
        string counted = Countable().Replace(text, m => $"{number} {(count == 1 ? m.Groups[1].Value.TrimEnd('s') : m.Groups[1].Value)}");
        return counted != text || count == 1 ? counted : $"{text} ({number} times)";
    }

    /// <summary>The other way round: "kept 1,204 messages" of 1,204 is "kept {n messages}" again.</summary>
    public static string Uncounted(string text, long count)
    {
        string number = count.ToString("N0", CultureInfo.InvariantCulture);
        string times = $" ({number} times)";
        if (text.EndsWith(times, StringComparison.Ordinal)) return text[..^times.Length];
        string counted = count == 1 ? "1 message" : $"{number} messages";
        int at = text.IndexOf(counted, StringComparison.Ordinal);
        return at < 0 ? text : $"{text[..at]}{{n messages}}{text[(at + counted.Length)..]}";
    }

    /// <summary>Null when all are known.</summary>
    public static string? UnknownPlaceholder(string words) => Placeholder().Matches(words).Select(m => m.Groups[1].Value).FirstOrDefault(name => !Placeholders.Contains(name));

    private static string Did(Decision decision, int recipients) => decision.Message switch
    {
        MessageAction.NextHost => "tried the next host",
        MessageAction.NextEgress => "tried from another address of ours",
        MessageAction.Turn => "kept for its turn",
        MessageAction.LookAgain => "kept until the DNS is asked again",
        MessageAction.Bounce when decision.IsByAge => "returned to the sender, because its time is up",
        MessageAction.Bounce => recipients == 1 ? "returned to the sender" : $"returned to the sender for {recipients} recipients",
        _ => "kept",
    };

    private static string Fill(string words, ActionCase about) => Placeholder().Replace(words, m => m.Groups[1].Value switch
    {
        "us" => about.Us is { } address ? $"our address {address}" : "our address",
        "host" => about.Host,
        "upstream" => about.Upstream,
        _ => about.Recipients == 1 ? "the recipient" : "the recipients",
    });

    [GeneratedRegex(@"\{n ([a-z]+)\}")]
    private static partial Regex Countable();

    [GeneratedRegex(@"\{([a-z]+)\}")]
    private static partial Regex Placeholder();
}
