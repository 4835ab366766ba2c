using Postern.Core.Submission.Injection;
using Postern.Protocols.Smtp;

namespace Postern.Api;

/// <summary>What SMTP would have answered, as HTTP does.</summary>
internal static class MessageReplies
{
    private const string Again = "try again later; nothing of it was kept";

    /// <summary>A refusal of the sender.</summary>
    public static ProblemContract Sender(SmtpReply reply) => reply.IsPermanent && reply.Code != 552
        ? Of(ProblemKind.RelayingDenied, reply, "use a sender and a client that access.networks, access.senders or the user's senders allow")
        : Message(reply);

    public static ProblemContract Message(SmtpReply reply) => reply switch
    {
        { Code: 552 } => Of(ProblemKind.MessageTooLarge, reply, "send less, or raise limits.max_message or limits.max_header_size"),
        { IsPermanent: true } => Of(ProblemKind.MessageRefused, reply, "mend the message as it says"),
        { Code: 452 } => Of(ProblemKind.StorageFull, reply, Again),
        _ => Of(ProblemKind.TryLater, reply, Again),
    };

    public static ProblemContract Recipients(IReadOnlyList<RefusedRecipient> refused)
    {
        var kind = refused.Any(r => r.Reply.IsPermanent || r.Reply.Code == 452) ? ProblemKind.RecipientsRefused : ProblemKind.TryLater;
        return Of(kind, refused[0].Reply, kind == ProblemKind.TryLater ? Again : "leave them out or correct them; nothing was sent to the others") with
        {
            Detail = $"{refused.Count} {(refused.Count == 1 ? "recipient is" : "recipients are")} refused, {refused[0].Address} with {refused[0].Reply}",
            Recipients = [.. refused.Select(r => new RefusedRecipientContract(r.Address, r.Reply.ToString()))],
        };
    }

    private static ProblemContract Of(ProblemKind kind, SmtpReply reply, string mend) => Problems.Of(kind, string.Join(' ', reply.Lines), mend) with { Reply = reply.ToString() };
}
