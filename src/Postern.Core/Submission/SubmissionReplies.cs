using System.Globalization;
using Postern.Protocols.Mail;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>Replies that need no facts are made once; the others have one maker each, so that a wording stands in one place.</summary>
internal static class SubmissionReplies
{
    public static readonly SmtpReply SenderOk = SmtpReply.Of(250, "2.1.0", "Ok");
    public static readonly SmtpReply RecipientOk = SmtpReply.Of(250, "2.1.5", "Ok");
    public static readonly SmtpReply StoreFull = SmtpReply.Of(452, "4.3.1", "Insufficient storage: this relay's queue is full; try again later");
    public static readonly SmtpReply NotKept = SmtpReply.Of(451, "4.3.0", "Message not kept: this relay's storage failed; try again later");
    public static readonly SmtpReply NoRecipients = SmtpReply.Of(554, "5.5.1", "No valid recipients");

    public static SmtpReply Queued(string id) => SmtpReply.Of(250, "2.0.0", "Ok: queued as " + id);

    /// <summary>RFC 6710: the text begins with the priority that the message has instead.</summary>
    public static SmtpReply QueuedAt(int priority, string id) => SmtpReply.Of(250, "2.3.6", string.Create(CultureInfo.InvariantCulture, $"{priority} is the priority of this message, the highest that you may ask for; queued as {id}"));

    public static SmtpReply TooLarge(long max) => SmtpReply.Of(552, "5.3.4", $"Message size exceeds fixed maximum of {max} bytes");

    public static SmtpReply TooManyRecipients(int max) => SmtpReply.Of(452, "4.5.3", $"Too many recipients: at most {max} for one message; send the others in another transaction");

    public static SmtpReply Header(HeaderProblem problem, in HeaderLimits limits) => problem switch
    {
        HeaderProblem.TooManyReceived => SmtpReply.Of(554, "5.4.6", $"Too many hops: more than {limits.MaxReceived} Received fields; this message is looping"),
        HeaderProblem.TooManyFields => SmtpReply.Of(554, "5.6.0", $"Message has more than {limits.MaxFields} header fields"),
        _ => SmtpReply.Of(552, "5.3.4", $"Message header exceeds fixed maximum of {limits.MaxBytes} bytes"),
    };
}
