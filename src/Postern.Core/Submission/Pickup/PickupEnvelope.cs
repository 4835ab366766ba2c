using MimeKit;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission.Pickup;

/// <summary>Sender and recipients of a pickup file, or why it has none.</summary>
/// <param name="Problem">Null when it is good.</param>
internal sealed record PickupEnvelope(MailPath From, IReadOnlyList<MailPath> Recipients, string? Problem = null)
{
    private static readonly string[] RecipientNames = ["To", "Cc", "Bcc"];

    /// <summary>Fields that carry the envelope and are not for the recipients' eyes.</summary>
    public static bool IsRemoved(in PickupField field) =>
        field.Is("X-Sender") || field.Is("X-Receiver") || field.Is("Bcc") || field.Is("Resent-Bcc");

    /// <summary>
    /// X-Sender and X-Receiver lines as the Windows SMTP service has them; what is not given so comes from the header: of a message sent again, the
    /// newest (first) Resent fields, else Sender or From, and To, Cc and Bcc.
    /// </summary>
    public static PickupEnvelope Of(IReadOnlyList<PickupField> fields)
    {
        string prefix = fields.Any(f => f.Is("Resent-From") || f.Is("Resent-To")) ? "Resent-" : "";
        var sender = fields.FirstOrDefault(f => f.Is("X-Sender"));
        MailPath from;
        if (sender.Name is not null)
        {
            if (!TryPath(sender.Value, allowNull: true, out from)) return Bad($"X-Sender is no address: {sender.Value}");
        }
        else
        {
            var field = fields.FirstOrDefault(f => f.Is(prefix + "Sender"));
            if (field.Name is null) field = fields.FirstOrDefault(f => f.Is(prefix + "From"));
            if (field.Name is null) return Bad($"no sender: there is no X-Sender, {prefix}Sender or {prefix}From line");
            if (Addresses(field) is not [var first, ..]) return Bad($"{field.Name} has no address: {field.Value}");
            from = first;
        }
        return WithRecipients(fields, prefix, from);
    }

    private static PickupEnvelope WithRecipients(IReadOnlyList<PickupField> fields, string prefix, MailPath from)
    {
        var recipients = new List<MailPath>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        bool explicitly = fields.Any(f => f.Is("X-Receiver"));
        foreach (var field in fields)
        {
            if (explicitly)
            {
                if (!field.Is("X-Receiver")) continue;
                if (!TryPath(field.Value, allowNull: false, out var path)) return Bad($"X-Receiver is no address: {field.Value}");
                if (seen.Add(path.Address)) recipients.Add(path);
                continue;
            }
            if (!RecipientNames.Any(n => field.Is(prefix + n)) || field.Value.Length == 0) continue;
            if (Addresses(field) is not { } list) return Bad($"{field.Name} cannot be read: {field.Value}");
            foreach (var path in list)
            {
                if (seen.Add(path.Address)) recipients.Add(path);
            }
        }
        return recipients.Count > 0
            ? new PickupEnvelope(from, recipients)
            : Bad($"no recipients: there is no X-Receiver line, and {prefix}To, {prefix}Cc and {prefix}Bcc name nobody");
    }

    /// <summary>Null when the field or one of its addresses is malformed. Groups are taken apart.</summary>
    private static List<MailPath>? Addresses(in PickupField field)
    {
        if (!InternetAddressList.TryParse(field.Value, out var list)) return null;
        var paths = new List<MailPath>();
        foreach (var mailbox in list.Mailboxes)
        {
            if (!MailPath.IsMailbox(mailbox.Address)) return null;
            paths.Add(new MailPath(mailbox.Address));
        }
        return paths;
    }

    private static bool TryPath(string value, bool allowNull, out MailPath path)
    {
        path = MailPath.Null;
        if (value is "<>") return allowNull;
        if (!MailboxAddress.TryParse(value, out var mailbox) || !MailPath.IsMailbox(mailbox.Address)) return false;
        path = new MailPath(mailbox.Address);
        return true;
    }

    private static PickupEnvelope Bad(string problem) => new(MailPath.Null, [], problem);
}
