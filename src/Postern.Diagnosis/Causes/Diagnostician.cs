using System.Globalization;
using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Causes;

/// <summary>
/// Evidence to a report: pure, well below a millisecond, safe to share between threads. Same evidence, same report. Never throws for any evidence.
/// </summary>
internal sealed class Diagnostician(SignalTable table, Calibration calibration, ReplyJudge judge)
{
    /// <summary>Smaller shares are not worth an operator's time.</summary>
    private const double WorthNaming = 0.02;
    private const int MostAlternatives = 4;

    /// <summary>Of a signal, in log-odds.</summary>
    private const double Outspoken = 5.5;

    private static readonly Lazy<Diagnostician> Shared = new(() => new Diagnostician(SignalTable.Default, Calibration.Default, ReplyReader.Read));

    /// <summary>With the data that the program carries, read with the first case: a relay whose mail goes through holds none of it.</summary>
    public static Diagnostician Default => Shared.Value;

    /// <param name="actions">What Postern did about it so far.</param>
    public DiagnosisReport Diagnose(EvidenceSet evidence, IReadOnlyList<ActionTaken>? actions = null)
    {
        var scene = new Scene(evidence, judge);
        var signals = SignalReader.Read(scene);
        var ranking = Ranking.Of(signals, table);
        // Before calibration: that says how sure to be of a name, not which to give.
        var cause = Choose(ranking.Shares);
        var shares = Confidences(ranking);
        var text = VerdictText.Of(cause, CaseReader.Read(cause, scene, signals));
        return new DiagnosisReport
        {
            Id = IdOf(evidence),
            Target = evidence.Target,
            At = evidence.At,
            Stage = StageFinder.Find(scene),
            Verdict = new Verdict(CauseTable.NameOf(cause), Round(shares[(int)cause]), text.Summary, text.Fix, text.Why, CauseTable.NameOf(text.Who), "causes/" + CauseTable.NameOf(cause)) { Confirm = text.Confirm },
            Alternatives = Alternatives(cause, shares, signals),
            Evidence = EvidenceWriter.Write(cause, signals, table),
            Actions = actions ?? [],
            Paths = WalkedPath.Of(scene.Paths),
        };
    }

    /// <summary>The likeliest share is mapped to what it has proved to be worth; the others keep their proportions.</summary>
    private double[] Confidences(Ranking ranking)
    {
        var shares = (double[])ranking.Shares.Clone();
        int top = Array.IndexOf(shares, shares.Max());
        double before = shares[top];
        double after = Math.Min(calibration.Of(before), ranking.Ceiling);
        double scale = before < 1 ? (1 - after) / (1 - before) : 0;
        // Never lifted above the leader by its loss: that would turn the order round.
        for (int i = 0; i < shares.Length; i++) shares[i] = i == top ? after : Math.Min(shares[i] * scale, after);
        return shares;
    }

    private CauseId Choose(double[] shares)
    {
        int top = Array.IndexOf(shares, shares.Max());
        return shares[top] >= table.LeastConfidence ? (CauseId)top : CauseId.Unknown;
    }

    private List<Alternative> Alternatives(CauseId verdict, double[] shares, IReadOnlyList<Signal> signals)
    {
        // "Unknown" is no runner-up: nobody can look for it. Of several causes that it hides, the likeliest two are what further observation must tell apart.
        var ordered = Enumerable.Range(0, shares.Length).Select(i => (CauseId)i).Where(c => c != verdict && c != CauseId.Unknown && (shares[(int)c] >= WorthNaming || IsSpokenFor(c, signals))).OrderByDescending(c => shares[(int)c]).ThenBy(c => c).Take(MostAlternatives).ToList();
        var against = verdict == CauseId.Unknown && ordered.Count > 1 ? ordered[0] : verdict;
        return ordered.ConvertAll(c => new Alternative(CauseTable.NameOf(c), Round(shares[(int)c]), Settle(c == against ? ordered[1] : against, c, signals)));
    }

    /// <summary>Something says it on its own: a second trouble beside the first, however the odds between them are.</summary>
    private bool IsSpokenFor(CauseId cause, IReadOnlyList<Signal> signals) => cause is not (CauseId.None or CauseId.Unknown) && signals.Any(s => Ranking.WeightOf(s, cause, table) is > 0 and var weight && (weight >= Outspoken || table.Of(s.Id).IsAlwaysNamed));

    /// <summary>A row for the two causes that has not been observed already; else what the strongest signal that speaks for both asks for.</summary>
    private string? Settle(CauseId one, CauseId other, IReadOnlyList<Signal> signals)
    {
        foreach (var row in table.Settling)
            if (row.Concerns(one, other) && !signals.Any(s => row.Unless.Contains(s.Id))) return row.Text;
        Signal? shared = null;
        double most = 0;
        foreach (var signal in signals)
        {
            double both = Math.Min(Ranking.WeightOf(signal, one, table), Ranking.WeightOf(signal, other, table));
            if (both <= most || table.Of(signal.Id).Settles is null) continue;
            (shared, most) = (signal, both);
        }
        return shared is null ? null : table.Of(shared.Id).Settles;
    }

    private static double Round(double share) => Math.Floor(share * 1000) / 1000;

    /// <summary>Names the case, not the run: the same evidence has the same id (FNV-1a).</summary>
    private static string IdOf(EvidenceSet evidence)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in string.Create(CultureInfo.InvariantCulture, $"{evidence.Target}|{evidence.Domain}|{evidence.At.UtcTicks}"))
            hash = (hash ^ c) * 1099511628211;
        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }
}
