using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Queue;

/// <summary>Cuts the power after every operation on the disk (a sample of them for the longer run) and looks whether what was acknowledged is there.</summary>
public sealed class PowerCutTests
{
    private static readonly QueueConfig Config = new() { SegmentBytes = 256 << 10, MinFreeBytes = 0 };
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    /// <param name="Acknowledged">Operations logged when the commit had returned.</param>
    /// <param name="SettleBegan">Operations logged before its delivery was settled; from there on it may be gone.</param>
    private sealed record Sent(int Seed, int Bytes, int Acknowledged, int SettleBegan);

    [Theory]
    [InlineData(1, 2, 4, int.MaxValue)]
    [InlineData(2, 8, 25, 250)]
    [InlineData(3, 8, 25, 250)]
    public async Task What_was_acknowledged_is_there_after_a_power_cut_at_any_moment(int seed, int producers, int messages, int samples)
    {
        var folder = new RecordingFolder();
        var begun = new ConcurrentDictionary<MessageId, Sent>();
        await using (var store = new EmbeddedQueueStore(folder, Config, _time, NullLogger.Instance))
        {
            await store.StartAsync(CancellationToken.None);
            await Parallel.ForAsync(0, producers, new ParallelOptions { MaxDegreeOfParallelism = producers }, async (producer, _) =>
            {
                for (int i = 0; i < messages; i++) await SendAsync(store, folder, begun, (seed * 1000 + producer) * 1000 + i);
            });
        }
        var random = new Random(seed);
        int total = folder.Count;
        for (int n = 0; n < Math.Min(samples, total); n++)
        {
            int operations = samples < total ? random.Next(total + 1) : n;
            await CheckAsync(folder.AfterPowerCut(operations, random), begun, operations);
        }
    }

    private async Task SendAsync(EmbeddedQueueStore store, RecordingFolder folder, ConcurrentDictionary<MessageId, Sent> begun, int seed)
    {
        var random = new Random(seed);
        int bytes = random.Next(8) switch { 0 => random.Next(120_000, 400_000), 1 => 0, _ => random.Next(10_000) };
        await using var incoming = store.TryBegin()!;
        begun[incoming.Id] = new Sent(seed, bytes, int.MaxValue, int.MaxValue);
        await incoming.WriteAsync(Body(seed, bytes), CancellationToken.None);
        await incoming.CommitAsync(Envelope(), CancellationToken.None);
        int acknowledged = folder.Count;
        begun[incoming.Id] = new Sent(seed, bytes, acknowledged, int.MaxValue);
        if (random.Next(4) == 0) return;
        using var lease = await store.LeaseAsync(incoming.Id, "pool:p", "test", TimeSpan.FromHours(1), CancellationToken.None);
        bool defers = random.Next(5) == 0;
        if (!defers) begun[incoming.Id] = new Sent(seed, bytes, acknowledged, folder.Count);
        await store.SettleAsync(lease!, defers
            ? new Settlement { NextDue = _time.GetUtcNow(), Recipients = [new RecipientUpdate(0, RecipientStatus.Waiting, "450 busy")] }
            : new Settlement { Recipients = [new RecipientUpdate(0, RecipientStatus.Delivered)] }, CancellationToken.None);
        if (seed % 5 == 0) _time.Advance(TimeSpan.FromSeconds(1)); // the sweep: cleaning
    }

    private async Task CheckAsync(RecordingFolder folder, ConcurrentDictionary<MessageId, Sent> begun, int operations)
    {
        var found = new ConcurrentDictionary<MessageId, bool>();
        await using var store = new EmbeddedQueueStore(folder, Config, _time, NullLogger.Instance) { Filed = entry => found[entry.Id] = true };
        await store.StartAsync(CancellationToken.None);
        foreach (var id in found.Keys)
        {
            Assert.True(begun.TryGetValue(id, out var sent), $"{id} was never sent (cut after {operations})");
            using var export = await store.ExportAsync(id, CancellationToken.None);
            Assert.NotNull(export);
            byte[] body = new byte[export.Content.Length];
            Assert.Equal(body.Length, await export.Content.ReadAsync(0, body, CancellationToken.None));
            Assert.True(body.AsSpan().SequenceEqual(Body(sent.Seed, sent.Bytes)), $"{id} has other bytes (cut after {operations})");
        }
        foreach (var (id, sent) in begun)
        {
            if (sent.Acknowledged <= operations && operations < sent.SettleBegan) Assert.True(found.ContainsKey(id), $"{id} of {sent} is lost (cut after {operations})");
        }
    }

    private static byte[] Body(int seed, int bytes)
    {
        byte[] body = new byte[bytes];
        new Random(seed).NextBytes(body);
        return body;
    }

    private QueuedEnvelope Envelope() => new()
    {
        From = new MailPath("a@example.org"), Recipients = [new QueuedRecipient(new MailPath("b@example.net"), "pool:p")], Origin = new MessageOrigin { Listener = "l" },
        AcceptedAt = _time.GetUtcNow(), ExpiresAt = _time.GetUtcNow().AddDays(5),
    };
}
