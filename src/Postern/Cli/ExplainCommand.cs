using System.CommandLine;
using Postern.Api;
using Postern.Core.Diagnoses;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Knowledge;
using Postern.Protocols.Smtp;

namespace Postern.Cli;

/// <summary>postern explain: a cause's page, or what a server's reply means.</summary>
internal sealed class ExplainCommand(CommandTree tree, DiagnosisSetup setup)
{
    private readonly Argument<string[]> _what = new("what") { Description = "A cause such as ip-reputation, or a reply in quotes: \"550 5.7.1 …\". Without it: all causes.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string> _host = new("--host") { Description = "Who said it, where known: the same code means different things at different providers.", HelpName = "HOST" };
    private readonly Option<string> _stage = new("--stage") { Description = "When it was said: connect, ehlo, auth, mail, rcpt, data or eod.", HelpName = "STAGE" };

    public Command Build() => tree.Action(new Command("explain", "Explain a cause, or what a server's reply means.") { _what, _host, _stage }, RunAsync);

    private Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        string text = string.Join(' ', parsed.GetValue(_what) ?? []).Trim();
        bool json = parsed.GetValue(CommandTree.JsonOption);
        if (text.Length == 0) return Task.FromResult(List(json));
        if (CauseTable.TryParse(text, out var cause) && cause != CauseId.None) return Task.FromResult(Page(KnowledgeBase.Default.Of(cause), json));
        if (!text.Contains(' ', StringComparison.Ordinal) && text.Length < 40 && text.All(c => char.IsAsciiLetter(c) || c == '-'))
        {
            string mend = Core.Configuration.Suggestion.For(text, CauseTable.All.Select(c => c.Name)) is { } near ? $"did you mean {near}?" : $"causes: {string.Join(", ", CauseTable.All.Select(c => c.Name))}; a reply goes in quotes";
            throw new CommandException(ExitCode.WrongUsage, $"no cause is called {text}; {mend}");
        }
        string? stage = parsed.GetValue(_stage), host = parsed.GetValue(_host);
        return Task.FromResult(Reply(text, host, Stage(stage, text, host), isStageGiven: stage is not null, json));
    }

    private int List(bool json)
    {
        if (json) tree.Output.Json([.. KnowledgeBase.Default.Pages.Select(Contract)], CliJson.Default.IReadOnlyListCauseContract);
        else tree.Output.Table(["cause", "who mends it", "title"], KnowledgeBase.Default.Pages.Select(p => new[] { CauseTable.NameOf(p.Id), CauseTable.NameOf(p.Who), p.Title }));
        return ExitCode.Good;
    }

    private int Page(KnowledgePage page, bool json)
    {
        if (json) tree.Output.Json(Contract(page), CliJson.Default.CauseContract);
        else tree.Output.Text.Write(page.Render(CaseValues.Generic).ToPlain(100));
        return ExitCode.Good;
    }

    private int Reply(string reply, string? host, ClientStage stage, bool isStageGiven, bool json)
    {
        reply = reply.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal);
        var fact = new ReplyFact
        {
            SaidBy = Speaker.Peer,
            Observed = $"replied {reply.ReplaceLineEndings(" ")}",
            Point = host is null ? null : new ProbePoint(host, null, 25, null, PointRole.Target),
            Stage = stage,
            Reply = reply.Length > 2000 ? reply[..2000] : reply,
        };
        var report = setup.Parts.Diagnose(new EvidenceSet(host ?? "the server", null, tree.Time.GetUtcNow(), [fact]));
        if (json) tree.Output.Json(report, ApiJson.Default.DiagnosisReport);
        else new DiagnosisText(tree.Output).PrintBare(report, host, isStageGiven);
        return report.Verdict.Id is CauseId.Unknown or CauseId.None ? ExitCode.NotDetermined : ExitCode.Good;
    }

    /// <summary>Where such words are said; most refusals that people ask about came for a recipient. A bare 421 or 554 about us is a greeting's.</summary>
    private static ClientStage Guess(string reply, string? host)
    {
        bool isBare = reply.StartsWith("421", StringComparison.Ordinal) || reply.StartsWith("554 ", StringComparison.Ordinal) && !reply.Contains("5.", StringComparison.Ordinal);
        return ReplyClassifier.Default.Read(new ReplyInput(reply, null, host)).Cause switch
        {
            CauseId.AuthFailed => ClientStage.Auth,
            CauseId.ContentRejected or CauseId.MessageTooLarge => ClientStage.EndOfData,
            CauseId.IpReputation or CauseId.UpstreamFirewall or CauseId.RateLimited or CauseId.UpstreamDown when isBare => ClientStage.Greeting,
            _ => ClientStage.Rcpt,
        };
    }

    private static ClientStage Stage(string? word, string reply, string? host) => word?.ToLowerInvariant() switch
    {
        null => Guess(reply, host),
        "connect" or "greeting" => ClientStage.Greeting,
        "ehlo" or "helo" => ClientStage.Ehlo,
        "starttls" or "tls" => ClientStage.StartTls,
        "auth" => ClientStage.Auth,
        "mail" => ClientStage.Mail,
        "rcpt" => ClientStage.Rcpt,
        "data" => ClientStage.Data,
        "eod" => ClientStage.EndOfData,
        _ => throw new CommandException(ExitCode.WrongUsage, $"--stage {word}: expected connect, ehlo, starttls, auth, mail, rcpt, data or eod"),
    };

    private static CauseContract Contract(KnowledgePage page)
    {
        var filled = page.Fill(CaseValues.Generic);
        return new CauseContract(CauseTable.NameOf(page.Id), page.Title, CauseTable.NameOf(page.Who), filled.Summary, filled.Fix, filled.Why, page.Render(CaseValues.Generic).ToMarkdown());
    }
}
