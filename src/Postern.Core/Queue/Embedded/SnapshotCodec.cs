namespace Postern.Core.Queue.Embedded;

/// <summary>The payload of a Snapshot record: the whole changeable state of a message, so that the last one alone is enough.</summary>
internal static class SnapshotCodec
{
    /// <summary>Version 1 ended before the last attempt's cause and upstream.</summary>
    private const byte Version = 2;

    public static int MaxBytes(WaitingMessage message, MessageState state)
    {
        int bytes = 64 + FieldWriter.MaxBytes(message.Mark?.Cause) + FieldWriter.MaxBytes(message.Mark?.Upstream);
        for (int i = 0; i < message.PartCount; i++) bytes += 32 + FieldWriter.MaxBytes(message.Part(i).Destination.Key);
        var recipients = state.Envelope.Recipients;
        for (int i = 0; i < recipients.Count; i++) bytes += 1 + FieldWriter.MaxBytes(recipients[i].Destination) + FieldWriter.MaxBytes(state.Replies?[i]);
        foreach (byte[] evidence in state.Evidence) bytes += 5 + evidence.Length;
        return bytes;
    }

    /// <param name="commits">How many provisional messages just before it take effect with it.</param>
    public static int Write(WaitingMessage message, MessageState state, int commits, Span<byte> buffer)
    {
        var writer = new FieldWriter(buffer);
        writer.Int64(message.Id.Value);
        writer.Int64(commits); // at a fixed place: see SettleRecord
        writer.Byte(Version);
        writer.Count(message.PartCount);
        for (int i = 0; i < message.PartCount; i++)
        {
            ref var part = ref message.Part(i);
            writer.Text(part.Destination.Key);
            writer.Int64(part.DueMs);
            writer.Count(part.Attempts);
            writer.Byte((byte)part.Flags);
        }
        var recipients = state.Envelope.Recipients;
        writer.Count(recipients.Count);
        string? destination = null;
        for (int i = 0; i < recipients.Count; i++)
        {
            writer.Byte((byte)recipients[i].Status);
            writer.Text(recipients[i].Destination == destination ? null : recipients[i].Destination);
            destination = recipients[i].Destination;
            writer.Text(state.Replies?[i]);
        }
        writer.Count(state.Evidence.Count);
        foreach (byte[] evidence in state.Evidence) writer.Bytes(evidence);
        writer.Text(message.Mark?.Cause);
        writer.Text(message.Mark?.Upstream);
        return writer.Position;
    }

    /// <summary>The parts, as recovery needs them. Null when the bytes are no snapshot.</summary>
    public static MessagePart[]? ReadParts(ReadOnlySpan<byte> payload, Destinations destinations)
    {
        var reader = new FieldReader(payload);
        return ReadParts(ref reader, destinations, out _);
    }

    /// <summary>What the last attempt left, for searches. Null when the bytes are no snapshot.</summary>
    public static (string? Cause, string? Upstream, string? Reply)? ReadLast(ReadOnlySpan<byte> payload)
    {
        var reader = new FieldReader(payload);
        reader.Int64();
        reader.Int64();
        byte version = reader.Byte();
        int parts = reader.Items(atLeastBytes: 11);
        for (int i = 0; i < parts && !reader.Failed; i++)
        {
            reader.SkipText();
            reader.Int64();
            reader.Count();
            reader.Byte();
        }
        int recipients = reader.Items(atLeastBytes: 3);
        string? reply = null;
        for (int i = 0; i < recipients && !reader.Failed; i++)
        {
            bool waits = (RecipientStatus)reader.Byte() == RecipientStatus.Waiting;
            reader.SkipText();
            if (reply is not null && !waits) reader.SkipText();
            else if (reader.Text() is { } said) reply = said;
        }
        int evidence = reader.Items(atLeastBytes: 1);
        for (int i = 0; i < evidence && !reader.Failed; i++) reader.Bytes();
        if (version < 2) return reader.Failed ? null : (null, null, reply);
        string? cause = reader.Text(), upstream = reader.Text();
        return reader.Failed ? null : (cause, upstream, reply);
    }

    /// <summary>Applies recipients, words and evidence to the state as accepted. False when it does not belong to it.</summary>
    public static bool Apply(ReadOnlySpan<byte> payload, MessageState state, Destinations destinations)
    {
        var reader = new FieldReader(payload);
        if (ReadParts(ref reader, destinations, out byte version) is null) return false;
        if (reader.Items(atLeastBytes: 3) != state.Envelope.Recipients.Count) return false;
        string? destination = null;
        for (int i = 0; i < state.Envelope.Recipients.Count; i++)
        {
            var status = (RecipientStatus)reader.Below((byte)RecipientStatus.Removed);
            if (reader.Text() is { } named) destination = destinations.Intern(named);
            string? reply = reader.Text();
            if (reader.Failed || destination is null) return false;
            state.Change(i, status, destination, reply);
        }
        int count = reader.Items(atLeastBytes: 1);
        for (int i = 0; i < count && !reader.Failed; i++) state.AddEvidence(reader.Bytes().ToArray());
        if (version >= 2)
        {
            reader.SkipText();
            reader.SkipText();
        }
        return reader.AtEnd;
    }

    private static MessagePart[]? ReadParts(ref FieldReader reader, Destinations destinations, out byte version)
    {
        reader.Int64();
        reader.Int64();
        version = reader.Byte();
        if (version is 0 or > Version) return null;
        var parts = new MessagePart[reader.Items(atLeastBytes: 11)];
        for (int i = 0; i < parts.Length && !reader.Failed; i++)
        {
            if (reader.Text() is not { } destination) return null;
            parts[i] = new MessagePart
            {
                Destination = destinations.Of(destination),
                DueMs = reader.Int64(),
                Attempts = (ushort)reader.Count(),
                Flags = (PartFlags)reader.Below((byte)(PartFlags.Held | PartFlags.DelayNotified | PartFlags.BounceRequested)),
            };
        }
        return reader.Failed || parts.Length == 0 ? null : parts;
    }
}
