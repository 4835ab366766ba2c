using System.Globalization;

namespace Postern.Core.Upstreams;

/// <summary>A member that is out of its pool's turns for a while.</summary>
/// <param name="Times">How often in a row; each time it is out for longer.</param>
/// <param name="Words">Why, for people.</param>
public sealed record Ejection(DateTimeOffset At, DateTimeOffset Until, int Times, string Words);

/// <summary>
/// Finds the member of a pool that fails much more than the others, and puts it out of the turn for a while: a gate sees only a host that is down, not one
/// that loses every second session. Never more than half of the members; they stay the last resort. Looks once a second at most. Thread safe.
/// </summary>
internal sealed class OutlierWatch(IReadOnlyList<UpstreamState> members, TimeProvider time, Action<UpstreamState, Ejection> ejected)
{
    /// <summary>Fewer attempts say nothing.</summary>
    private const int FewestAttempts = 5;
    private const double LeastShare = 0.5;
    private const double TimesTheOthers = 3;

    /// <summary>For the first time; as much longer each time.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Good for so long after its return, it begins from the first again.</summary>
    private static readonly TimeSpan Forgiven = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private long _lookedAt = long.MinValue;

    public void Look()
    {
        if (members.Count < 2) return;
        long stamp = time.GetTimestamp();
        if (_lookedAt != long.MinValue && time.GetElapsedTime(_lookedAt, stamp) < TimeSpan.FromSeconds(1)) return;
        lock (_lock)
        {
            _lookedAt = stamp;
            var now = time.GetUtcNow();
            var counts = members.Select(m => m.Recent.Read()).ToArray();
            for (int i = 0; i < members.Count; i++)
            {
                if (members.Count(m => IsOut(m, now)) + 1 > members.Count / 2) return;
                if (!IsOut(members[i], now) && Judge(counts, i) is { } words) Eject(members[i], words, now);
            }
        }
    }

    public static bool IsOut(UpstreamState member, DateTimeOffset now) => member.Ejection is { } ejection && ejection.Until > now;

    private void Eject(UpstreamState member, string words, DateTimeOffset now)
    {
        int times = member.Ejection is { } last && now - last.Until < Forgiven ? last.Times + 1 : 1;
        var length = Step * times < Longest ? Step * times : Longest;
        var ejection = new Ejection(now, now + length, times, string.Create(CultureInfo.InvariantCulture, $"{words}: it gets no mail for {length.TotalSeconds:0} s while others can take it"));
        member.Ejection = ejection;
        // When it returns it is judged by what it does then.
        member.Recent.Clear();
        ejected(member, ejection);
    }

    /// <summary>Why it is an outlier; null when it is not.</summary>
    private static string? Judge((int All, int Failed)[] counts, int index)
    {
        var (all, failed) = counts[index];
        if (all < FewestAttempts || Share(counts[index]) <= LeastShare) return null;
        double[] others = [.. counts.Where((c, i) => i != index && c.All > 0).Select(Share).Order()];
        double median = others.Length == 0 ? 0 : others.Length % 2 == 1 ? others[others.Length / 2] : (others[others.Length / 2 - 1] + others[others.Length / 2]) / 2;
        if (Share(counts[index]) <= TimesTheOthers * median) return null;
        return string.Create(CultureInfo.InvariantCulture, $"{failed} of {all} attempts failed there in the last minute, and {median:P0} at the other members of its pool");
    }

    private static double Share((int All, int Failed) count) => count.All == 0 ? 0 : (double)count.Failed / count.All;
}
