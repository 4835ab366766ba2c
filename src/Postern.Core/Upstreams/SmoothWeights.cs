namespace Postern.Core.Upstreams;

/// <summary>
/// Smooth weighted round-robin: each choice adds its weight to its credit, the richest is taken and charged the sum, so that 5:1:1 goes
/// a a b a c a a, not a a a a a b c. Not thread safe.
/// </summary>
internal sealed class SmoothWeights(int[] weights)
{
    /// <summary>Turns that a choice may be owed, or owe, for others who stepped in: what takes little for long must not be given everything afterwards.</summary>
    private const int MostTurns = 16;

    private readonly int[] _credits = new int[weights.Length];
    private readonly int _sum = weights.Sum();

    /// <summary>Another one stepped in for the one whose turn it was, so the turn is charged to it.</summary>
    public void Moved(int from, int to)
    {
        _credits[from] = Math.Min(_credits[from] + _sum, MostTurns * _sum);
        _credits[to] = Math.Max(_credits[to] - _sum, -MostTurns * _sum);
    }

    /// <summary>Index of the next choice; with no weight at all, the first that may be chosen.</summary>
    /// <param name="isOut">Those that are not to be chosen now; they neither gain nor lose. When all are out, none is.</param>
    public int Next(Func<int, bool>? isOut = null)
    {
        int best = -1, sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            if (isOut is not null && isOut(i)) continue;
            _credits[i] += weights[i];
            sum += weights[i];
            // While others are out the credits of the rest may all be below zero: weight 0 must not win by that.
            if (best < 0 || (weights[i] > 0, _credits[i]).CompareTo((weights[best] > 0, _credits[best])) > 0) best = i;
        }
        if (best < 0) return Next();
        _credits[best] -= sum;
        return best;
    }
}
