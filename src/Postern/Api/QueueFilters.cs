using Postern.Core.Configuration;
using Postern.Core.Queue;

namespace Postern.Api;

/// <summary>One way to say which messages are meant: the same name as a parameter of an address, a member of a body and an option.</summary>
/// <param name="Take">Null when the text is not of its form.</param>
internal sealed record QueueFilter(string Name, string Description, string Example, Func<QueueFilterContract, string?> Of, Func<QueueQuery, string, QueueQuery?> Take, string Form = "", string Mend = "");

/// <summary>All filters of the queue, in the order in which they are shown.</summary>
internal static class QueueFilters
{
    private const string Pattern = " Without case; * at either end stands for anything.";
    private const string DurationMend = "write it like 30m, 4h or 2d", SizeMend = "write it like 100KiB or 25MB";

    public static IReadOnlyList<QueueFilter> All { get; } =
    [
        new("ids", "Any of these queue ids, separated by commas.", "01kb2d3e4f5g6", f => f.Ids is { Count: > 0 } ids ? string.Join(',', ids) : null, Ids, "not a queue id", "ids have 13 letters and digits; 'postern queue list' shows them"),
        new("q", "Words that all occur in the id, sender, user, client, a recipient, a destination, or the upstream, cause or reply of the last attempt.", "example.org greylisted", f => f.Q, (q, v) => q with { Text = v }),
        new("destination", "Scheduling key, such as pool:provider or mx:example.org." + Pattern, "pool:provider", f => f.Destination, (q, v) => q with { Destination = v }),
        new("sender", "Sender's address; <> for bounces." + Pattern, "*@example.org", f => f.Sender, (q, v) => q with { Sender = v }),
        new("recipient", "Address of some recipient." + Pattern, "*@example.net", f => f.Recipient, (q, v) => q with { Recipient = v }),
        new("user", "The authenticated user who handed it in." + Pattern, "app", f => f.User, (q, v) => q with { User = v }),
        new("client", "The client's address." + Pattern, "192.0.2.7", f => f.Client, (q, v) => q with { Client = v }),
        new("tenant", "Whose turn it takes: exactly the user, else the sender's domain, else the client.", "example.org", f => f.Tenant, (q, v) => q with { Tenant = v }),
        new("upstream", "Upstream or MX host of the last attempt." + Pattern, "provider", f => f.Upstream, (q, v) => q with { Upstream = v }),
        new("cause", "Cause id of the last attempt's failure." + Pattern, "rate-limited", f => f.Cause, (q, v) => q with { Cause = v }),
        new("reply", "What was last said of it." + Pattern, "*greylisted*", f => f.Reply, (q, v) => q with { Reply = v }),
        new("state", "waiting, deferred, leased (being delivered now) or held.", "deferred", f => f.State, (q, v) => char.IsAsciiLetter(v[0]) && Enum.TryParse<QueueState>(v, ignoreCase: true, out var state) ? q with { State = state } : null, "no such state", "use waiting, deferred, leased or held"),
        new("older_than", "Accepted longer ago than this.", "4h", f => f.OlderThan, (q, v) => Duration(v) is { } age ? q with { OlderThan = age } : null, "not a duration", DurationMend),
        new("younger_than", "Accepted less long ago than this.", "30m", f => f.YoungerThan, (q, v) => Duration(v) is { } age ? q with { YoungerThan = age } : null, "not a duration", DurationMend),
        new("min_size", "At least this large.", "1MiB", f => f.MinSize, (q, v) => Size(v) is { } bytes ? q with { MinBytes = bytes } : null, "not a size", SizeMend),
        new("max_size", "At most this large.", "10MiB", f => f.MaxSize, (q, v) => Size(v) is { } bytes ? q with { MaxBytes = bytes } : null, "not a size", SizeMend),
        new("up_to", "None accepted after the message with this id, as a count's up_to gives it.", "01kb2d3e4f5g6", f => f.UpTo, (q, v) => MessageId.TryParse(v, out var id) ? q with { UpTo = id } : null, "not a queue id", "take it from a count's up_to"),
    ];

    /// <summary>Null when a filter is wrong, with the problem.</summary>
    /// <param name="value">The filter's text by its name; null where it is not given.</param>
    public static QueueQuery? Read(Func<string, string?> value, out ProblemContract? problem)
    {
        problem = null;
        var query = new QueueQuery();
        foreach (var filter in All)
        {
            if (value(filter.Name) is not { Length: > 0 } text) continue;
            if (filter.Take(query, text) is not { } taken)
            {
                problem = Problems.Wrong($"{filter.Form}: {text}", filter.Mend);
                return null;
            }
            query = taken;
        }
        return query;
    }

    public static QueueQuery? Read(QueueFilterContract filters, out ProblemContract? problem)
    {
        var given = All.Select(f => (f.Name, Text: f.Of(filters))).Where(f => !string.IsNullOrEmpty(f.Text)).ToDictionary(f => f.Name, f => f.Text);
        return Read(given.GetValueOrDefault, out problem);
    }

    /// <summary>Those that are given, for the audit log: "sender=*@example.org state=held", or "all".</summary>
    public static string Words(QueueFilterContract filters) =>
        IsEmpty(filters) ? "all" : string.Join(' ', All.Select(f => (f.Name, Text: f.Of(filters))).Where(f => !string.IsNullOrEmpty(f.Text)).Select(f => f.Name == "ids" ? f.Text!.Replace(',', ' ') : $"{f.Name}={f.Text}"));

    /// <summary>Every message matches.</summary>
    public static bool IsEmpty(QueueFilterContract filters) => All.All(f => f.Name == "up_to" || string.IsNullOrEmpty(f.Of(filters)));

    private static QueueQuery? Ids(QueueQuery query, string text)
    {
        var ids = new List<MessageId>();
        foreach (string one in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!MessageId.TryParse(one, out var id)) return null;
            ids.Add(id);
        }
        return query with { Ids = ids };
    }

    private static TimeSpan? Duration(string text) => ConfigValues.TryParseDuration(text, out var duration) ? duration : null;

    private static long? Size(string text) => ConfigValues.TryParseSize(text, out long bytes) ? bytes : null;
}
