using Postern.Protocols.Smtp;

namespace Postern.Core.Bounces;

/// <summary>What a status says to a person, and what that person can do (RFC 3463, RFC 6531, RFC 7372, RFC 7505).</summary>
/// <param name="What">A sentence.</param>
/// <param name="Advice">A sentence; what the sender can do, not the operator.</param>
internal readonly record struct StatusMeaning(string What, string Advice)
{
    private const string AskRecipient = "Ask the recipient, by another way than this address, to have it looked into.";
    private const string AskAdministrator = "Pass this report on to those who run the mail relay named above.";

    /// <summary>Null when the status says nothing that the server's own words do not say better.</summary>
    public static StatusMeaning? Of(EnhancedStatusCode status) => (status.Subject, status.Detail) switch
    {
        (1, 1) => new("There is no such mailbox at that domain.", "Check the address for a typing mistake; if it is right, the mailbox may have been closed."),
        (1, 2) => new("That domain does not exist or takes no mail.", "Check what follows the @ for a typing mistake."),
        (1, 3) => new("The server takes this for no valid address.", "Check the address for a typing mistake."),
        (1, 4) => new("The address fits more than one mailbox.", "Use the recipient's full address."),
        (1, 6) => new("The mailbox has moved and left no new address.", "Ask the recipient for the new address."),
        (1, 7) or (1, 8) => new("The server does not accept the sender's address.", "Check that you send with an address that exists and can be replied to."),
        (1, 10) => new("That domain has declared that it takes no mail.", "Check what follows the @ for a typing mistake."),
        (2, 1) when status.Class == 4 => new("The mailbox takes no mail at present.", "Send it again later."),
        (2, 1) => new("The mailbox is disabled and takes no mail.", AskRecipient),
        (2, 2) => new("The mailbox is full.", "Send it again when the recipient has made room."),
        (2, 3) or (3, 4) => new("The message is larger than the server takes.", "Send less at once, or a link instead of an attachment."),
        (3, 1) => new("The server has no room for mail at present.", "Send it again later."),
        (3, 2) => new("The server takes no mail at present.", "Send it again later."),
        (4, 1) => new("The server could not be reached.", "Send it again later; the recipient's mail service may be out of order."),
        (4, 2) => new("The connection to the server broke or fell silent.", "Send it again later."),
        (4, 3) => new("The domain's mail servers could not be looked up.", "Send it again later; check what follows the @ for a typing mistake."),
        (4, 4) => new("The domain has no mail server that can be found.", "Check what follows the @ for a typing mistake."),
        (4, 6) => new("The mail would go round in a circle.", AskAdministrator),
        (4, 7) => new("It could not be delivered in the time it may wait.", "Send it again later."),
        (5, 3) => new("There were too many recipients at once.", "Send it to fewer recipients at a time."),
        (6, 1) or (6, 2) or (6, 3) => new("The next server cannot take this kind of content, and it cannot be converted without harm.", "Send it in a plainer format."),
        (6, 7) => new("The next server does not take addresses with characters outside ASCII.", "Use another address of the recipient, if there is one."),
        (7, 0) or (7, 1) => new("The server refuses it by its rules.", "If the words above name a reason, mend that; else ask the recipient to let mail from you in."),
        (7, 4) or (7, 5) => new("No safe connection to the server could be made.", AskAdministrator),
        (7, 8) or (7, 9) or (7, 11) => new("The relay could not log in to the next server.", AskAdministrator),
        (7, >= 20 and <= 29) => new("The sender could not be verified (SPF, DKIM or the sending address's name).", AskAdministrator),
        _ => null,
    };
}
