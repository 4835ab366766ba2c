using Postern.Core.Queue.Embedded;

namespace Postern.Benchmarks.Store;

/// <summary>Fills a store with waiting messages, as many sessions at once would.</summary>
internal sealed class Filler(EmbeddedQueueStore store, int destinations, int bodyBytes)
{
    private const int Producers = 128;
    private readonly byte[] _body = Samples.Message(bodyBytes);

    // One destination is the upstream that the relay's benchmark configures; many are domains.
    private readonly string[] _names = destinations == 1 ? ["pool:sink"] : [.. Enumerable.Range(0, destinations).Select(i => $"mx:d{i}.example.org")];
    private long _begun, _acknowledged;

    /// <summary>Messages known to be durable.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    public Task RunAsync(long messages, CancellationToken cancel) => Task.WhenAll(Enumerable.Range(0, Producers).Select(_ => Task.Run(() => ProduceAsync(messages, cancel), CancellationToken.None)));

    private async Task ProduceAsync(long messages, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested && Interlocked.Increment(ref _begun) is var number && number <= messages)
        {
            await using var incoming = store.TryBegin() ?? throw new InvalidOperationException("the store takes no more mail: is the disk nearly full?");
            await incoming.WriteAsync(_body, CancellationToken.None);
            await incoming.CommitAsync(Samples.Envelope(_names[number % _names.Length], TimeProvider.System.GetUtcNow()), CancellationToken.None);
            Interlocked.Increment(ref _acknowledged);
        }
    }
}

internal static class Space
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>How long it takes after everything was settled until the journal is as small as it gets: the segment in use, the one before it and the spares.</summary>
    public static async Task<TimeSpan> ReturnedAsync(EmbeddedQueueStore store)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (store.Journal.Usage().Count > 2)
        {
            var elapsed = TimeProvider.System.GetElapsedTime(began);
            if (elapsed > Patience) throw new InvalidOperationException($"a minute after the last settlement the journal still has {store.Journal.Usage().Count} segments");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
        return TimeProvider.System.GetElapsedTime(began);
    }
}
