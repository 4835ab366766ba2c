namespace Postern.Core.Upstreams;

/// <summary>
/// Smooth weighted round-robin: each choice adds every weight to its credit, takes the richest and charges it the sum, so that 5:1:1 goes
/// a a b a c a a, not a a a a a b c. Not thread safe.
/// </summary>
internal sealed class SmoothWeights(int[] weights)
{
    private readonly int[] _credits = new int[weights.Length];
    private readonly int _sum = weights.Sum();

    /// <summary>Index of the next choice; with no weight at all, 0.</summary>
    public int Next()
    {
        int best = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            _credits[i] += weights[i];
            if (_credits[i] > _credits[best]) best = i;
        }
        _credits[best] -= _sum;
        return best;
    }
}
