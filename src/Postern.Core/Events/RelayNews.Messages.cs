using System.Text.Json;
using Postern.Core.Bounces;
using Postern.Core.Queue;
using Postern.Protocols.Smtp;

namespace Postern.Core.Events;

internal sealed partial class RelayNews
{
    /// <summary>A mailing to thousands that comes back whole is one event; the first ones show what is meant.</summary>
    internal const int MaxRecipients = 50;

    /// <summary>Mail was given back. Told when that is settled, also where the sender wants no notification or there is none to be told.</summary>
    public void Bounced(MessageId id, QueuedEnvelope envelope, IReadOnlyList<DsnRecipient> recipients)
    {
        if (log is null || recipients.Count == 0) return;
        log.Publish(EventType.MessageBounced, id.ToString(), w => About(w, id, envelope, recipients, static (w, r) => w.WriteString("reason", r.Reason switch
        {
            DsnReason.Refused => "refused",
            DsnReason.Expired => "expired",
            _ => "returned-by-operator",
        })));
    }

    /// <summary>A sender was told that mail is late.</summary>
    public void Delayed(MessageId id, QueuedEnvelope envelope, IReadOnlyList<DsnRecipient> recipients)
    {
        if (log is null || recipients.Count == 0) return;
        log.Publish(EventType.MessageDelayed, id.ToString(), w =>
        {
            About(w, id, envelope, recipients, null);
            w.WriteString("tried_until", envelope.ExpiresAt);
        });
    }

    private static void About(Utf8JsonWriter w, MessageId id, QueuedEnvelope envelope, IReadOnlyList<DsnRecipient> recipients, Action<Utf8JsonWriter, DsnRecipient>? more)
    {
        w.WriteString("id", id.ToString());
        w.WriteString("sender", envelope.From.Address);
        w.WriteString("accepted_at", envelope.AcceptedAt);
        if (envelope.EnvId is { } envelopeId) w.WriteString("envelope_id", envelopeId);
        w.WriteNumber("recipients_total", recipients.Count);
        w.WriteStartArray("recipients");
        foreach (var recipient in recipients.Take(MaxRecipients))
        {
            w.WriteStartObject();
            w.WriteString("address", recipient.Recipient.Address.Address);
            more?.Invoke(w, recipient);
            if (recipient.Failure is { } failure)
            {
                w.WriteString("stage", failure.Stage.Word());
                w.WriteString("detail", Cut(failure.Detail));
            }
            if (recipient.PeerReply is { } reply) w.WriteString("reply", Cut(reply.ToString()));
            if (recipient.RemoteHost is { } host) w.WriteString("host", host);
            if (recipient.Diagnosis is { } diagnosis)
            {
                w.WriteString("cause", diagnosis.Verdict.Cause);
                w.WriteNumber("confidence", diagnosis.Verdict.Confidence);
            }
            w.WriteEndObject();
        }
        w.WriteEndArray();
    }
}
