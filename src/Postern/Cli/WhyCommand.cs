using System.CommandLine;
using System.Globalization;
using Postern.Api;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Cli;

/// <summary>postern why: what was tried for one message, how far each attempt came and what each party said.</summary>
internal sealed class WhyCommand(CommandTree tree)
{
    private static readonly Argument<string> _id = new("id") { Description = "Queue id." };
    private static readonly Option<string> _server = ServerOption.Create();

    public Command Build() => tree.Action(new Command("why", "Say why a message still waits: every attempt kept, with what was said.") { _id, _server }, RunAsync);

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var client = RelayClient.Of(parsed, _server);
        var details = await client.GetAsync($"api/v1/queue/{Uri.EscapeDataString(parsed.GetValue(_id)!)}", ApiJson.Default.QueueDetailsContract, cancel);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(details, ApiJson.Default.QueueDetailsContract);
        else Print(details);
        return ExitCode.Good;
    }

    private void Print(QueueDetailsContract details)
    {
        var output = tree.Output;
        QueueCommand.PrintDetails(output, details, tree.Time.GetUtcNow());
        output.Line("");
        if (details.Attempts.Count == 0) output.Line(details.Message.Attempts == 0 ? "Not tried yet." : "No attempt's record is kept.");
        for (int i = 0; i < details.Attempts.Count; i++) Print(details.Attempts[i], isLast: i == details.Attempts.Count - 1);
    }

    /// <param name="isLast">What counts now is explained in full; of what was before, its name is enough.</param>
    private void Print(AttemptEvidence attempt, bool isLast)
    {
        var output = tree.Output;
        output.Line($"{output.Bold("attempt")} {attempt.At:yyyy-MM-dd HH:mm:ss}Z to {attempt.Target} ({attempt.Upstream})");
        if (attempt.Failure is { } failure) output.Line($"  {output.Bad("failed")}    at {failure.Stage.Word()}: {failure.Detail}");
        if (attempt.Diagnosis is { } diagnosis && isLast)
        {
            new DiagnosisText(output).Print(diagnosis, "  ");
            output.Line("");
        }
        else if (attempt.Diagnosis is { Verdict: var verdict })
        {
            output.Line(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"  {output.Dim("cause")}     {verdict.Cause}, {verdict.Confidence * 100:0} %"));
        }
        if (attempt.Failure?.Reply is { } reply && reply.ToString() != attempt.Failure.Detail) output.Line($"  {output.Dim("said")}      {reply}");
        // The diagnosis in full has them too.
        foreach (var action in isLast && attempt.Diagnosis is not null ? [] : attempt.Actions ?? []) output.Line($"  {output.Dim("did")}       {action.Did}");
        foreach (var connect in attempt.Connects)
            output.Line(string.Create(CultureInfo.InvariantCulture, $"  {output.Dim("connect")}   {connect.Address} port {connect.Port}: {connect.Error ?? "connected"} after {connect.Milliseconds:0} ms"));
        foreach (var dns in attempt.Dns) output.Line($"  {output.Dim("dns")}       {dns.Question}: {(dns.Answers.Count > 0 ? string.Join(", ", dns.Answers) : dns.Status.ToString())}{(dns.Server is { } server ? $", by {server}" : "")}{(dns.Note is { } note ? $" ({note})" : "")}");
        if (attempt.Tls is { } tls) output.Line($"  {output.Dim("tls")}       {tls.Protocol} {tls.CipherSuite}{(tls.Problem is { } problem ? $", {problem}" : tls.Verified ? ", verified" : "")}");
        foreach (var line in attempt.Transcript)
            output.Line(string.Create(CultureInfo.InvariantCulture, $"  {output.Dim($"{line.AtMilliseconds,7:0} ms")}  {(line.FromPeer ? output.Accent("<") : ">")} {(line.FromPeer ? line.Text : output.Dim(line.Text))}"));
        output.Line("");
    }
}
