using System.Globalization;
using Postern.Api;

namespace Postern.Cli;

/// <summary>Our addresses for a person: a line for each, and below it who turns it away and how far its warm-up has come.</summary>
internal sealed class EgressText(Output output, DateTimeOffset now)
{
    /// <summary>Lines of a warm-up; those that have come furthest.</summary>
    private const int MostProviders = 20;

    private readonly DiagnosisText _text = new(output);

    /// <param name="all">Every provider of a warm-up.</param>
    public void Print(EgressesContract answer, bool all)
    {
        if (answer.Egress.Count == 0)
        {
            output.Line("the relay is starting");
            return;
        }
        output.Table(["egress", "address", "says", "state", "sessions", "sent/min"], answer.Egress.Select(e => new[]
        {
            e.Name ?? "(system)", e.Addresses.Count > 0 ? string.Join(", ", e.Addresses) : "the system's choice", e.Hello, State(e), $"{e.Lanes.Sum(l => l.Sessions)}", $"{e.Lanes.Sum(l => l.MessagesLastMinute)}",
        }));
        foreach (var egress in answer.Egress)
        {
            if (egress.Rests.Count == 0 && egress.WarmUp is null) continue;
            output.Line("");
            output.Line(output.Bold(egress.Name ?? "(system)"));
            foreach (var rest in egress.Rests) _text.Paragraph("  ", "    ", UpstreamsText.RestWords(rest, output, now, UpstreamsText.Short(rest.Upstream)));
            if (egress.WarmUp is { } warmUp) Print(warmUp, all ? int.MaxValue : MostProviders);
        }
    }

    private void Print(WarmUpContract warmUp, int most)
    {
        string plan = $"the {warmUp.Days} days of {(warmUp.Plan == "own" ? "its own plan" : $"the plan \"{warmUp.Plan}\"")}";
        Item(warmUp switch
        {
            { WarmSince: { } since } => $"{output.Good("warm")} since {Day(since)}: some provider has taken {plan}, and no further one begins; warm_up can be removed",
            { BeganOn: { } began } => $"warming up since {Day(began)} by {plan}",
            { From: { } from } when from > DateOnly.FromDateTime(now.UtcDateTime) => $"not used before {Day(from)}; then warmed up by {plan}",
            _ => $"warmed up by {plan} from its first message on",
        });
        if (warmUp.Providers.Count > 0)
        {
            output.Table(["  upstream", "day", "today", "next", "note"], warmUp.Providers.Take(most).Select(p => new[]
            {
                "  " + UpstreamsText.Short(p.Upstream), p.DoneOn is null ? $"{p.Day} of {warmUp.Days}" : "done", p.DoneOn is { } done ? Day(done) : string.Create(CultureInfo.InvariantCulture, $"{p.Taken} of {p.Allowed}"),
                p.DoneOn is not null ? "" : p.NextAt is { } next && next > now ? "in " + Output.Age(next - now) : "now", Note(p),
            }));
        }
        if (warmUp.Providers.Count > most) output.Line($"  and {warmUp.Providers.Count - most} more; --all shows them");
        if (warmUp.Waiting > 0)
            Item($"{output.Warn($"{warmUp.Waiting} {(warmUp.Waiting == 1 ? "message waits" : "messages wait")}")} for the plan, because no other address may take {(warmUp.Waiting == 1 ? "it" : "them")}: add one that providers know to the route's egress, or allow more with warm_up_plan");
    }

    /// <summary>Why the day is not the next one; nothing where all goes by the plan.</summary>
    private static string Note(WarmUpDayContract day) => day switch
    {
        { DoneOn: not null } => "",
        { Turn: "step_back" } => "a day back: turned away",
        { Turn: "restart" } => "anew: no mail for a month",
        { Turn: "repeat" } => "again: too little sent",
        _ => "",
    };

    private static string State(EgressContract egress) =>
        egress.Rests.Count > 0 ? $"turned away by {egress.Rests.Count}" : egress.WarmUp is { WarmSince: null } ? "warming up" : egress.Used ? "in use" : "no route uses it";

    private void Item(string text) => _text.Paragraph("  ", "    ", text);

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
