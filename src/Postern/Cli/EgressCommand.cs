using System.CommandLine;
using System.Globalization;
using Postern.Api;

namespace Postern.Cli;

/// <summary>postern egress: our own addresses: which are in use, who turns one away, how far the warm-up of a new one has come.</summary>
internal sealed class EgressCommand(CommandTree tree)
{
    /// <summary>Lines of a warm-up; those that have come furthest.</summary>
    private const int MostProviders = 20;

    private static readonly Option<string> _server = ServerOption.Create();
    private static readonly Option<bool> _all = new("--all", "-a") { Description = "Every provider of a warm-up." };

    public Command Build() => tree.Action(new Command("egress", "Show our addresses: in use, turned away by whom and why, progress of a warm-up.") { _server, _all }, RunAsync);

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = new RelayClient(parsed.GetValue(_server)!);
        var answer = await client.GetAsync("api/v1/egress", ApiJson.Default.EgressesContract, cancel);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(answer, ApiJson.Default.EgressesContract);
        else Print(answer, parsed.GetValue(_all) ? int.MaxValue : MostProviders);
        return answer.Egress.Any(e => e.Rests.Count > 0 || e.WarmUp is { Waiting: > 0 }) ? ExitCode.ProblemFound : ExitCode.Good;
    }

    private void Print(EgressesContract answer, int most)
    {
        var output = tree.Output;
        var now = tree.Time.GetUtcNow();
        output.Table(["egress", "address", "says", "state", "sessions", "sent/min"], answer.Egress.Select(e => new[]
        {
            e.Name ?? "(system)", e.Addresses.Count > 0 ? string.Join(", ", e.Addresses) : "the system's choice", e.Hello, State(e), $"{e.Lanes.Sum(l => l.Sessions)}", $"{e.Lanes.Sum(l => l.MessagesLastMinute)}",
        }));
        foreach (var egress in answer.Egress)
        {
            if (egress.Rests.Count == 0 && egress.WarmUp is null) continue;
            output.Line("");
            output.Line(output.Bold(egress.Name ?? "(system)"));
            foreach (var rest in egress.Rests) new DiagnosisText(output).Paragraph("  ", "    ", UpstreamsText.RestWords(rest, output, now, UpstreamsText.Short(rest.Upstream)));
            if (egress.WarmUp is { } warmUp) Print(warmUp, most, now);
        }
    }

    private void Print(WarmUpContract warmUp, int most, DateTimeOffset now)
    {
        var output = tree.Output;
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
        { Turn: "step_back" } => "a day back: it was turned away there",
        { Turn: "restart" } => "anew: nothing was sent there for a month",
        { Turn: "repeat" } => "the same day again: it was not used",
        _ => "",
    };

    private static string State(EgressContract egress) =>
        egress.Rests.Count > 0 ? $"turned away by {egress.Rests.Count}" : egress.WarmUp is { WarmSince: null } ? "warming up" : egress.Used ? "in use" : "no route uses it";

    private void Item(string text) => new DiagnosisText(tree.Output).Paragraph("  ", "    ", text);

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
