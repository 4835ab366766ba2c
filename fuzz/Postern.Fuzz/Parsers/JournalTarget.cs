using System.Text;
using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;
using Postern.Protocols.Smtp;

namespace Postern.Fuzz.Parsers;

/// <summary>What lies in a journal after a crash or on a bad disk: reading never throws, takes only what writing makes, and finds every whole record between the damage.</summary>
internal static class JournalTarget
{
    public static readonly FuzzTarget Target = new("journal", Run, "\u0000", "\u0001", "\u0002", "\u0003", "\u0004", "\u0005", "a@example.test", "pool:up", "mx:example.org", "ESMTPSA", "127.0.0.1:25", "\n", "\n!", "\u00ff\u00ff\u00ff\u00ff", "\u007f");

    /// <summary>The first byte says what the rest is taken for.</summary>
    private static void Run(ReadOnlyMemory<byte> input)
    {
        if (input.Length == 0) return;
        var rest = input[1..];
        switch (input.Span[0] % 6)
        {
            case 0: ReadEnvelope(rest.Span); break;
            case 1: WriteEnvelope(rest.Span); break;
            case 2: Records(rest); break;
            case 3: SnapshotCodec.ReadParts(rest.Span, new Destinations()); break;
            case 4: Accept(rest.Span); break;
            default: EvidenceCodec.Expand(rest.ToArray()); break;
        }
    }

    private static void ReadEnvelope(ReadOnlySpan<byte> bytes)
    {
        if (EnvelopeCodec.Read(bytes, new Destinations()) is { } envelope) ReadsBack(envelope);
    }

    /// <summary>An envelope made of the input's lines.</summary>
    private static void WriteEnvelope(ReadOnlySpan<byte> bytes)
    {
        string[] texts = Encoding.UTF8.GetString(bytes).Split('\n');
        string Text(int i) => texts[i % texts.Length];
        var recipients = Enumerable.Range(0, Math.Min(texts.Length, 200))
            .Select(i => new QueuedRecipient(new MailPath(Text(i)), Text(i / 2), (DsnNotify)(i % 4 * 2), i % 3 == 0 ? null : Text(i + 1), (RecipientStatus)(i % 5))).ToList();
        ReadsBack(new QueuedEnvelope
        {
            From = new MailPath(Text(0)), Recipients = recipients, EnvId = texts.Length > 3 ? Text(3) : null, AcceptedAt = DateTimeOffset.UnixEpoch.AddDays(bytes.Length), ExpiresAt = DateTimeOffset.UnixEpoch.AddYears(90),
            Origin = new MessageOrigin { ClientAddress = Text(1), ClientHello = Text(2), User = texts.Length > 5 ? Text(5) : null, Listener = Text(4), Protocol = Text(6) },
            SmtpUtf8 = bytes.Length % 2 == 0, HasEightBit = bytes.Length % 3 == 0, Priority = bytes.Length % 19 - 9, Return = (DsnReturn)(bytes.Length % 3), Body = (BodyType)(bytes.Length % 3),
        });
    }

    private static void ReadsBack(QueuedEnvelope envelope)
    {
        byte[] buffer = new byte[EnvelopeCodec.MaxBytes(envelope)];
        int written = EnvelopeCodec.Write(envelope, buffer);
        var again = EnvelopeCodec.Read(buffer.AsSpan(0, written), new Destinations());
        Must.Hold(again is not null, "its own bytes are refused");
        Must.Hold(again!.Recipients.SequenceEqual(envelope.Recipients), "other recipients are read back");
        Must.Hold(again with { Recipients = envelope.Recipients } == envelope, $"{envelope} is read back as {again}");
        Must.Hold(EnvelopeCodec.Read(buffer.AsSpan(0, written - 1), new Destinations()) is null, "an envelope that was cut off passes");
    }

    private static void Accept(ReadOnlySpan<byte> payload)
    {
        if (!AcceptRecord.TryRead(payload, out var record)) return;
        Must.Hold(record.PayloadBytes == payload.Length, $"a record of {record.PayloadBytes} in {payload.Length} bytes");
        record.ReadExtents(payload, out _);
        EnvelopeCodec.Read(payload[record.EnvelopeOffset..], new Destinations());
    }

    /// <summary>A segment of the input's lines: each a record, or, when it begins with !, bytes that are none.</summary>
    private static void Records(ReadOnlyMemory<byte> input)
    {
        const uint segment = 3;
        using var file = new MemoryFile();
        var expected = new List<(uint Offset, byte[] Payload)>();
        uint at = Segment.HeaderBytes;
        foreach (byte[] line in Lines(input.Span))
        {
            byte[] record = new byte[RecordFormat.Padded(line.Length)];
            line.CopyTo(record, RecordFormat.HeaderBytes);
            if (line is not [(byte)'!', ..])
            {
                RecordFormat.Prepare(record, line.Length, RecordType.Accept);
                RecordFormat.Seal(record, new Location(segment, at));
                expected.Add((at, line));
            }
            file.Write(record, at);
            at += (uint)record.Length;
        }
        var scanner = new SegmentScanner(file, segment, file.Length);
        foreach (var (offset, payload) in expected)
        {
            Must.Hold(scanner.Next(), $"the record at {offset} is not found");
            Must.Hold(scanner.At == new Location(segment, offset) && scanner.Payload.Span.SequenceEqual(payload), $"another record stands at {scanner.At} than at {offset}");
        }
        Must.Hold(!scanner.Next(), $"a record that was never written is found at {scanner.At}");
        // The same bytes in a segment of another number are what a recycled segment holds: nothing.
        Must.Hold(!new SegmentScanner(file, segment + 1, file.Length).Next(), "records of another segment pass");
    }

    private static List<byte[]> Lines(ReadOnlySpan<byte> input)
    {
        var lines = new List<byte[]>();
        foreach (var range in input.Split((byte)'\n')) lines.Add(input[range].ToArray());
        return lines;
    }

    private sealed class MemoryFile : StorageFile
    {
        private readonly MemoryStream _bytes = new();

        public override long Length => _bytes.Length;
        public override void Preallocate(long length, bool written) => _bytes.SetLength(length);

        public override void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            _bytes.Position = offset;
            _bytes.Write(bytes);
        }

        public override void Sync()
        {
        }

        public override int Read(Span<byte> buffer, long offset)
        {
            _bytes.Position = offset;
            return _bytes.Read(buffer);
        }

        public override void Dispose() => _bytes.Dispose();
    }
}
