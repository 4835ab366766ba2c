using System.Text.Json;
using Postern.Access;
using Postern.Core.Queue;

namespace Postern.Api;

/// <summary>Between the queue's types and the API's words; the CLI uses the same words.</summary>
internal static class QueueText
{
    public static string Word<T>(T value)
        where T : struct, Enum
        => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    public static QueueTallyContract Tally(QueueTally tally) => new()
    {
        Messages = tally.Messages,
        Bytes = tally.Bytes,
        Waiting = tally.Waiting,
        Deferred = tally.Deferred,
        Leased = tally.Leased,
        Held = tally.Held,
        UpTo = tally.Last?.ToString(),
    };

    /// <summary>An action for the audit log; a preview is nothing that was done.</summary>
    public static AuditNote Note(QueueActionContract request, QueueActionResultContract done) => new(
        $"queue.{done.Action}", QueueFilters.Words(request), done.State == "running" ? done.Matching?.Messages : done.Messages, done.State, IsNothing: done.State == "dry_run");

    public static QueueItemContract Item(MessageSummary summary) => new()
    {
        Id = summary.Id.ToString(),
        Sender = summary.Sender,
        AcceptedAt = summary.AcceptedAt,
        SizeBytes = summary.SizeBytes,
        State = Word(summary.State),
        RecipientsWaiting = summary.RecipientsWaiting,
        RecipientsTotal = summary.RecipientsTotal,
        Recipients = summary.Recipients,
        Destinations = summary.Destinations,
        Attempts = summary.Attempts,
        NextDue = summary.NextDue,
        LastReply = summary.LastReply,
        Cause = summary.Cause,
        Upstream = summary.Upstream,
        User = summary.User,
        ClientAddress = summary.ClientAddress,
        Priority = summary.Priority,
    };

    public static QueueDetailsContract Details(MessageDetails details) => new()
    {
        Message = Item(details.Summary),
        ExpiresAt = details.Envelope.ExpiresAt,
        ClientAddress = details.Envelope.Origin.ClientAddress,
        ClientHello = details.Envelope.Origin.ClientHello,
        User = details.Envelope.Origin.User,
        Listener = details.Envelope.Origin.Listener,
        Protocol = details.Envelope.Origin.Protocol,
        EnvelopeId = details.Envelope.EnvId,
        Recipients = [.. details.Recipients.Select(r => new RecipientContract(r.Address, r.Destination, Word(r.Status), r.LastReply))],
        Attempts = details.Attempts,
    };
}
