using System.Globalization;
using System.Text.RegularExpressions;
using Postern.Core.Diagnoses;
using Postern.Diagnosis.Causes;
using Spectre.Console;

namespace Postern.Cli;

/// <summary>Writes a diagnosis for a person: what is wrong and whose it is, what that rests on, what to do and why it works, what else it might be.</summary>
internal sealed partial class DiagnosisText(Output output)
{
    /// <summary>Longer lines of prose are hard to follow, however wide the window is.</summary>
    private const int Widest = 100, Narrowest = 40;
    private const int MostEvidence = 12;

    private readonly int _width = Math.Clamp(output.Ansi.Profile.Width, Narrowest, Widest);

    /// <param name="indent">For a diagnosis inside something else.</param>
    public void Print(DiagnosisReport report, string indent = "") => Print(report, indent, $" at {report.Target}, stage {report.Stage}", withEvidence: true);

    /// <summary>Of a reply alone, which is the only evidence and stands in the summary.</summary>
    public void PrintBare(DiagnosisReport report, string? host, bool isStageKnown) =>
        Print(report, "", $"{(host is null ? "" : $" at {host}")}{(isStageKnown ? $", stage {report.Stage}" : "")}", withEvidence: false);

    private void Print(DiagnosisReport report, string indent, string place, bool withEvidence)
    {
        var verdict = report.Verdict;
        bool isGood = verdict.Id == CauseId.None;
        Verdict(report, indent, place);
        Paragraph(indent, verdict.Summary);
        if (withEvidence && report.Evidence.Count > 0) Evidence(report, indent);
        if (!isGood && verdict.Fix.Length > 0)
        {
            Heading(indent, verdict.Who == "nobody" ? "What to do" : $"What to do ({PlainWords.Who(verdict.Who)})");
            Steps(indent, verdict.Fix);
        }
        if (!isGood && verdict.Why.Length > 0)
        {
            Heading(indent, "Why that works");
            Paragraph(indent + "  ", verdict.Why);
        }
        if (!isGood && withEvidence && verdict.Confirm.Count > 0)
        {
            Heading(indent, "See it yourself");
            foreach (string command in verdict.Confirm) output.Line($"{indent}  {command}");
        }
        if (report.Actions.Count > 0)
        {
            Heading(indent, "What Postern did");
            foreach (var action in report.Actions) Item(indent, action.Did);
        }
        if (report.Alternatives.Count > 0) Alternatives(report, indent);
        if (isGood || verdict.Id == CauseId.Unknown) return;
        output.Line("");
        output.Line($"{indent}More: postern explain {verdict.Cause}");
    }

    private void Verdict(DiagnosisReport report, string indent, string place)
    {
        var verdict = report.Verdict;
        string words = verdict.Id switch
        {
            CauseId.None => "nothing is wrong",
            CauseId.Unknown => "cause not determined",
            _ => verdict.Cause,
        };
        string mend = verdict.Id is CauseId.None or CauseId.Unknown || verdict.Who == "nobody" ? "" : $"; to be mended by {PlainWords.Who(verdict.Who)}";
        words = output.Bold(verdict.Id switch { CauseId.None => output.Good(words), CauseId.Unknown => output.Warn(words), _ => output.Bad(words) });
        string line = $"{words}{place}: {PlainWords.Confidence(verdict.Confidence)}{mend}";
        // One line for a program that looks for it.
        if (output.IsTerminal) Paragraph(indent, line);
        else output.Line(indent + line);
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

    /// <summary>What to do, a line for each step.</summary>
    public void Steps(string indent, string fix)
    {
        foreach (string line in fix.Split('\n')) Item(indent, line);
    }

    /// <summary>Lines with a command, which has options, are left whole, so that they can be copied.</summary>
    private void Item(string indent, string line)
    {
        if (Option().IsMatch(line)) output.Line($"{indent}  {line}");
        // Under the words of a numbered step, not under its number.
        else Wrap($"{indent}  ", indent + (line.Length > 0 && char.IsAsciiDigit(line[0]) ? "     " : "    "), line);
    }

    [GeneratedRegex(" --?[A-Za-z]")]
    private static partial Regex Option();

    public void Paragraph(string indent, string text) => Wrap(indent, indent, text);

    /// <summary>After a word of its own, the further lines below the text.</summary>
    public void Labelled(string label, string text) => Wrap(label, new string(' ', Visible(label)), text);

    /// <summary>The same with what follows the first line further in.</summary>
    public void Paragraph(string first, string next, string text) => Wrap(first, next, text);

    private const char Glued = '\u00a0';

    /// <summary>Columns: colours take none.</summary>
    private static int Visible(string text) => text.Contains('\e', StringComparison.Ordinal) ? Colours().Replace(text, "").Length : text.Length;

    [GeneratedRegex("\e\\[[0-9;]*m")]
    private static partial Regex Colours();

    private void Wrap(string first, string next, string text)
    {
        string line = first;
        bool any = false;
        // A number and its sign stay together.
        foreach (string part in text.Replace(" %", Glued + "%", StringComparison.Ordinal).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            string word = part.Replace(Glued, ' ');
            if (any && Visible(line) + 1 + Visible(word) > _width)
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
