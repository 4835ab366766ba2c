using System.Globalization;
using System.Text.Json.Nodes;
using Postern.Diagnosis.Causes;
using Postern.Lab.Running;

namespace Postern.Lab.Runner;

/// <summary>
/// Fits knowledge/calibration.toml on the verdicts of the last run (artifacts/lab/results.json) and says what that is worth on verdicts that it was not fitted on. Writes
/// nothing but to the console: whether the line is taken over is a decision.
/// </summary>
internal static class CalibrationRun
{
    private const int Folds = 10;

    private sealed record Case(string Scenario, double Share, bool IsRight);

    public static int Run(string root)
    {
        string file = Path.Combine(root, "artifacts/lab/results.json");
        if (!File.Exists(file))
        {
            Console.Error.WriteLine($"{file} is not there: run the lab first");
            return 2;
        }
        var cases = ((JsonArray)JsonNode.Parse(File.ReadAllText(file))!).Select(n => Read(n!.AsObject())).OfType<Case>().OrderBy(c => c.Scenario, StringComparer.Ordinal).ToList();
        if (cases.Count == 0)
        {
            Console.Error.WriteLine($"{file} holds no verdict to fit on");
            return 2;
        }
        var fitted = Fit(cases);
        Console.WriteLine($"{cases.Count} verdicts; right is the cause that was set up, not one that is accepted beside it");
        Console.WriteLine("expected calibration error   Brier score");
        Say("shares as they are", cases.Select(c => (c.Share, c.IsRight)));
        Say("the calibration of this build", cases.Select(c => (Calibration.Default.Of(c.Share), c.IsRight)));
        Say("the fit, on what it was fitted on", cases.Select(c => (fitted.Of(c.Share), c.IsRight)));
        Say($"the fit, on a tenth left out, {Folds} times", LeftOut(cases));
        Console.WriteLine("\n" + CalibrationFit.ToToml(fitted));
        return 0;
    }

    /// <summary>Null for what calibration does not decide: no verdict, "unknown", and verdicts that a limit of knowledge/signals.toml holds down.</summary>
    private static Case? Read(JsonObject result)
    {
        if (result["diagnosis"] is not JsonObject diagnosis || !CauseTable.TryParse(DiagnosisJson.CauseOf(diagnosis), out var cause) || cause == CauseId.Unknown) return null;
        // A healthy queue has no diagnosis of its own.
        double confidence = DiagnosisJson.ConfidenceOf(diagnosis);
        if (confidence is <= 0 or >= 1) return null;
        double ceiling = SignalTable.Default.CeilingOf(cause, DiagnosisJson.Evidence(diagnosis).Select(e => e.Id).ToHashSet(StringComparer.Ordinal));
        // Reports round down to a thousandth.
        if (confidence >= ceiling - 0.002) return null;
        return new Case((string)result["scenario"]!, Calibration.Default.ShareOf(confidence), (string)result["expected"]! == (string)result["got"]!);
    }

    private static Calibration Fit(IEnumerable<Case> cases) => CalibrationFit.Fit(cases.Select(c => (c.Share, c.IsRight)));

    /// <summary>Every tenth scenario in the alphabet: scenarios of one kind stand together, so that each part has some of all.</summary>
    private static IEnumerable<(double, bool)> LeftOut(List<Case> cases)
    {
        for (int fold = 0; fold < Folds; fold++)
        {
            int left = fold;
            var fitted = Fit(cases.Where((_, i) => i % Folds != left));
            foreach (var one in cases.Where((_, i) => i % Folds == left)) yield return (fitted.Of(one.Share), one.IsRight);
        }
    }

    private static void Say(string what, IEnumerable<(double Confidence, bool IsRight)> verdicts)
    {
        var all = verdicts.ToList();
        double brier = all.Average(v => Math.Pow(v.Confidence - (v.IsRight ? 1 : 0), 2));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-42} {CalibrationFit.ErrorOf(all),7:0.0000} {brier,9:0.0000}"));
    }
}
