using System.Diagnostics;
using System.Text.Json;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Diagnosis;

/// <summary>Measures the classifier on labelled replies that are no part of this repository: POSTERN_REPLIES names a file of JSON lines.</summary>
public sealed class ReplyScoreTests(ITestOutputHelper output)
{
    [Fact]
    public void Labelled_replies_are_read_rightly()
    {
        string? file = Environment.GetEnvironmentVariable("POSTERN_REPLIES");
        Assert.SkipWhen(string.IsNullOrEmpty(file), "POSTERN_REPLIES names no file of labelled replies");
        Labelled[] replies = [.. File.ReadLines(file!).Where(l => l.Length > 0).Select(l => JsonSerializer.Deserialize<Labelled>(l, JsonSerializerOptions.Web)!)];
        var read = replies.Select(r => (Reply: r, Reading: ReplyClassifier.Default.Read(new ReplyInput(r.Reply, StageOf(r.Stage))))).ToArray();
        var strict = read.Select(r => (Want: r.Reply.Label, Got: ReplyLabels.NameOf(r.Reading.Label))).ToArray();
        var lenient = read.Zip(strict, (r, s) => r.Reply.Alt.Contains(s.Got) ? (s.Want, Got: s.Want) : s).ToArray();

        output.WriteLine($"{"label",-26}{"n",4}{"P",7}{"R",7}{"F1",7}{"lenient F1",12}");
        foreach (string label in strict.Select(s => s.Want).Distinct().Order(StringComparer.Ordinal))
        {
            var (p, r, f) = Of(strict, label);
            output.WriteLine($"{label,-26}{strict.Count(s => s.Want == label),4}{p,7:F2}{r,7:F2}{f,7:F2}{Of(lenient, label).F1,12:F2}");
        }
        double macro = Macro(lenient);
        output.WriteLine($"strict: accuracy {Accuracy(strict):F3}, macro-F1 {Macro(strict):F3}; lenient: accuracy {Accuracy(lenient):F3}, macro-F1 {macro:F3}; {replies.Length} replies");
        foreach (var (low, high) in ((double, double)[])[(0.9, 1.01), (0.8, 0.9), (0.7, 0.8), (0, 0.7)])
        {
            var band = read.Zip(lenient).Where(x => x.First.Reading.Confidence >= low && x.First.Reading.Confidence < high).ToArray();
            if (band.Length > 0) output.WriteLine($"confidence {low:F1}-{high:F1}: {band.Count(x => x.Second.Want == x.Second.Got) / (double)band.Length:F3} of {band.Length} right");
        }
        foreach (var (r, s) in read.Zip(lenient).Where(x => x.Second.Want != x.Second.Got))
            output.WriteLine($"{s.Want} read as {s.Got} by {r.Reading.Pattern}: {r.Reply.Reply.ReplaceLineEndings(" ")}");
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < 20; i++)
            foreach (var r in replies) ReplyClassifier.Default.Read(new ReplyInput(r.Reply));
        output.WriteLine($"{Stopwatch.GetElapsedTime(begin).TotalMicroseconds / (20 * replies.Length):F1} µs per reply");
        Assert.True(macro >= 0.9, $"macro-F1 {macro:F3}");
    }

    private static double Accuracy((string Want, string Got)[] all) => all.Count(s => s.Want == s.Got) / (double)all.Length;
    private static double Macro((string Want, string Got)[] all) => all.Select(s => s.Want).Distinct().Average(label => Of(all, label).F1);

    private static (double Precision, double Recall, double F1) Of((string Want, string Got)[] all, string label)
    {
        double hit = all.Count(s => s.Want == label && s.Got == label), wanted = all.Count(s => s.Want == label), got = all.Count(s => s.Got == label);
        return (got == 0 ? 0 : hit / got, hit / wanted, 2 * hit / (wanted + got));
    }

    private static ClientStage? StageOf(string? stage) => stage switch
    {
        "connect" => ClientStage.Greeting,
        "helo" => ClientStage.Ehlo,
        "tls" => ClientStage.StartTls,
        "auth" => ClientStage.Auth,
        "mail" => ClientStage.Mail,
        "rcpt" => ClientStage.Rcpt,
        "data" => ClientStage.EndOfData,
        _ => null,
    };

    private sealed record Labelled(string Reply, string? Stage, string Label, string[] Alt);
}
