using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Causes;

/// <summary>What a refusal says, by the rows of knowledge/replies.toml and the stems of knowledge/reply-stems.toml; where none knows it, by its code. Pure.</summary>
internal static class ReplyReader
{
    public static ReplyOpinion? Read(ReplyFact reply, string host)
    {
        var reading = ReplyClassifier.Default.Read(new ReplyInput(reply.Reply, reply.Stage, host));
        if (reading.Matched.Count == 0 && reading.Stems.Count == 0) return CodeJudge.Read(reply, host);
        var causes = new List<(CauseId Cause, double Confidence)>(2);
        Add(causes, reading.Cause, reading.Confidence);
        if (reading.RunnerUp is { } second) Add(causes, ReplyLabels.CauseOf(second), reading.RunnerUpConfidence);
        return new ReplyOpinion(causes, ReplyLabels.NameOf(reading.Label), reading.Provider)
        {
            List = reading.Values.ListName,
            Zone = reading.Values.ListZone,
            Help = reading.Values.HelpUrl,
            OurAddress = reading.Values.OurAddress,
            Limit = reading.Values.Limit,
        };
    }

    private static void Add(List<(CauseId Cause, double Confidence)> causes, CauseId cause, double confidence)
    {
        if (cause is CauseId.Unknown or CauseId.None || confidence <= 0) return;
        // Two labels of one cause: certain of the cause, not of its finer name.
        int same = causes.FindIndex(c => c.Cause == cause);
        if (same >= 0) causes[same] = (cause, Math.Min(0.99, causes[same].Confidence + confidence));
        else causes.Add((cause, confidence));
    }
}
