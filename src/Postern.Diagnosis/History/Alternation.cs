namespace Postern.Diagnosis.History;

/// <summary>Tells a meter from bad luck: a meter lets about as many in every time, a lossy line any number.</summary>
internal static class Alternation
{
    private const int LeastServed = 3, LeastRuns = 2;

    /// <summary>True when at least two runs of successes, each ended by a refusal, are of about the same length.</summary>
    /// <param name="seconds">In order, empty ones left out.</param>
    public static bool IsRegular(IReadOnlyList<(long Number, RecordBucket Bucket)> seconds)
    {
        var runs = new List<int>();
        int served = 0;
        bool isRefusing = false;
        foreach (var (_, bucket) in seconds)
        {
            // Within one second nobody knows the order: successes are taken to come first, as a meter has it.
            if (bucket.Served > 0)
            {
                if (isRefusing) served = 0;
                isRefusing = false;
                served += bucket.Served;
            }
            if (bucket.Refused > 0 && !isRefusing)
            {
                if (served > 0) runs.Add(served);
                isRefusing = true;
            }
        }
        if (runs.Count < LeastRuns) return false;
        int least = runs.Min(), most = runs.Max();
        return least >= LeastServed && most <= (least * 2) + 1;
    }

    /// <summary>Times that a success followed refusals.</summary>
    public static int Recoveries(IReadOnlyList<(long Number, RecordBucket Bucket)> seconds)
    {
        int recoveries = 0;
        bool isRefusing = false;
        foreach (var (_, bucket) in seconds)
        {
            if (bucket.Served > 0 && isRefusing) recoveries++;
            isRefusing = bucket.Refused > 0;
        }
        return recoveries;
    }
}
