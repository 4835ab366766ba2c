using Postern.Core.Queue.Embedded;

namespace Postern.Benchmarks.Store;

/// <summary>What a run of producers measured.</summary>
/// <param name="CpuMs">Of the whole process, per message.</param>
/// <param name="Messages">Accepted in the measured time.</param>
internal sealed record AcceptResult(double PerSecond, double CpuMs, double P50Ms, double P99Ms, double MessagesPerSync, double AllocatedBytes, long Messages);

/// <summary>
/// Concurrent producers, each of which hands one message to the store and waits until it is durable before the next: what the listeners' sessions do. With
/// deliverers beside them the queue stays short and segments are used again, as in a relay whose upstream is up.
/// </summary>
internal sealed class AcceptRun(string folder, int producers, int bodyBytes, bool deliver, TimeSpan warmUp, TimeSpan duration)
{
    private const int Deliverers = 4;
    private const int MostLatencies = 1 << 20;
    private readonly byte[] _body = Samples.Message(bodyBytes);
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly long[] _latencies = new long[MostLatencies];
    private int _measured;
    private volatile bool _measuring, _over, _allIsFiled;

    public async Task<AcceptResult> RunAsync()
    {
        var parts = new FiledParts();
        await using var temp = await TempStore.OpenAsync(folder, deliver ? parts.Add : null);
        var store = temp.Store;
        var producing = Enumerable.Range(0, producers).Select(i => Task.Run(() => ProduceAsync(store, i))).ToArray();
        var delivering = Enumerable.Range(0, deliver ? Deliverers : 0).Select(_ => Task.Run(() => parts.DeliverAsync(store, () => _allIsFiled))).ToArray();
        await Task.Delay(warmUp, _time);

        // No collection is forced: it would be paid by the measured time of a run that does not need it.
        long allocated = GC.GetTotalAllocatedBytes(), syncs = store.Journal.Syncs, accepted = store.Stats.Accepted, began = _time.GetTimestamp();
        var cpu = Environment.CpuUsage.TotalTime;
        _measuring = true;
        await Task.Delay(duration, _time);
        _measuring = false;
        cpu = Environment.CpuUsage.TotalTime - cpu;
        double seconds = _time.GetElapsedTime(began).TotalSeconds;
        long messages = store.Stats.Accepted - accepted;
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        syncs = store.Journal.Syncs - syncs;
        _over = true;
        await Task.WhenAll(producing);
        _allIsFiled = true;
        long delivered = (await Task.WhenAll(delivering)).Sum();
        if (deliver && delivered != store.Stats.Accepted) throw new InvalidOperationException($"{delivered} of {store.Stats.Accepted} messages were delivered");
        int count = Math.Min(_measured, MostLatencies);
        Array.Sort(_latencies, 0, count);
        return new AcceptResult(messages / seconds, cpu.TotalMilliseconds / messages, Milliseconds(count / 2), Milliseconds((int)(count * 0.99)), (double)messages / Math.Max(1, syncs), (double)allocated / messages, messages);
    }

    private async Task ProduceAsync(EmbeddedQueueStore store, int producer)
    {
        string destination = $"mx:d{producer}.example.org";
        while (!_over)
        {
            long began = _time.GetTimestamp();
            await using (var incoming = store.TryBegin() ?? throw new InvalidOperationException("the store takes no more mail: is the disk nearly full?"))
            {
                await incoming.WriteAsync(_body, CancellationToken.None);
                await incoming.CommitAsync(Samples.Envelope(destination, _time.GetUtcNow()), CancellationToken.None);
            }
            if (!_measuring) continue;
            int slot = Interlocked.Increment(ref _measured) - 1;
            if (slot < MostLatencies) _latencies[slot] = _time.GetTimestamp() - began;
        }
    }

    private double Milliseconds(int index) => _latencies[index] * 1000.0 / _time.TimestampFrequency;
}
