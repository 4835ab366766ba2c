using Postern.Core.Diagnoses;
using Postern.Core.Queue;
using Postern.Diagnosis.Causes;

namespace Postern.Core.Bounces;

/// <summary>What the person reads: what happened, to whom, who said so in their own words, and what can be done.</summary>
internal static class DsnText
{
    /// <summary>Far below the 998 bytes of a line (RFC 5321 section 4.5.3.1.6), also in UTF-8.</summary>
    private const int LongestCommand = 240;

    public static string Subject(DsnKind kind, IReadOnlyList<DsnRecipient> recipients)
    {
        string first = DsnWriter.Clean(recipients[0].Recipient.Address.Address);
        string whom = recipients.Count switch
        {
            1 => first,
            2 => $"{first} and 1 other",
            _ => $"{first} and {recipients.Count - 1} others",
        };
        return kind switch
        {
            DsnKind.Failure => $"Not delivered: {whom}",
            DsnKind.Delay => $"Delayed, still trying: {whom}",
            _ => $"Passed on: {whom}",
        };
    }

    public static void Write(DsnWriter writer, DsnKind kind, BounceSettings settings, QueuedEnvelope original, MessageId id, OriginalHeaders headers, IReadOnlyList<DsnRecipient> recipients, string returned)
    {
        writer.Paragraph("", $"This is an automatic message from the mail relay {settings.Hostname}.");
        writer.Raw("");
        writer.Paragraph("", Opening(kind, recipients));
        foreach (var recipient in recipients)
        {
            writer.Raw("");
            WriteRecipient(writer, kind, recipient);
        }
        writer.Raw("\nThe message:");
        if (headers.Subject is { } subject) writer.Paragraph("    ", $"Subject: {subject}");
        if (headers.MessageId is { } messageId) writer.Paragraph("    ", $"Message-ID: {messageId}");
        writer.Paragraph("    ", $"Taken: {DsnReport.Date(original.AcceptedAt)}, queue id {id}");
        writer.Raw("");
        writer.Paragraph("", $"The next part of this report is for mail programs. {returned}");
    }

    /// <summary>For a failure without any attempt that says more.</summary>
    public static string WithoutAttempt(DsnReason reason) => reason switch
    {
        DsnReason.Expired => "the message reached the end of the time it may wait",
        DsnReason.ReturnedByOperator => "the operator of the relay returned the message",
        _ => "the message cannot be delivered",
    };

    private static string Opening(DsnKind kind, IReadOnlyList<DsnRecipient> recipients)
    {
        string whom = recipients.Count == 1 ? "the recipient below" : $"the {recipients.Count} recipients below";
        return kind switch
        {
            DsnKind.Failure => $"Your message could not be delivered to {whom}. It will not be tried again.",
            DsnKind.Delay => $"Your message has not been delivered yet to {whom}. You need not send it again: it is kept safe and tried again by itself.",
            _ => $"Your message to {whom} was passed on to the next server, which sends no notifications itself: whether it reaches the mailbox will not be reported.",
        };
    }

    private static void WriteRecipient(DsnWriter writer, DsnKind kind, DsnRecipient recipient)
    {
        writer.Paragraph("  ", $"To: {recipient.Recipient.Address.Address}");
        string from = kind == DsnKind.Delay || recipient.Reason != DsnReason.Refused ? " last" : "";
        if (recipient.PeerReply is { } reply)
        {
            writer.Paragraph("    ", $"The server {Server(recipient)}{from} said:");
            string code = reply.Enhanced is { } enhanced ? $"{reply.Code} {enhanced}" : $"{reply.Code}";
            foreach (string line in reply.Lines) writer.Paragraph("      ", $"{code} {line}");
        }
        else if (recipient.Failure is { } failure)
        {
            writer.Paragraph("    ", recipient.RemoteHost is null ? $"Postern{from} concluded:" : $"Postern{from} concluded, about the server {Server(recipient)}:");
            writer.Paragraph("      ", failure.Detail);
        }
        else if (kind == DsnKind.Failure)
        {
            writer.Paragraph("    ", "Postern concluded:");
            writer.Paragraph("      ", WithoutAttempt(recipient.Reason));
        }
        if (kind == DsnKind.Success) return;
        WriteOutlook(writer, kind, recipient);
    }

    private static void WriteOutlook(DsnWriter writer, DsnKind kind, DsnRecipient recipient)
    {
        var meaning = StatusMeaning.Of(DeliveryStatus.Of(kind, recipient));
        var verdict = recipient.Diagnosis?.Verdict is { Id: not (CauseId.Unknown or CauseId.None) } named ? named : null;
        if (verdict is not null) writer.Paragraph("    ", $"That means ({verdict.Cause}; {PlainWords.Confidence(verdict.Confidence)}): {verdict.Summary}");
        else if (meaning is { } known) writer.Paragraph("    ", $"That means: {known.What}");
        if (kind == DsnKind.Delay)
        {
            if (recipient.RetryUntil is { } until) writer.Paragraph("    ", $"It is tried until {DsnReport.Date(until)}; after that you hear again.");
            if (verdict is not null) WriteRemedy(writer, verdict);
            return;
        }
        if (recipient.Failure is not null && recipient.Reason == DsnReason.Expired) writer.Paragraph("    ", "It was tried until the message reached the end of the time it may wait.");
        if (recipient.Failure is not null && recipient.Reason == DsnReason.ReturnedByOperator) writer.Paragraph("    ", "After that the operator of the relay returned the message.");
        if (recipient.Failure is { MayDuplicate: true }) writer.Paragraph("    ", "The connection ended at a moment when the server may have taken it: ask before you send it again.");
        if (meaning is { } advised && verdict?.Who != "sender") writer.Paragraph("    ", $"What you can do: {advised.Advice}");
        if (verdict is not null) WriteRemedy(writer, verdict);
    }

    /// <summary>The lines of a fix may be commands: they are left whole.</summary>
    private static void WriteRemedy(DsnWriter writer, Verdict verdict)
    {
        if (verdict.Fix.Length == 0) return;
        writer.Paragraph("    ", verdict.Who == "sender" ? "What you can do:" : verdict.Who == "nobody" ? "What mends it:" : $"What mends it, to be done by {PlainWords.Who(verdict.Who)}:");
        foreach (string line in verdict.Fix.Split('\n'))
        {
            if (line.Length <= LongestCommand) writer.Raw("      " + DsnWriter.Clean(line));
            else writer.Paragraph("      ", line);
        }
        if (verdict.Why.Length > 0) writer.Paragraph("    ", $"Why that works: {verdict.Why}");
    }

    private static string Server(DsnRecipient recipient) => (recipient.RemoteHost, recipient.RemoteAddress) switch
    {
        ({ } host, { } address) => $"{host} [{address}]",
        ({ } host, null) => host,
        (null, { } address) => $"[{address}]",
        _ => "that was spoken with",
    };
}
