namespace Postern.Diagnosis.History;

/// <summary>How many messages a session had carried when it was refused the next: a number that repeats is a limit. Not thread safe.</summary>
internal sealed class SessionCounts
{
    private const int Kept = 4;

    private readonly byte[] _last = new byte[Kept];
    private int _next;
    private int _mostServed;

    public AttemptOutcome LastOutcome { get; private set; }

    public void Take(in AttemptSample sample)
    {
        LastOutcome = sample.Outcome;
        if (!sample.IsRefusal)
        {
            _mostServed = Math.Max(_mostServed, sample.MessagesBefore + 1);
            // Went further than the limit we thought of: the limit is no longer that.
            if (Repeated > 0 && sample.MessagesBefore >= Repeated)
            {
                Array.Clear(_last);
                _mostServed = sample.MessagesBefore + 1;
            }
            return;
        }
        if (sample.MessagesBefore <= 0 || sample.Outcome == AttemptOutcome.Unconnected) return;
        _last[_next] = (byte)Math.Min(sample.MessagesBefore, byte.MaxValue);
        _next = (_next + 1) % Kept;
    }

    /// <summary>0 when the last refusals did not come after the same number, or sessions have carried more.</summary>
    public int Repeated
    {
        get
        {
            byte last = _last[(_next + Kept - 1) % Kept], before = _last[(_next + Kept - 2) % Kept];
            return last > 0 && last == before && last >= Math.Min(_mostServed, byte.MaxValue) ? last : 0;
        }
    }
}
