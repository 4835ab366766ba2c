using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Queue;

/// <summary>The power goes while a large message is carried forward to another segment.</summary>
public sealed class HalfMovedTests
{
    private static readonly QueueConfig Config = new() { SegmentBytes = 1 << 20, MinFreeBytes = 0 };
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly SmallDisk _disk = new(64 << 20);

    [Fact]
    public async Task A_moved_record_whose_pieces_were_lost_does_not_hide_the_whole_original()
    {
        byte[] body = new byte[300_000];
        new Random(1).NextBytes(body);
        MessageId id;
        await using (var store = await OpenAsync())
        {
            await using var incoming = store.TryBegin()!;
            id = incoming.Id;
            await incoming.WriteAsync(body, CancellationToken.None);
            await incoming.CommitAsync(Envelope(), CancellationToken.None);
        }
        AppendHalfMovedCopy();

        await using var again = await OpenAsync();
        using var export = await again.ExportAsync(id, CancellationToken.None);
        Assert.NotNull(export);
        byte[] read = new byte[body.Length];
        Assert.Equal(body.Length, await export.Content.ReadAsync(0, read, CancellationToken.None));
        Assert.Equal(body, read);
        Assert.Equal((1, 0), (again.Stats.Messages, again.Stats.SetAside));
    }

    /// <summary>As a cut leaves it that kept the copy of the Accept record and lost the copies of the chunks it names.</summary>
    private void AppendHalfMovedCopy()
    {
        using var file = _disk.Open("00000001.seg");
        var scanner = new SegmentScanner(file, 1, file.Length);
        byte[] payload = [];
        uint end = 0;
        while (scanner.Next())
        {
            end = scanner.At.Offset + (uint)scanner.RecordBytes;
            if (scanner.Type == RecordType.Accept) payload = scanner.Payload.ToArray();
        }
        Assert.True(AcceptRecord.TryRead(payload, out var accept));
        var extents = accept.ReadExtents(payload, out _)!;
        for (int i = 0; i < extents.Length; i++) extents[i] = extents[i] with { At = new Location(1, 900_000 + 8 * (uint)i) };
        (accept with { IsMoved = true }).Write(payload, extents);

        byte[] record = new byte[RecordFormat.Padded(payload.Length)];
        payload.CopyTo(record, RecordFormat.HeaderBytes);
        RecordFormat.Prepare(record, payload.Length, RecordType.Accept);
        RecordFormat.Seal(record, new Location(1, end));
        file.Write(record, end);
    }

    private async Task<EmbeddedQueueStore> OpenAsync()
    {
        var store = new EmbeddedQueueStore(_disk, Config, _time, NullLogger.Instance);
        await store.StartAsync(CancellationToken.None);
        return store;
    }

    private QueuedEnvelope Envelope() => new()
    {
        From = new MailPath("a@example.org"), Recipients = [new QueuedRecipient(new MailPath("b@example.net"), "pool:p")], Origin = new MessageOrigin { Listener = "l" },
        AcceptedAt = _time.GetUtcNow(), ExpiresAt = _time.GetUtcNow().AddDays(5),
    };
}
