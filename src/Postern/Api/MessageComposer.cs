using MimeKit;
using Postern.Protocols.Smtp;

namespace Postern.Api;

/// <summary>A message with its envelope.</summary>
internal sealed record ComposedMessage(MimeMessage Message, MailCommand Mail, IReadOnlyList<RcptCommand> Recipients);

/// <summary>Makes a message of its parts. Date and Message-ID are left to the relay, which adds what is missing as it does to mail that comes by SMTP.</summary>
internal static class MessageComposer
{
    private const int MaxHeaders = 100;

    /// <summary>Made from other members, or what only relays write.</summary>
    private static readonly HashSet<string> Taken = new(StringComparer.OrdinalIgnoreCase)
    {
        "From", "To", "Cc", "Bcc", "Reply-To", "Subject", "Received", "Return-Path", "MIME-Version", "DKIM-Signature", "Resent-From", "Resent-To", "Resent-Cc", "Resent-Bcc",
    };

    public static Answer<ComposedMessage> Compose(MessageContract parts)
    {
        if (parts.Text is null && parts.Html is null) return Problems.Wrong("the message has neither text nor html", "give one of them or both; an empty text is one");
        var message = new MimeMessage();
        message.Headers.Remove(HeaderId.MessageId);
        message.Headers.Remove(HeaderId.Date);
        if (Read([parts.From], "from", out var problem) is not { } from) return problem!;
        if (Read(parts.To, "to", out problem) is not { } to) return problem!;
        if (Read(parts.Cc, "cc", out problem) is not { } cc) return problem!;
        if (Read(parts.Bcc, "bcc", out problem) is not { } bcc) return problem!;
        if (Read(parts.ReplyTo, "reply_to", out problem) is not { } replyTo) return problem!;
        if (to.Count + cc.Count + bcc.Count == 0) return Problems.Wrong("the message has no recipient", "name somebody in to, cc or bcc");
        message.From.AddRange(from);
        message.To.AddRange(to);
        message.Cc.AddRange(cc);
        message.ReplyTo.AddRange(replyTo);
        message.Subject = parts.Subject ?? "";
        if (AddHeaders(message, parts.Headers) is { } wrong) return wrong;
        if (Body(parts, out problem) is not { } body) return problem!;
        message.Body = body;
        return Envelope(parts, message, from[0], [.. to, .. cc, .. bcc]);
    }

    private static Answer<ComposedMessage> Envelope(MessageContract parts, MimeMessage message, MailboxAddress from, IReadOnlyList<MailboxAddress> recipients)
    {
        string sender = parts.EnvelopeFrom ?? from.Address;
        if (sender is "<>") sender = "";
        if (sender.Length > 0 && !MailPath.IsMailbox(sender)) return Problems.Wrong($"envelope_from is no address: {sender}", "write it like app@example.org, without a name; <> for none");
        if (parts.Priority is < Core.Queue.MessagePriority.Lowest or > Core.Queue.MessagePriority.Highest) return Problems.Wrong($"not a priority: {parts.Priority}", "use -9 to 9");
        if (!EnvelopeParameters.IsEnvelopeId(parts.EnvelopeId)) return Problems.Wrong("envelope_id is none", "use 1 to 100 printable characters of US-ASCII");
        RcptCommand[] to = [.. recipients.Select(r => r.Address).Distinct(StringComparer.Ordinal).Select(a => new RcptCommand(new MailPath(a)))];
        bool smtpUtf8 = new MailPath(sender).IsInternationalized || to.Any(r => r.To.IsInternationalized);
        return new ComposedMessage(message, new MailCommand(new MailPath(sender), SmtpUtf8: smtpUtf8, EnvId: parts.EnvelopeId, MtPriority: parts.Priority), to);
    }

    /// <summary>Null when one is no address, with the problem.</summary>
    private static List<MailboxAddress>? Read(IReadOnlyList<string?>? texts, string member, out ProblemContract? problem)
    {
        problem = null;
        var read = new List<MailboxAddress>();
        foreach (string? text in texts ?? [])
        {
            if (text is null || !MailboxAddress.TryParse(text, out var mailbox) || !MailPath.IsMailbox(mailbox.Address))
            {
                problem = Problems.Wrong($"{member} has what is no address: {text}", "write each like ann@example.org or Ann Smith <ann@example.org>");
                return null;
            }
            read.Add(mailbox);
        }
        return read;
    }

    private static ProblemContract? AddHeaders(MimeMessage message, IReadOnlyDictionary<string, string>? headers)
    {
        if (headers is null) return null;
        if (headers.Count > MaxHeaders) return Problems.Wrong($"{headers.Count} headers", $"give at most {MaxHeaders}");
        foreach (var (name, value) in headers)
        {
            if (name.Length is 0 or > 76 || name.Any(c => c is <= ' ' or >= '\x7f' or ':')) return Problems.Wrong($"not the name of a header field: {name}", "use printable characters of US-ASCII without a colon");
            if (Taken.Contains(name) || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)) return Problems.Wrong($"the header field {name} cannot be given", "use the member for it; what relays write is theirs");
            if (value is null || value.Any(char.IsControl)) return Problems.Wrong($"the header field {name} has no value, or one with a control character", "give it in one line");
            message.Headers.Add(name, value);
        }
        return null;
    }

    private static MimeEntity? Body(MessageContract parts, out ProblemContract? problem)
    {
        problem = null;
        var builder = new BodyBuilder { TextBody = parts.Text, HtmlBody = parts.Html };
        foreach (var attachment in parts.Attachments ?? [])
        {
            if (attachment is not { Name: not null, Content: not null }) problem = Problems.Wrong("an attachment has no name or no content", "give both");
            else if (attachment.Name.Length is 0 or > 255 || attachment.Name.Any(char.IsControl)) problem = Problems.Wrong("an attachment has no name that can be one", "use 1 to 255 characters in one line");
            else if (!ContentType.TryParse(attachment.ContentType ?? MimeTypes.GetMimeType(attachment.Name), out var type)) problem = Problems.Wrong($"not a content type: {attachment.ContentType}", "write it like application/pdf");
            else if (attachment.ContentId is { } id && (id.Length is 0 or > 200 || id.Any(c => c is <= ' ' or >= '\x7f' or '<' or '>'))) problem = Problems.Wrong($"not a content id: {attachment.ContentId}", "use printable characters of US-ASCII without < and >");
            else if (attachment.ContentId is { } cid) builder.LinkedResources.Add(attachment.Name, attachment.Content, type).ContentId = cid;
            else builder.Attachments.Add(attachment.Name, attachment.Content, type);
            if (problem is not null) return null;
        }
        return builder.ToMessageBody();
    }
}

/// <summary>Forms of what an envelope may carry beside addresses.</summary>
internal static class EnvelopeParameters
{
    /// <summary>RFC 3461 section 4.4: at most 100 characters.</summary>
    public static bool IsEnvelopeId(string? text) => text is null || (text.Length is > 0 and <= 100 && text.All(c => c is >= ' ' and <= '~'));
}
