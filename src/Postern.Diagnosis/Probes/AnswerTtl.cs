using System.Net;
using Postern.Diagnosis.Probes.Native;

namespace Postern.Diagnosis.Probes;

/// <summary>
/// Measures the time to live with which a port's SYN-ACK or RST arrives, and so where it was made, without a raw socket: the kernel is told to ignore answers
/// below a minimum, and a few connects with rising minimums bracket the value. A connection that is ignored half-way is gone a second later: when the
/// peer repeats its SYN-ACK, our kernel answers that nobody is there.
/// </summary>
internal static class AnswerTtl
{
    /// <summary>Initial values in use: 64 (Linux, BSD, macOS), 128 (Windows), 255 (routers, some appliances).</summary>
    private static readonly int[] Initial = [64, 128, 255];

    /// <summary>Minimums of the first round: they tell the initial value, and for the usual one also the distance roughly.</summary>
    private static readonly int[] FirstRound = [44, 52, 58, 62, 65, 129];

    /// <summary>Distances at which later rounds cut a range that is still wide.</summary>
    private const int CutsPerRound = 6, MaxRounds = 4;

    private static readonly TimeSpan FirstPatience = TimeSpan.FromMilliseconds(300);

    /// <summary>Holds a retransmitted SYN (after 1 s), so that one lost packet does not move the result.</summary>
    private static readonly TimeSpan LastPatience = TimeSpan.FromMilliseconds(1250);

    /// <summary>How many hops away an answer was made that arrives with this time to live: 1 for a neighbour.</summary>
    public static int DistanceOf(int ttl) => Initial.First(i => i >= ttl) - ttl + 1;

    /// <param name="remote">A port that has answered just now, by SYN-ACK or RST.</param>
    /// <param name="roundTrip">How long that answer took.</param>
    /// <returns>Null when answers stopped coming, or the platform cannot tell.</returns>
    public static async ValueTask<int?> MeasureAsync(IPEndPoint remote, IPAddress? local, TimeSpan roundTrip, TimeProvider time, CancellationToken cancel)
    {
        if (!LinuxSocket.IsSupported) return null;
        int low = 0, high = 256;
        for (int round = 0; round < MaxRounds && high - low > 1; round++)
        {
            int[] minimums = round == 0 ? FirstRound : Cuts(low, high);
            bool isLast = high - low <= CutsPerRound + 1;
            var patience = (isLast ? LastPatience : FirstPatience) + (roundTrip * 3);
            // In the last round what is proven is asked once more: a firewall that has had enough of us drops everything, and that silence proves nothing.
            var seen = await AskAsync(remote, local, isLast && low > 0 ? [.. minimums, low] : minimums, patience, time, cancel);
            if (isLast && !seen[^1].Answered) return null;
            (low, high) = Narrow(low, high, seen);
        }

        return low is > 0 and < 256 && high - low == 1 ? low : null;
    }

    /// <summary>An answer at a minimum proves the value to be at least that; silence above the highest proof bounds it.</summary>
    internal static (int Low, int High) Narrow(int low, int high, IReadOnlyList<(int Minimum, bool Answered)> seen)
    {
        foreach (var (minimum, answered) in seen)
        {
            if (answered && minimum > low) low = minimum;
        }

        foreach (var (minimum, answered) in seen)
        {
            if (!answered && minimum > low && minimum < high) high = minimum;
        }

        return (low, Math.Max(high, low + 1));
    }

    /// <summary>Minimums strictly between: all when they are few, else more of them near the top, where short distances are.</summary>
    internal static int[] Cuts(int low, int high)
    {
        int inside = high - low - 1;
        if (inside <= CutsPerRound) return [.. Enumerable.Range(low + 1, inside)];
        int top = Initial.First(i => i >= high - 1);
        return [.. new[] { 2, 5, 9, 14, 21, 31 }.Select(d => top - d).Where(m => m > low && m < high).DefaultIfEmpty((low + high) / 2)];
    }

    private static async Task<List<(int Minimum, bool Answered)>> AskAsync(IPEndPoint remote, IPAddress? local, int[] minimums, TimeSpan patience, TimeProvider time, CancellationToken cancel)
    {
        var asked = minimums.Select(async minimum =>
        {
            using var result = await NetConnect.RunAsync(new ConnectRequest(remote, local, patience) { MinTtl = minimum }, time, cancel);
            return (minimum, result.HasTcpAnswer);
        });
        return [.. await Task.WhenAll(asked)];
    }
}
