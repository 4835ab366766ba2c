using System.Globalization;
using Postern.Core.Diagnoses;
using Postern.Diagnosis.Causes;
using Spectre.Console;

namespace Postern.Cli;

/// <summary>Writes a diagnosis for a person: what is wrong and whose it is, what that rests on, what to do and why it works, what else it might be.</summary>
internal sealed class DiagnosisText(Output output)
{
    private const int Width = 100;
    private const int MostEvidence = 12;

    /// <param name="indent">For a diagnosis inside something else.</param>
    public void Print(DiagnosisReport report, string indent = "", bool withEvidence = true)
    {
        var verdict = report.Verdict;
        bool isGood = verdict.Id == CauseId.None;
        Verdict(report, indent);
        Paragraph(indent, verdict.Summary);
        if (withEvidence && report.Evidence.Count > 0) Evidence(report, indent);
        if (!isGood && verdict.Fix.Length > 0)
        {
            Heading(indent, verdict.Who == "nobody" ? "What to do" : $"What to do ({PlainWords.Who(verdict.Who)})");
            foreach (string line in verdict.Fix.Split('\n')) Item(indent, line);
        }
        if (!isGood && verdict.Why.Length > 0)
        {
            Heading(indent, "Why that works");
            Paragraph(indent + "  ", verdict.Why);
        }
        if (report.Actions.Count > 0)
        {
            Heading(indent, "What Postern did");
            foreach (var action in report.Actions) Item(indent, action.Did);
        }
        if (report.Alternatives.Count > 0) Alternatives(report, indent);
        if (!isGood && verdict.Id != CauseId.Unknown) output.Line($"{indent}More: postern explain {verdict.Cause}");
    }

    private void Verdict(DiagnosisReport report, string indent)
    {
        var verdict = report.Verdict;
        string colour = verdict.Id switch { CauseId.None => "green", CauseId.Unknown => "yellow", _ => "red" };
        string words = verdict.Id switch
        {
            CauseId.None => "nothing is wrong",
            CauseId.Unknown => "cause not determined",
            _ => verdict.Cause,
        };
        string mend = verdict.Id is CauseId.None or CauseId.Unknown || verdict.Who == "nobody" ? "" : $"; to be mended by {PlainWords.Who(verdict.Who)}";
        output.Ansi.MarkupLine($"{indent}[bold {colour}]{Markup.Escape(words)}[/] at {Markup.Escape(report.Target)}, stage {Markup.Escape(report.Stage)}: {PlainWords.Confidence(verdict.Confidence)}{mend}");
    }

    private void Evidence(DiagnosisReport report, string indent)
    {
        Heading(indent, "Evidence");
        foreach (var item in report.Evidence.Take(MostEvidence))
        {
            string mark = item.Against.Contains(report.Verdict.Cause) ? "-" : item.Supports.Contains(report.Verdict.Cause) ? "+" : " ";
            string took = item.Ms is { } ms ? string.Create(CultureInfo.InvariantCulture, $", {ms:0} ms") : "";
            Wrap($"{indent}  {mark} ", $"{indent}    ", $"{item.Observed} ({item.SaidBy}{took})");
        }
        if (report.Evidence.Count > MostEvidence) output.Line($"{indent}    and {report.Evidence.Count - MostEvidence} more; --json has all");
    }

    private void Alternatives(DiagnosisReport report, string indent)
    {
        Heading(indent, "It might also be");
        foreach (var other in report.Alternatives.Take(2))
        {
            string settle = other.WouldSettle is { Length: > 0 } observation ? $"; what would settle it: {observation}" : "";
            Wrap($"{indent}  ", $"{indent}    ", string.Create(CultureInfo.InvariantCulture, $"{other.Cause} ({other.Confidence * 100:0} %){settle}"));
        }
    }

    private void Heading(string indent, string text)
    {
        output.Line("");
        output.Ansi.MarkupLine($"{indent}[bold]{Markup.Escape(text)}[/]");
    }

    /// <summary>Lines that are commands are left whole, so that they can be copied.</summary>
    private void Item(string indent, string line) => Wrap($"{indent}  ", $"{indent}    ", line);

    private void Paragraph(string indent, string text) => Wrap(indent, indent, text);

    private void Wrap(string first, string next, string text)
    {
        string line = first;
        bool any = false;
        foreach (string word in text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (any && line.Length + 1 + word.Length > Width)
            {
                output.Line(line);
                line = next;
                any = false;
            }
            line += any ? " " + word : word;
            any = true;
        }
        output.Line(line);
    }
}
