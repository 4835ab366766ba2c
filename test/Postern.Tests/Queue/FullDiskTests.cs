using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Queue;

/// <summary>The disk fills or fails: new mail is refused, what is kept is still settled, and nothing is delivered whose delivery cannot be written down.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private const string Pool = "pool:provider";
    private const int Segment = 1 << 20;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly SmallDisk _disk = new(16 * Segment);
    private readonly List<ScheduleEntry> _filed = [];
    private EmbeddedQueueStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _store = new EmbeddedQueueStore(_disk, new QueueConfig { SegmentBytes = Segment, MinFreeBytes = 2 * Segment }, _time, NullLogger.Instance);
        _store.Filed = entry => { lock (_filed) _filed.Add(entry); };
        await _store.StartAsync(CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task New_mail_is_refused_before_the_space_to_be_left_free_is_touched()
    {
        var kept = await FillAsync(100_000);
        Assert.InRange(kept.Count, 80, 140);
        Assert.InRange(_disk.FreeBytes, 2 * Segment, 5 * Segment);
        Assert.False(_store.Stats.AcceptsMail);
        Assert.Null(_store.TryBegin());
    }

    [Fact]
    public async Task Everything_kept_is_settled_although_others_filled_the_disk_and_then_mail_is_taken_again()
    {
        var kept = await FillAsync(100_000);
        _disk.TakenByOthers = _disk.FreeBytes;
        await TickAsync();
        // Round after round of deferrals: their records must not eat up the reserve.
        for (int round = 0; round < 300; round++)
        {
            Assert.True(_store.Journal.Fault is null, $"round {round}: {_store.Journal.Usage()} {_store.Stats} {_disk.FreeBytes}");
            foreach (var id in kept) await DeferAsync(id);
            if (round % 3 == 0) await TickAsync();
        }
        Assert.Null(_store.Journal.Fault);
        foreach (var id in kept) await DeliverAsync(id);
        Assert.Equal(0, _store.Stats.Messages);
        _disk.TakenByOthers = 0;
        for (int i = 0; i < 200 && !_store.Stats.AcceptsMail; i++) await TickAsync();
        Assert.NotEmpty(await FillAsync(1000, most: 1));
    }

    [Fact]
    public async Task A_relay_with_mail_waiting_starts_again_and_again_on_a_full_disk()
    {
        var kept = await FillAsync(100_000);
        for (int i = 0; i < 50 && _store.Stats.DiskBytes < 14 * Segment; i++) await TickAsync(); // the spares are made beside us
        _disk.TakenByOthers = _disk.FreeBytes;
        long bytes = _store.Stats.DiskBytes;
        for (int restart = 0; restart < 5; restart++)
        {
            await _store.DisposeAsync();
            await InitializeAsync();
            Assert.Equal((kept.Count, bytes), (_store.Stats.Messages, _store.Stats.DiskBytes));
        }
        foreach (var id in kept) await DeliverAsync(id);
        Assert.Equal(0, _store.Stats.Messages);
    }

    [Fact]
    public async Task Nothing_is_leased_while_the_disk_is_broken_and_delivery_goes_on_when_it_is_back()
    {
        var kept = await FillAsync(1000, most: 2);
        _disk.IsBroken = true;
        await Assert.ThrowsAsync<StoreException>(() => FillAsync(1000, most: 1));
        var leasing = _store.LeaseAsync(kept[0], Pool, "test", TimeSpan.FromMinutes(5), CancellationToken.None).AsTask();
        await TickAsync();
        Assert.False(leasing.IsCompleted);
        using var cancel = new CancellationTokenSource();
        var cancelled = _store.LeaseAsync(kept[1], Pool, "test", TimeSpan.FromMinutes(5), cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        _disk.IsBroken = false;
        await TickAsync();
        Assert.NotNull(await leasing.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    private async Task<List<MessageId>> FillAsync(int bytes, int most = int.MaxValue)
    {
        var ids = new List<MessageId>();
        while (ids.Count < most && _store.TryBegin() is { } incoming)
        {
            await using (incoming)
            {
                try
                {
                    await incoming.WriteAsync(new byte[bytes], CancellationToken.None);
                    await incoming.CommitAsync(Envelope(), CancellationToken.None);
                }
                catch (StoreException full) when (full.IsFull)
                {
                    break;
                }
                ids.Add(incoming.Id);
            }
        }
        return ids;
    }

    private QueuedEnvelope Envelope() => new()
    {
        From = new MailPath("a@example.org"),
        Recipients = [new QueuedRecipient(new MailPath("b@example.net"), Pool)],
        Origin = new MessageOrigin { Listener = "127.0.0.1:2525" },
        AcceptedAt = _time.GetUtcNow(),
        ExpiresAt = _time.GetUtcNow().AddDays(5),
    };

    private Task DeferAsync(MessageId id) =>
        SettleAsync(id, new Settlement { NextDue = _time.GetUtcNow(), Recipients = [new RecipientUpdate(0, RecipientStatus.Waiting, "451 " + new string('x', 400))] });

    private Task DeliverAsync(MessageId id) => SettleAsync(id, new Settlement { Recipients = [new RecipientUpdate(0, RecipientStatus.Delivered)] });

    private async Task SettleAsync(MessageId id, Settlement settlement)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var lease = await _store.LeaseAsync(id, Pool, "test", TimeSpan.FromMinutes(5), limit.Token);
        Assert.NotNull(lease);
        Assert.True(await _store.SettleAsync(lease, settlement, CancellationToken.None));
    }

    /// <summary>A second passes; the cleaner, which works beside us, has a moment to act on it.</summary>
    private async Task TickAsync()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        await Task.Delay(10);
    }
}
