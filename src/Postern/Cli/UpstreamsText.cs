using System.Globalization;
using Postern.Api;

namespace Postern.Cli;

/// <summary>Upstreams for a person: a line for each, and below it only what is not as it should be or was learned.</summary>
internal sealed class UpstreamsText(Output output, DateTimeOffset now)
{
    private const int LongestName = 26;

    private readonly DiagnosisText _text = new(output);

    /// <param name="all">Also the mail exchangers of which there is nothing to tell.</param>
    public void Print(UpstreamsContract answer, bool all)
    {
        var groups = Grouped(answer);
        if (groups.Count == 0)
        {
            output.Line("no upstream has been used yet");
            return;
        }
        var shown = groups.Where(g => all || g.IsConfigured || HasNews(g)).ToList();
        if (shown.Count > 0) output.Table(["upstream", "address", "state", "sessions", "sent/min", "waiting"], shown.Select(Row));
        foreach (var group in shown.Where(HasNews)) News(group);
        int quiet = groups.Count - shown.Count;
        if (quiet == 0) return;
        if (shown.Count > 0) output.Line("");
        output.Line($"{quiet} {(quiet == 1 ? "provider or set of mail exchangers is" : "providers and sets of mail exchangers are")} well; --all shows {(quiet == 1 ? "it" : "them")}");
    }

    /// <summary>By group, configured upstreams first; an upstream that nothing was sent to yet is alone.</summary>
    private static List<Group> Grouped(UpstreamsContract answer)
    {
        var groups = answer.Groups.ToDictionary(g => g.Name, StringComparer.Ordinal);
        var found = answer.Upstreams.GroupBy(u => u.Group ?? u.Name).Select(g => new Group(g.Key, [.. g], groups.GetValueOrDefault(g.Key))).ToList();
        var names = found.Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        // Its hosts were not used for an hour; what was learned of them is known.
        found.AddRange(answer.Groups.Where(g => !names.Contains(g.Name)).Select(g => new Group(g.Name, [], g)));
        return [.. found.OrderByDescending(g => g.IsConfigured)];
    }

    private static bool HasNews(Group group) => group.Members.Any(m => m.State != "up" || m.Ejection is not null) || group.Rests.Count > 0 || group.Lanes.Any(l => l.Learned.Count > 0 || l.PausedUntil is not null);

    private string[] Row(Group group) =>
    [
        Short(group.Name), group.Members.Count switch { 0 => "", 1 => Short(group.Members[0].Address.Split(' ')[0]), var count => $"{count} hosts" }, State(group),
        $"{(group.Lanes.Count > 0 ? group.Lanes.Sum(l => l.Sessions) : group.Members.Sum(m => m.Sessions))}{(group.Lanes.Count > 0 ? $" of {group.Lanes.Sum(l => l.SessionsAllowed)}" : "")}", Rate(group),
        group.Members.Any(m => m.Waiting is not null) ? $"{group.Members.Sum(m => m.Waiting)}" : "",
    ];

    private static string State(Group group)
    {
        int up = group.Members.Count(m => m.State == "up");
        return up == group.Members.Count ? "up" : group.Members.Count == 1 ? group.Members[0].State : up == 0 ? "down" : $"{up} of {group.Members.Count} up";
    }

    private static string Rate(Group group)
    {
        int now = group.Lanes.Sum(l => l.MessagesLastMinute);
        bool isBound = group.Lanes.Count > 0 && group.Lanes.All(l => l.MessagesPerMinuteAllowed is not null);
        return isBound ? string.Create(CultureInfo.InvariantCulture, $"{now} of {group.Lanes.Sum(l => l.MessagesPerMinuteAllowed):0.#}") : group.Lanes.Count == 0 ? "" : $"{now}";
    }

    private void News(Group group)
    {
        output.Line("");
        output.Line(output.Bold(group.Name));
        foreach (var member in group.Members)
        {
            string who = group.Members.Count == 1 ? "" : member.Name + " ";
            if (member.State != "up")
                Item($"{who}{(member.State == "down" ? output.Bad("down") : output.Warn("probing"))}{(member.Since is { } since ? $" for {Output.Age(now - since)}" : "")}{(member.NextProbe is { } next ? $", next try {In(next)}" : "")}{(member.LastProblem is { } problem ? $": {problem}" : "")}");
            if (member.Ejection is { } out_) Item($"{who}{output.Warn("out of its turn")} {For(out_.Until)}, {Output.Age(now - out_.At)} ago: {out_.Because}");
        }
        foreach (var rest in group.Rests) Item(RestWords(rest, output, now));
        foreach (var lane in group.Lanes)
        {
            string from = lane.Egress is { } egress && group.Lanes.Count > 1 ? $"from {egress}: " : "";
            if (lane.PausedUntil is { } until) Item($"{from}nothing {For(until)}: {lane.PausedBecause}");
            foreach (var lesson in lane.Learned) Item($"{from}{output.Accent("learned")} {Output.Age(now - lesson.At)} ago: {lesson.Words}");
        }
    }

    /// <summary>"b (192.0.2.11) turned away for 2h5m, next try in 12m: 554 … (listed by zen.spamhaus.org)".</summary>
    /// <param name="at">Who turns it away, where that is not said already.</param>
    internal static string RestWords(RestContract rest, Output output, DateTimeOffset now, string at = "")
    {
        string who = rest.Egress is { } name ? $"{name}{(rest.Address is { } address ? $" ({address})" : "")}" : rest.Address ?? "our address";
        string when = rest.Until <= now ? "next try with the next message" : $"next try in {Output.Age(rest.Until - now)}";
        return $"{(at.Length > 0 ? at : who)} {output.Bad("turned away")} for {Output.Age(now - rest.Since)}, {when}: {rest.Because}{(rest.Lists.Count > 0 ? $" (listed by {string.Join(", ", rest.Lists)})" : "")}";
    }

    internal static string Short(string name)
    {
        if (name.Length <= LongestName) return name;
        int comma = name.IndexOf(',', StringComparison.Ordinal);
        string first = comma > 0 ? name[..comma] : name;
        int more = name.Count(c => c == ',');
        string tail = more > 0 ? $" +{more}" : "";
        return (first.Length + tail.Length <= LongestName ? first : first[..(LongestName - tail.Length - 1)] + "…") + tail;
    }

    private void Item(string text) => _text.Paragraph("  ", "    ", text);

    private string In(DateTimeOffset at) => at <= now ? "now" : "in " + Output.Age(at - now);

    private string For(DateTimeOffset until) => until <= now ? "for the moment" : $"for {Output.Age(until - now)} more";

    private sealed record Group(string Name, IReadOnlyList<UpstreamContract> Members, GroupContract? Known)
    {
        public IReadOnlyList<LaneContract> Lanes => Known?.Lanes ?? [];
        public IReadOnlyList<RestContract> Rests => Known?.Rests ?? [];

        /// <summary>By name; mail exchangers have none of their own.</summary>
        public bool IsConfigured => Members.Any(m => m.Waiting is not null);
    }
}
