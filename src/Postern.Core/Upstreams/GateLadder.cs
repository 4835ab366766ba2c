namespace Postern.Core.Upstreams;

/// <summary>The waits between tries of what does not work: by the number of failures at first, for an outage that lasts by its age. Immutable.</summary>
internal sealed class GateLadder
{
    /// <summary>
    /// For upstreams the operator named: his own provider or server, which he wants to see used again within seconds of its return.
    /// One connection each is no burden to it.
    /// </summary>
    public static readonly GateLadder Pool = new([Seconds(1), Seconds(2), Seconds(3), Seconds(4)],
        (TimeSpan.FromMinutes(15), Seconds(10)), (TimeSpan.FromMinutes(16), Seconds(20)), (TimeSpan.FromMinutes(18), Seconds(30)), (TimeSpan.FromMinutes(20), Seconds(60)));

    /// <summary>For an address of ours that is turned away, where nothing else tells when that ends: one message each.</summary>
    public static readonly GateLadder Rest = new([.. new[] { 1, 2, 4, 8, 15 }.Select(m => TimeSpan.FromMinutes(m))]);

    private static readonly TimeSpan[] Quick = [Seconds(5), Seconds(15), Seconds(30)];

    private readonly IReadOnlyList<TimeSpan> _steps;
    private readonly (TimeSpan Age, TimeSpan Wait)[] _late;

    private GateLadder(IReadOnlyList<TimeSpan> steps, params (TimeSpan Age, TimeSpan Wait)[] late)
    {
        _steps = steps;
        _late = late;
    }

    /// <summary>
    /// For hosts of others: 5, 15 and 30 s, 1 min and then twice as long each time, up to the last wait of the retry schedule, which is the
    /// patience that a stranger's server is owed.
    /// </summary>
    public static GateLadder ForMx(IReadOnlyList<TimeSpan> retry)
    {
        var steps = new List<TimeSpan>();
        foreach (var quick in Quick)
        {
            if (quick < retry[^1]) steps.Add(quick);
        }
        for (var wait = TimeSpan.FromMinutes(1); wait < retry[^1]; wait *= 2) steps.Add(wait);
        steps.Add(retry[^1]);
        return new GateLadder(steps);
    }

    /// <param name="failures">In a row, from 1.</param>
    /// <param name="age">Since the first of them.</param>
    public TimeSpan Wait(int failures, TimeSpan age)
    {
        for (int i = _late.Length - 1; i >= 0; i--)
        {
            if (age >= _late[i].Age) return _late[i].Wait;
        }
        return _steps[Math.Clamp(failures, 1, _steps.Count) - 1];
    }

    private static TimeSpan Seconds(int count) => TimeSpan.FromSeconds(count);
}
