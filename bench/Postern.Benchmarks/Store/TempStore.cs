using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;

namespace Postern.Benchmarks.Store;

/// <summary>The real embedded store in a folder of its own, which goes with it.</summary>
internal sealed class TempStore(string folder, EmbeddedQueueStore store) : IAsyncDisposable
{
    public EmbeddedQueueStore Store { get; } = store;

    /// <param name="filed">Told of every part that is filed; may be null.</param>
    public static async Task<TempStore> OpenAsync(string parent, Action<ScheduleEntry>? filed)
    {
        string folder = Path.Combine(parent, $"store-{Environment.ProcessId}-{Guid.NewGuid():N}");
        return new TempStore(folder, await OpenAtAsync(folder, filed));
    }

    public static async Task<EmbeddedQueueStore> OpenAtAsync(string folder, Action<ScheduleEntry>? filed)
    {
        var store = new EmbeddedQueueStore(folder, new QueueConfig { MinFreeBytes = 1L << 30 }, TimeProvider.System, NullLogger.Instance) { Filed = filed };
        await store.StartAsync(CancellationToken.None);
        return store;
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}

/// <summary>Parts that were filed and wait to be delivered, in order.</summary>
internal sealed class FiledParts
{
    private readonly ConcurrentQueue<ScheduleEntry> _parts = new();

    public int Count => _parts.Count;
    public void Add(ScheduleEntry part) => _parts.Enqueue(part);
    public ScheduleEntry? Next() => _parts.TryDequeue(out var part) ? part : null;

    /// <summary>Leases and settles as delivered, reading the content as a delivery would, until <paramref name="isOver"/> and nothing is left. Returns how many.</summary>
    public async Task<long> DeliverAsync(EmbeddedQueueStore store, Func<bool> isOver)
    {
        byte[] block = new byte[64 << 10];
        long delivered = 0;
        while (true)
        {
            bool last = isOver();
            if (!_parts.TryDequeue(out var part))
            {
                if (last) return delivered;
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
                continue;
            }
            using var lease = await store.LeaseAsync(part.Id, part.Destination, "bench", TimeSpan.FromMinutes(5), CancellationToken.None)
                ?? throw new InvalidOperationException($"message {part.Id} was filed and cannot be leased");
            for (long at = 0; at < lease.Content.Length;) at += await lease.Content.ReadAsync(at, block, CancellationToken.None);
            var settlement = new Settlement { Recipients = [new RecipientUpdate(0, RecipientStatus.Delivered)] };
            if (!await store.SettleAsync(lease, settlement, CancellationToken.None)) throw new InvalidOperationException($"the lease of {part.Id} lapsed");
            delivered++;
        }
    }
}
