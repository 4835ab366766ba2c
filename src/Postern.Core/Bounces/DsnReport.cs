using System.Globalization;
using Postern.Core.Queue;

namespace Postern.Core.Bounces;

/// <summary>The machine's part: message/delivery-status (RFC 3464 section 2), or message/global-delivery-status (RFC 6533 section 4).</summary>
internal static class DsnReport
{
    public static void Write(DsnWriter writer, DsnKind kind, BounceSettings settings, QueuedEnvelope original, IReadOnlyList<DsnRecipient> recipients, bool utf8)
    {
        writer.Field("Reporting-MTA", $"dns;{settings.Hostname}");
        if (original.EnvId is { } id) writer.Field("Original-Envelope-Id", DsnAddress.Words(id, utf8));
        writer.Field("Arrival-Date", Date(original.AcceptedAt));
        foreach (var recipient in recipients)
        {
            writer.Raw("");
            WriteRecipient(writer, kind, recipient, utf8);
        }
    }

    /// <summary>RFC 5322 section 3.3, with the zone as digits.</summary>
    public static string Date(DateTimeOffset at) => at.ToUniversalTime().ToString("ddd, d MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);

    private static void WriteRecipient(DsnWriter writer, DsnKind kind, DsnRecipient recipient, bool utf8)
    {
        if (recipient.Recipient.OriginalRecipient is { } orcpt) writer.Field("Original-Recipient", DsnAddress.Original(orcpt, utf8));
        writer.Field("Final-Recipient", DsnAddress.Typed(recipient.Recipient.Address.Address, utf8));
        writer.Field("Action", kind switch { DsnKind.Failure => "failed", DsnKind.Delay => "delayed", _ => "relayed" });
        writer.Field("Status", DeliveryStatus.Of(kind, recipient).ToString());
        if (recipient.RemoteHost is { Length: > 0 } host) writer.Field("Remote-MTA", $"dns;{DsnAddress.Words(host, utf8)}");
        // "smtp" only for what a server really said (RFC 3464 section 2.3.6); our own conclusions are marked as ours.
        if (recipient.PeerReply is { } reply) writer.Field("Diagnostic-Code", "smtp; " + DsnAddress.Words(reply.ToString(), utf8));
        else if (recipient.Failure is { } failure) writer.Field("Diagnostic-Code", "X-Postern; " + DsnAddress.Words(failure.Detail, utf8));
        else if (kind == DsnKind.Failure) writer.Field("Diagnostic-Code", "X-Postern; " + DsnText.WithoutAttempt(recipient.Reason));
        if (recipient.LastAttempt is { } last) writer.Field("Last-Attempt-Date", Date(last));
        if (kind == DsnKind.Delay && recipient.RetryUntil is { } until) writer.Field("Will-Retry-Until", Date(until));
    }
}
