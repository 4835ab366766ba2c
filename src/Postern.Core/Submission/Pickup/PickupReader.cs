using System.Buffers;
using System.Text;
using Postern.Core.Queue;
using Postern.Core.Telemetry;
using Postern.Protocols.Mail;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission.Pickup;

/// <summary>What became of one file.</summary>
/// <param name="Problem">Not null: the file is unusable, and why.</param>
/// <param name="Later">Not null: it is to be tried again, and why.</param>
internal readonly record struct PickupResult(string? Problem, string? Later);

/// <summary>
/// Reads one opened pickup file: envelope and header limits first, then its content into the store, line ends mended, envelope lines left out, one
/// Received line before it. Only the header section is ever in memory, up to its limit.
/// </summary>
internal sealed class PickupReader(SubmissionServices services, SubmissionModel model)
{
    private const int FirstRead = 16 << 10;

    /// <param name="file">At its start. Not closed.</param>
    /// <param name="claim">Called with the message's id before anything is kept; false when the file is not to be had after all.</param>
    public async ValueTask<PickupResult> ReadAsync(FileStream file, Func<MessageId, bool> claim, CancellationToken cancel)
    {
        if (file.Length > model.MaxMessageBytes) return Bad($"the file has {file.Length} bytes, more than limits.max_message ({model.MaxMessageBytes})");
        byte[] head = ArrayPool<byte>.Shared.Rent(FirstRead);
        try
        {
            int length = 0;
            List<PickupField>? fields;
            int end;
            while (true)
            {
                int read = await file.ReadAtLeastAsync(head.AsMemory(length), head.Length - length, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
                length += read;
                fields = PickupHeader.Parse(head.AsSpan(0, length), isWhole: file.Position == file.Length, out end);
                if (fields is not null) break;
                if (length > model.Header.MaxBytes) return Bad($"the header has more than limits.max_header ({model.Header.MaxBytes}) bytes");
                byte[] larger = ArrayPool<byte>.Shared.Rent(head.Length * 2);
                head.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(head);
                head = larger;
            }
            var (problem, envelope, recipients) = Check(fields, end);
            if (problem is not null) return problem.Value;
            return await KeepAsync(file, head.AsMemory(0, length), fields, end, envelope, recipients, claim, cancel).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(head);
        }
    }

    private (PickupResult? Problem, PickupEnvelope Envelope, List<QueuedRecipient> Recipients) Check(List<PickupField> fields, int end)
    {
        var recipients = new List<QueuedRecipient>();
        var envelope = PickupEnvelope.Of(fields);
        PickupResult? problem = null;
        if (end > model.Header.MaxBytes) problem = Bad($"the header has more than limits.max_header ({model.Header.MaxBytes}) bytes");
        else if (fields.Count > model.Header.MaxFields) problem = Bad($"the header has more than limits.max_headers ({model.Header.MaxFields}) fields");
        else if (fields.Count(f => f.Is("Received")) > model.Header.MaxReceived) problem = Bad($"too many hops: more than {model.Header.MaxReceived} Received fields");
        else if (envelope.Problem is { } wrong) problem = Bad(wrong);
        else if (envelope.Recipients.Count > model.MaxRecipients) problem = Bad($"{envelope.Recipients.Count} recipients, more than limits.max_recipients ({model.MaxRecipients})");
        else if (!model.Access.AllowsSender(envelope.From)) problem = Bad($"sender {envelope.From} is not one of access.senders");
        if (problem is not null) return (problem, envelope, recipients);
        foreach (var recipient in envelope.Recipients)
        {
            // All or nothing: a file cannot be answered recipient by recipient.
            var decision = services.Router.Route(envelope.From, recipient, model.Listener, null);
            if (decision.Refusal is { } refusal)
                return (refusal.IsPermanent ? Bad($"recipient {recipient} is refused: {refusal}; nothing was sent to the others") : Later(refusal.ToString()), envelope, recipients);
            recipients.Add(new QueuedRecipient(recipient, decision.Destination!));
        }
        return (null, envelope, recipients);
    }

    private async ValueTask<PickupResult> KeepAsync(FileStream file, ReadOnlyMemory<byte> head, List<PickupField> fields, int end,
        PickupEnvelope envelope, List<QueuedRecipient> recipients, Func<MessageId, bool> claim, CancellationToken cancel)
    {
        long began = services.Time.GetTimestamp();
        var incoming = services.Store.TryBegin();
        if (incoming is null) return Later(PickupFolder.StoreFull);
        await using (incoming.ConfigureAwait(false))
        {
            if (!claim(incoming.Id)) return Later("the file cannot be renamed");
            try
            {
                using var writer = new CrlfWriter(incoming.WriteAsync);
                bool smtpUtf8 = envelope.From.IsInternationalized || envelope.Recipients.Any(r => r.IsInternationalized);
                await WriteHeaderAsync(writer, incoming, head, fields, end, envelope, smtpUtf8, cancel).ConfigureAwait(false);
                await writer.WriteAsync(head[end..], cancel).ConfigureAwait(false);
                await CopyRestAsync(file, writer, cancel).ConfigureAwait(false);
                await writer.FlushAsync(cancel).ConfigureAwait(false);
                await CommitAsync(incoming, envelope, recipients, writer, smtpUtf8, Priority(fields), cancel).ConfigureAwait(false);
                Count(incoming.Id, envelope, writer.Written, services.Time.GetElapsedTime(began));
                return default;
            }
            catch (StoreException e)
            {
                PosternLog.MessageNotKept(services.Logger, incoming.Id.ToString(), "pickup", e.Message);
                return Later(e.Message);
            }
        }
    }

    private async ValueTask WriteHeaderAsync(CrlfWriter writer, IncomingMessage incoming, ReadOnlyMemory<byte> head, List<PickupField> fields, int end,
        PickupEnvelope envelope, bool smtpUtf8, CancellationToken cancel)
    {
        byte[] line = new byte[ReceivedHeader.MaxBytes];
        string? single = envelope.Recipients.Count == 1 && (smtpUtf8 || !envelope.Recipients[0].IsInternationalized) ? envelope.Recipients[0].Address : null;
        int length = ReceivedHeader.Write(line, new ReceivedFacts(null, null, model.Hostname, "", incoming.Id.ToString(), null, single, services.Time.GetUtcNow()));
        await writer.WriteAsync(line.AsMemory(0, length), cancel).ConfigureAwait(false);
        int at = fields.Count > 0 ? fields[0].Start : end;
        foreach (var field in fields)
        {
            if (!PickupEnvelope.IsRemoved(field)) await writer.WriteAsync(head.Slice(field.Start, field.Length), cancel).ConfigureAwait(false);
            at = field.Start + field.Length;
        }
        if (!model.AddMissingHeaders || (fields.Count > 0 && head.Span[at - 1] is not ((byte)'\n' or (byte)'\r'))) return;
        if (!fields.Any(f => f.Is("Message-ID"))) await writer.WriteAsync(Encoding.UTF8.GetBytes($"Message-ID: <{incoming.Id}@{model.Hostname}>\r\n"), cancel).ConfigureAwait(false);
        if (fields.Any(f => f.Is("Date"))) return;
        MailDate.Write(line, services.Time.GetUtcNow());
        await writer.WriteAsync((byte[])[.. "Date: "u8, .. line.AsSpan(0, MailDate.Length), .. "\r\n"u8], cancel).ConfigureAwait(false);
    }

    private static async ValueTask CopyRestAsync(FileStream file, CrlfWriter writer, CancellationToken cancel)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
        try
        {
            int read;
            while ((read = await file.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0) await writer.WriteAsync(buffer.AsMemory(0, read), cancel).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private int Priority(List<PickupField> fields)
    {
        var header = new PriorityFields();
        foreach (var field in fields) header.Take(field.Name, field.Value);
        return model.Priorities.Of(user: null, header.Priority);
    }

    private ValueTask CommitAsync(IncomingMessage incoming, PickupEnvelope envelope, List<QueuedRecipient> recipients, CrlfWriter writer, bool smtpUtf8, int priority, CancellationToken cancel)
    {
        var now = services.Time.GetUtcNow();
        return incoming.CommitAsync(new QueuedEnvelope
        {
            From = envelope.From,
            Recipients = recipients,
            Origin = new MessageOrigin { Listener = model.Listener, Protocol = "" },
            AcceptedAt = now,
            ExpiresAt = now + model.Expire,
            Body = writer.HasEightBit ? BodyType.EightBitMime : BodyType.SevenBit,
            SmtpUtf8 = smtpUtf8,
            Priority = priority,
            HasEightBit = writer.HasEightBit,
        }, cancel);
    }

    private void Count(MessageId id, PickupEnvelope envelope, long size, TimeSpan elapsed)
    {
        services.Metrics.MessagesAccepted.Add(1, SubmissionTags.FromPickup, SubmissionTags.Queued);
        services.Metrics.RecipientsAccepted.Add(envelope.Recipients.Count);
        services.Metrics.BytesAccepted.Add(size);
        services.Metrics.AcceptDuration.Record(elapsed.TotalSeconds);
        PosternLog.MessageAccepted(services.Logger, id.ToString(), envelope.From.Address, envelope.Recipients.Count, size, "pickup", null, null, model.Listener, elapsed.TotalMilliseconds);
    }

    private static PickupResult Bad(string problem) => new(problem, null);

    private static PickupResult Later(string reason) => new(null, reason);
}
