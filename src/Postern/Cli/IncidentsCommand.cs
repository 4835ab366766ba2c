using System.CommandLine;
using System.Globalization;
using Postern.Api;
using Postern.Core.Diagnoses;

namespace Postern.Cli;

/// <summary>postern incidents: what is wrong now, what is done about it and what to do; with --all also what was.</summary>
internal sealed class IncidentsCommand(CommandTree tree)
{
    private const int MaxActions = 5;

    private readonly Option<string> _server = ServerOption.Create();
    private readonly Option<bool> _all = new("--all", "-a") { Description = "Also the 200 that ended last." };
    private readonly Argument<string> _id = new("id") { Description = "An incident's id." };

    public Command Build() => tree.Action(
        new Command("incidents", "Show what is wrong with upstreams: open incidents, how much mail waits, what was done, what to do.")
        {
            _all,
            _server,
            tree.Action(new Command("list", "List incidents, those with the most waiting mail first.") { _all, _server }, ListAsync),
            tree.Action(new Command("show", "Show one incident with its evidence, everything that was done and the whole fix.") { _id, _server }, ShowAsync),
        }, ListAsync);

    private async Task<int> ListAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = RelayClient.Of(parsed, _server);
        bool all = parsed.GetValue(_all);
        var found = (await client.GetAsync("api/v1/incidents?all=true", ApiJson.Default.IncidentsContract, cancel)).Incidents;
        var open = found.Where(i => i.ClosedAt is null).ToList();
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(new IncidentsContract(all ? found : open), ApiJson.Default.IncidentsContract);
        else Print(open, [.. found.Where(i => i.ClosedAt is not null)], all);
        return open.Count == 0 ? ExitCode.Good : ExitCode.ProblemFound;
    }

    private async Task<int> ShowAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = RelayClient.Of(parsed, _server);
        var incident = await client.GetAsync($"api/v1/incidents/{Uri.EscapeDataString(parsed.GetValue(_id)!)}", ApiJson.Default.Incident, cancel);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(incident, ApiJson.Default.Incident);
        else PrintWhole(incident, tree.Time.GetUtcNow());
        return incident.ClosedAt is null ? ExitCode.ProblemFound : ExitCode.Good;
    }

    private void Print(List<Incident> open, List<Incident> closed, bool all)
    {
        var output = tree.Output;
        var now = tree.Time.GetUtcNow();
        Func<string, string> colour = open.Exists(i => i.Level == "alert") ? output.Bad : output.Warn;
        output.Line(open.Count switch { 0 => output.Good("No incident is open."), 1 => colour("1 incident is open."), _ => colour($"{Number(open.Count)} incidents are open.") });
        foreach (var incident in open)
        {
            output.Line("");
            Print(incident, now);
        }
        if (closed.Count == 0) return;
        output.Line("");
        if (all)
        {
            output.Table(["id", "upstream", "cause", "ended", "lasted", "failures", "what ended it"], closed.Select(i => new[]
            {
                i.Id, i.Upstream, i.Cause, Ago(now - i.ClosedAt!.Value), Output.Age(i.ClosedAt.Value - i.OpenedAt), Number(i.Failures), i.Settled ?? "",
            }));
        }
        else
        {
            var last = closed[0];
            output.Line(output.Dim($"{(closed.Count == 1 ? "One is" : $"{Number(closed.Count)} are")} over, the last: {last.Upstream}, {last.Cause}, ended {Ago(now - last.ClosedAt!.Value)} after {Output.Age(last.ClosedAt.Value - last.OpenedAt)}. --all shows {(closed.Count == 1 ? "it" : "them")}."));
        }
    }

    private void Print(Incident incident, DateTimeOffset now)
    {
        var output = tree.Output;
        var text = new DiagnosisText(output);
        var verdict = incident.Diagnosis.Verdict;
        output.Line(Head(incident, now));
        text.Paragraph("  ", Counts(incident, now));
        text.Paragraph("  ", PlainWords.FirstSentence(verdict.Summary, 400));
        foreach (var action in incident.Actions.TakeLast(MaxActions).Reverse()) text.Labelled("  did   ", Did(action, now));
        if (PlainWords.FirstStep(verdict.Fix, 300) is { Length: > 0 } step) text.Labelled("  do    ", $"{step} ({PlainWords.Who(verdict.Who)})");
        output.Line(output.Dim($"  more  postern incidents show {incident.Id}"));
    }

    private void PrintWhole(Incident incident, DateTimeOffset now)
    {
        var output = tree.Output;
        var text = new DiagnosisText(output);
        output.Line(Head(incident, now));
        output.Line($"{output.Dim("id")}        {incident.Id}");
        output.Line($"{output.Dim("opened")}    {incident.OpenedAt:yyyy-MM-dd HH:mm:ss}Z, {Ago(now - incident.OpenedAt)}");
        if (incident.ClosedAt is { } closed) output.Line($"{output.Dim("closed")}    {closed:yyyy-MM-dd HH:mm:ss}Z, {Ago(now - closed)}: {incident.Settled}");
        if (incident.ProbedAt is { } probed) output.Line($"{output.Dim("looked")}    closer, with probes, {Ago(now - probed)}");
        text.Labelled($"{output.Dim("counts")}    ", Counts(incident, now));
        text.Labelled($"{output.Dim("concerns")}  ", string.Join(", ", incident.Destinations));
        foreach (var action in incident.Actions.Reverse()) text.Labelled($"{output.Dim("did")}       ", Did(action, now));
        output.Line("");
        text.Print(incident.Diagnosis);
    }

    private string Head(Incident incident, DateTimeOffset now)
    {
        var verdict = incident.Diagnosis.Verdict;
        string span = incident.ClosedAt is { } closed ? $"over, lasted {Output.Age(closed - incident.OpenedAt)}" : $"for {Output.Age(now - incident.OpenedAt)}";
        return $"{tree.Output.Bold($"{incident.Upstream}: {incident.Cause}")} {span} ({PlainWords.Confidence(verdict.Confidence)}){(incident.Level == "note" ? ", for your information" : "")}";
    }

    private static string Counts(Incident incident, DateTimeOffset now)
    {
        string failed = $"{Number(incident.Failures)} {(incident.Failures == 1 ? "attempt" : "attempts")} failed, the last {Ago(now - incident.LastSeenAt)}";
        if (incident.ClosedAt is not null) return failed + ".";
        return $"{(incident.Waiting switch { 0 => "No mail waits for it", 1 => "1 message waits", _ => $"{Number(incident.Waiting)} messages wait" })}; {failed}.";
    }

    private static string Did(IncidentAction action, DateTimeOffset now) => $"{action.Did} ({(action.Count > 1 && action.LastAt > action.At ? $"first {Ago(now - action.At)}, last " : "")}{Ago(now - action.LastAt)})";

    private static string Ago(TimeSpan age) => Output.Age(age) is var text && text == "now" ? "just now" : text + " ago";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
