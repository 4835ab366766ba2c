using Postern.Lab.Scenarios;

namespace Postern.Lab.Runner;

/// <summary>Runs scenarios next to each other, those that take longest first, so that the waits for silence overlap.</summary>
internal static class SideBySide
{
    /// <summary>Labs that are being built at once; most of it is waiting for daemons.</summary>
    private const int Builders = 3;

    /// <param name="run">Gets the gate that building passes through.</param>
    /// <param name="done">Called for one at a time.</param>
    public static async Task<IReadOnlyList<T>> RunAsync<T>(
        IReadOnlyList<Scenario> scenarios, int parallel, Func<Scenario, double> cost, Func<Scenario, SemaphoreSlim, CancellationToken, Task<T>> run, Action<T> done, CancellationToken cancel)
    {
        using var gate = new SemaphoreSlim(Builders);
        var results = new T?[scenarios.Count];
        var order = scenarios.Select((s, i) => (Scenario: s, Index: i)).OrderByDescending(p => cost(p.Scenario)).ToArray();
        int next = -1;
        var told = new Lock();
        await Task.WhenAll(Enumerable.Range(0, Math.Min(parallel, scenarios.Count)).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var turn && turn < order.Length && !cancel.IsCancellationRequested)
            {
                var (scenario, index) = order[turn];
                var result = await run(scenario, gate, cancel);
                results[index] = result;
                lock (told) done(result);
            }
        }));
        cancel.ThrowIfCancellationRequested();
        return [.. results.Select(r => r!)];
    }
}
