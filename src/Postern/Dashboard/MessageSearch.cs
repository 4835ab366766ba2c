using System.Text;
using Postern.Api;

namespace Postern.Dashboard;

/// <summary>
/// What stands in the search field of the messages: words, and filters such as "cause:rate-limited older_than:4h sender:&lt;&gt;", by the names of the API. A value with
/// spaces is put in quotes.
/// </summary>
internal static class MessageSearch
{
    /// <summary>Null when a filter is wrong, with the problem.</summary>
    public static QueueFilterContract? Read(string text, out string? problem)
    {
        problem = null;
        var words = new List<string>();
        var given = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string part in Split(text))
        {
            int colon = part.IndexOf(':', StringComparison.Ordinal);
            string name = colon > 0 ? part[..colon].ToLowerInvariant() : "";
            if (name != "q" && QueueFilters.All.Any(f => f.Name == name)) given[name] = part[(colon + 1)..];
            else words.Add(part);
        }
        if (words.Count > 0) given["q"] = string.Join(' ', words);
        if (QueueFilters.Read(given.GetValueOrDefault, out var wrong) is null)
        {
            problem = $"{wrong!.Detail}; {wrong.Mend}";
            return null;
        }
        return new QueueFilterContract
        {
            Ids = given.GetValueOrDefault("ids")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            Q = given.GetValueOrDefault("q"),
            Destination = given.GetValueOrDefault("destination"),
            Sender = given.GetValueOrDefault("sender"),
            Recipient = given.GetValueOrDefault("recipient"),
            User = given.GetValueOrDefault("user"),
            Client = given.GetValueOrDefault("client"),
            Tenant = given.GetValueOrDefault("tenant"),
            Upstream = given.GetValueOrDefault("upstream"),
            Cause = given.GetValueOrDefault("cause"),
            Reply = given.GetValueOrDefault("reply"),
            State = given.GetValueOrDefault("state"),
            OlderThan = given.GetValueOrDefault("older_than"),
            YoungerThan = given.GetValueOrDefault("younger_than"),
            MinSize = given.GetValueOrDefault("min_size"),
            MaxSize = given.GetValueOrDefault("max_size"),
        };
    }

    /// <summary>The text with one filter put in, changed or, for null, taken out.</summary>
    public static string With(string text, string name, string? value)
    {
        var kept = Split(text).Where(p => !p.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(Quoted).ToList();
        if (value is not null) kept.Add(Quoted($"{name}:{value}"));
        return string.Join(' ', kept);
    }

    /// <summary>Null where it is not given.</summary>
    public static string? Of(string text, string name) => Split(text).Find(p => p.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)) is { } part ? part[(name.Length + 1)..] : null;

    private static string Quoted(string part) => part.Contains(' ', StringComparison.Ordinal) ? $"\"{part}\"" : part;

    private static List<string> Split(string text)
    {
        var parts = new List<string>();
        var part = new StringBuilder();
        bool isQuoted = false;
        foreach (char c in text)
        {
            if (c == '"') isQuoted = !isQuoted;
            else if (char.IsWhiteSpace(c) && !isQuoted) Take();
            else part.Append(c);
        }
        Take();
        return parts;

        void Take()
        {
            if (part.Length > 0) parts.Add(part.ToString());
            part.Clear();
        }
    }
}
