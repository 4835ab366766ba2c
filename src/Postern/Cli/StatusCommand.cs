using System.CommandLine;
using Postern.Api;
using Postern.Core.Diagnoses;

namespace Postern.Cli;

/// <summary>postern status: one look at the running relay, or one every second.</summary>
internal sealed class StatusCommand(CommandTree tree)
{
    private const int MaxIncidents = 10;
    private const int MaxActions = 3;

    private static readonly Option<string> _server = ServerOption.Create();
    private static readonly Option<bool> _watch = new("--watch", "-w") { Description = "Look again every second until interrupted." };

    public Command Build() => tree.Action(new Command("status", "Show the running relay: listeners, queue, problems.") { _server, _watch }, RunAsync);

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = RelayClient.Of(parsed, _server);
        bool watch = parsed.GetValue(_watch);
        while (true)
        {
            var status = await client.GetAsync("api/v1/status", ApiJson.Default.StatusContract, cancel);
            if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(status, ApiJson.Default.StatusContract);
            else Print(status, clear: watch && tree.Output.IsTerminal);
            if (!watch) return status.Ready ? ExitCode.Good : ExitCode.ProblemFound;
            await Task.Delay(TimeSpan.FromSeconds(1), tree.Time, cancel);
        }
    }

    private static string Count(long count, string word, string? many = null) => $"{count} {(count == 1 ? word : many ?? word + "s")}";

    private void Print(Incident incident, DateTimeOffset now)
    {
        var verdict = incident.Diagnosis.Verdict;
        tree.Output.Line($"INCIDENT   {incident.Upstream}: {incident.Cause} for {Output.Age(now - incident.OpenedAt)}, {incident.Waiting} waiting, {PlainWords.Confidence(verdict.Confidence)}; for {PlainWords.Who(verdict.Who)} to mend");
        tree.Output.Line($"           {PlainWords.FirstSentence(verdict.Summary, 300)}");
        foreach (var action in incident.Actions.TakeLast(MaxActions).Reverse()) tree.Output.Line($"           did: {action.Did}{(action.LastAt > action.At ? Output.Age(now - action.LastAt) is var age && age == "now" ? ", the last just now" : $", last {age} ago" : "")}");
        if (PlainWords.FirstStep(verdict.Fix, 300) is { Length: > 0 } fix) tree.Output.Line($"           do: {fix}");
    }

    private void Print(StatusContract status, bool clear)
    {
        var output = tree.Output;
        if (clear) output.Text.Write("\e[H\e[J");
        var now = tree.Time.GetUtcNow();
        output.Line($"{output.Bold(status.Hostname)}  postern {status.Version}  up {Output.Age(now - status.StartedAt)}  {(status.Ready ? output.Good("ready") : output.Bad("NOT READY"))}");
        foreach (var incident in status.Incidents.Take(MaxIncidents)) Print(incident, now);
        if (status.Incidents.Count > MaxIncidents) output.Line($"INCIDENT   and {status.Incidents.Count - MaxIncidents} more: postern incidents");
        output.Line($"listening  {(status.Listening.Count > 0 ? string.Join(", ", status.Listening) : "nowhere")}");
        string oldest = status.Queue.OldestAcceptedAt is { } at ? $", oldest {Output.Age(now - at)}" : "";
        output.Line($"queue      {status.Queue.Messages} waiting{oldest}, {status.Queue.InDelivery} in delivery, {status.Queue.Held} held; accepted {status.Accepted} since the start");
        output.Line($"disk       {Output.Size(status.Queue.DiskBytes)} used, {Output.Size(status.Queue.FreeDiskBytes)} free{(status.Queue.SetAside > 0 ? $", {output.Bad(Count(status.Queue.SetAside, "unreadable record"))} set aside" : "")}");
        foreach (var webhook in status.FailingWebhooks)
        {
            string next = webhook.NextTry is { } due && due > now ? $"in {Output.Age(due - now)}" : "now";
            output.Line($"{output.Bad("webhook")}    {webhook.Name} ({webhook.Address}) takes nothing{(webhook.FailingSince is { } since ? $" for {Output.Age(now - since)}" : "")}: {webhook.Problem}; {Count(webhook.Failures, "try", "tries")}, next {next}; {Count(webhook.Waiting, "event")} wait in the log");
        }
        foreach (string note in status.Notes) output.Line($"{output.Warn("note")}       {note}");
        foreach (string problem in status.Problems) output.Line($"{output.Bad("problem")}    {problem}");
        if (status.Queue.ByDestination.Count == 0) return;
        output.Line("");
        output.Table(["destination", "waiting"], status.Queue.ByDestination.OrderByDescending(d => d.Value).Take(20).Select(d => new[] { d.Key, $"{d.Value}" }));
    }
}
