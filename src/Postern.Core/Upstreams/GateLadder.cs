namespace Postern.Core.Upstreams;

/// <summary>The waits between tries of an upstream that cannot be reached; the last one repeats.</summary>
internal sealed class GateLadder(IReadOnlyList<TimeSpan> steps)
{
    /// <summary>
    /// For upstreams the operator named: his own provider or server, which he wants to see used again within seconds of its return.
    /// One connection each is no burden to it.
    /// </summary>
    public static readonly GateLadder Pool = new(
    [
        TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10),
        TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60),
    ]);

    /// <param name="failures">In a row, from 1.</param>
    public TimeSpan Wait(int failures) => steps[Math.Clamp(failures, 1, steps.Count) - 1];
}
