using Postern.Protocols.Smtp;

namespace Postern.Core.Queue.Embedded;

/// <summary>
/// The envelope as bytes, version 1. Reading is strict: anything but what was written is refused. A message that is traced has its traceparent at the end, and a flag that says so, so that all
/// others are as they were before there were traces.
/// </summary>
internal static class EnvelopeCodec
{
    private const byte Version = 1;
    private const byte SmtpUtf8Flag = 1, EightBitFlag = 2, TraceFlag = 4;

    public static int MaxBytes(QueuedEnvelope envelope)
    {
        var origin = envelope.Origin;
        int bytes = 64 + FieldWriter.MaxBytes(envelope.From.Address) + FieldWriter.MaxBytes(envelope.EnvId) + FieldWriter.MaxBytes(origin.ClientAddress)
            + FieldWriter.MaxBytes(origin.ClientHello) + FieldWriter.MaxBytes(origin.User) + FieldWriter.MaxBytes(origin.Listener) + FieldWriter.MaxBytes(origin.Protocol) + (envelope.Traceparent is null ? 0 : FieldWriter.MaxBytes(envelope.Traceparent));
        var recipients = envelope.Recipients;
        for (int i = 0; i < recipients.Count; i++)
        {
            var recipient = recipients[i];
            bytes += 2 + FieldWriter.MaxBytes(recipient.Address.Address) + FieldWriter.MaxBytes(recipient.Destination) + FieldWriter.MaxBytes(recipient.OriginalRecipient);
        }
        return bytes;
    }

    public static int Write(QueuedEnvelope envelope, Span<byte> buffer)
    {
        var writer = new FieldWriter(buffer);
        writer.Byte(Version);
        writer.Byte((byte)((envelope.SmtpUtf8 ? SmtpUtf8Flag : 0) | (envelope.HasEightBit ? EightBitFlag : 0) | (envelope.Traceparent is null ? 0 : TraceFlag)));
        writer.Byte((byte)envelope.Body);
        writer.Byte((byte)envelope.Return);
        writer.Byte((byte)(sbyte)envelope.Priority);
        writer.Int64(envelope.AcceptedAt.UtcTicks);
        writer.Int64(envelope.ExpiresAt.UtcTicks);
        writer.Text(envelope.From.Address);
        writer.Text(envelope.EnvId);
        writer.Text(envelope.Origin.ClientAddress);
        writer.Text(envelope.Origin.ClientHello);
        writer.Text(envelope.Origin.User);
        writer.Text(envelope.Origin.Listener);
        writer.Text(envelope.Origin.Protocol);
        var recipients = envelope.Recipients;
        writer.Count(recipients.Count);
        string? destination = null;
        for (int i = 0; i < recipients.Count; i++)
        {
            var recipient = recipients[i];
            writer.Byte((byte)recipient.Notify);
            writer.Byte((byte)recipient.Status);
            writer.Text(recipient.Address.Address);
            writer.Text(recipient.OriginalRecipient);
            writer.Text(recipient.Destination == destination ? null : recipient.Destination); // null: as the one before
            destination = recipient.Destination;
        }
        if (envelope.Traceparent is not null) writer.Text(envelope.Traceparent);
        return writer.Position;
    }

    /// <summary>Null when the bytes are not exactly one envelope.</summary>
    public static QueuedEnvelope? Read(ReadOnlySpan<byte> bytes, Destinations destinations)
    {
        var reader = new FieldReader(bytes);
        if (reader.Byte() != Version) return null;
        byte flags = reader.Below(SmtpUtf8Flag | EightBitFlag | TraceFlag);
        var body = (BodyType)reader.Below((byte)BodyType.BinaryMime);
        var returns = (DsnReturn)reader.Below((byte)DsnReturn.Full);
        int priority = (sbyte)reader.Byte();
        var acceptedAt = reader.Time();
        var expiresAt = reader.Time();
        string? from = reader.Text(), envId = reader.Text(), client = reader.Text(), hello = reader.Text(), user = reader.Text(), listener = reader.Text(), protocol = reader.Text();
        var recipients = new QueuedRecipient[reader.Items(atLeastBytes: 5)];
        string? destination = null;
        for (int i = 0; i < recipients.Length && !reader.Failed; i++)
        {
            var notify = (DsnNotify)reader.Below(15);
            var status = (RecipientStatus)reader.Below((byte)RecipientStatus.Removed);
            string? address = reader.Text(), original = reader.Text();
            if (reader.Text() is { } named) destination = destinations.Intern(named);
            if (address is null || destination is null) return null;
            recipients[i] = new QueuedRecipient(new MailPath(address), destination, notify, original, status);
        }
        string? traceparent = (flags & TraceFlag) != 0 ? reader.Text() : null;
        if (!reader.AtEnd || recipients.Length == 0 || from is null || listener is null || protocol is null) return null;
        return new QueuedEnvelope
        {
            From = new MailPath(from),
            Recipients = recipients,
            Origin = new MessageOrigin { ClientAddress = client, ClientHello = hello, User = user, Listener = listener, Protocol = protocol },
            AcceptedAt = acceptedAt,
            ExpiresAt = expiresAt,
            Body = body,
            SmtpUtf8 = (flags & SmtpUtf8Flag) != 0,
            HasEightBit = (flags & EightBitFlag) != 0,
            Return = returns,
            EnvId = envId,
            Priority = priority,
            Traceparent = traceparent,
        };
    }
}
