using Postern.Core.Configuration;
using Postern.Core.Queue;

namespace Postern.Api;

/// <summary>Between the queue's types and the API's words; the CLI uses the same words.</summary>
internal static class QueueText
{
    /// <summary>Reads filters given as text. Null when one is wrong, with the problem.</summary>
    public static QueueQuery? ReadQuery(Func<string, string?> value, out ProblemContract? problem)
    {
        problem = null;
        var query = new QueueQuery { Destination = value("destination"), Sender = value("sender"), Recipient = value("recipient") };
        if (value("state") is { } state)
        {
            if (!Enum.TryParse<QueueState>(state, ignoreCase: true, out var parsed) || char.IsAsciiDigit(state[0]))
                problem = new ProblemContract($"no such state: {state}", "use waiting, deferred, leased or held");
            query = query with { State = parsed };
        }
        if (value("older_than") is { } age)
        {
            if (!ConfigValues.TryParseDuration(age, out var duration)) problem = new ProblemContract($"not a duration: {age}", "write it like 30m, 4h or 2d");
            query = query with { OlderThan = duration };
        }
        if (value("limit") is { } limit)
        {
            if (!int.TryParse(limit, out int count) || count is < 1 or > 1000) problem = new ProblemContract($"not a page size: {limit}", "use 1 to 1000");
            else query = query with { Limit = count };
        }
        if (value("after") is { } after)
        {
            if (!MessageId.TryParse(after, out var id)) problem = NotAnId(after);
            query = query with { After = id };
        }
        return problem is null ? query : null;
    }

    public static ProblemContract NotAnId(string text) => new($"not a queue id: {text}", "ids have 13 letters and digits; 'postern queue list' shows them");

    public static ProblemContract Unknown(string id) => new($"no message {id} in the queue", "it was delivered, bounced or removed; the log has its end");

    public static QueueItemContract Item(MessageSummary summary) => new()
    {
        Id = summary.Id.ToString(),
        Sender = summary.Sender,
        AcceptedAt = summary.AcceptedAt,
        SizeBytes = summary.SizeBytes,
        State = summary.State.ToString().ToLowerInvariant(),
        RecipientsWaiting = summary.RecipientsWaiting,
        RecipientsTotal = summary.RecipientsTotal,
        Destinations = summary.Destinations,
        Attempts = summary.Attempts,
        NextDue = summary.NextDue,
        LastReply = summary.LastReply,
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
        Recipients = [.. details.Recipients.Select(r => new RecipientContract(r.Address, r.Destination, r.Status.ToString().ToLowerInvariant(), r.LastReply))],
        Attempts = details.Attempts,
    };
}
