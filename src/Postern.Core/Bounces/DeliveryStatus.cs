using Postern.Protocols.Smtp;

namespace Postern.Core.Bounces;

/// <summary>
/// The Status field (RFC 3463): the peer's own enhanced code when it gave one, else what its reply code means in RFC 5321, else what Postern concluded.
/// Where a reply code can mean several things (550, 554) the status is x.0.0: a guess is not put into the machine's part.
/// </summary>
internal static class DeliveryStatus
{
    public static EnhancedStatusCode Of(DsnKind kind, DsnRecipient recipient)
    {
        if (kind == DsnKind.Success) return recipient.PeerReply?.Enhanced is { Class: 2 } given ? given : new(2, 1, 5);
        if (recipient.PeerReply is { } reply && reply.Code >= 400) return reply.Enhanced ?? OfReply(recipient.Failure?.Stage, reply.Code);
        if (recipient.Failure is { } failure) return OfConclusion(failure, recipient.Recipient.Address.IsInternationalized);
        // Delivery time expired: only where no attempt says more (RFC 3463 section 3.5).
        return recipient.Reason == DsnReason.Expired || kind == DsnKind.Delay ? new(4, 4, 7) : new(5, 0, 0);
    }

    private static EnhancedStatusCode OfReply(ClientStage? stage, int code)
    {
        (int subject, int detail) = (code, stage) switch
        {
            (421, _) => (3, 2),                     // shutting down
            (450, _) => (2, 0),                     // mailbox busy or blocked for now
            (451, _) => (3, 0),                     // error in processing
            (452, ClientStage.Rcpt) => (5, 3),      // too many recipients (RFC 5321 section 4.5.3.1.10)
            (452, _) => (3, 1),                     // system storage
            (454, _) => (7, 0),                     // TLS or AUTH not available now
            (455 or 555, _) => (5, 4),              // parameters
            (500, _) => (5, 2),
            (501 or 504, _) => (5, 4),
            (502 or 503, _) => (5, 1),
            (521, _) => (3, 2),                     // takes no mail (RFC 7504)
            (530, _) => (7, 0),
            (534, _) => (7, 9),
            (535, _) => (7, 8),
            (538, _) => (7, 11),
            (551, _) => (1, 6),                     // moved
            (552, ClientStage.Rcpt) => (2, 2),      // mailbox full
            (552, _) => (3, 4),                     // too big for the system
            (553, ClientStage.Mail) => (1, 7),
            (553, _) => (1, 3),
            (556, _) => (1, 10),                    // domain takes no mail (RFC 7504, RFC 7505)
            _ => (0, 0),
        };
        return new((byte)(code / 100), (short)subject, (short)detail);
    }

    private static EnhancedStatusCode OfConclusion(StageFailure failure, bool internationalized)
    {
        (int subject, int detail) = failure.Kind switch
        {
            FailureKind.NoSuchDomain => (1, 2),
            FailureKind.NullMx => (1, 10),
            FailureKind.NoAddress => (4, 4),
            FailureKind.DnsFailure => (4, 3),
            FailureKind.LoopsToUs => (4, 6),
            FailureKind.ConnectionRefused or FailureKind.HostUnreachable or FailureKind.NetworkUnreachable => (4, 1),
            FailureKind.TimedOut when failure.Stage == ClientStage.Connect => (4, 1),
            FailureKind.TimedOut or FailureKind.ConnectionReset or FailureKind.ConnectionClosed => (4, 2),
            FailureKind.NotSmtp => (5, 0),
            FailureKind.TlsUnavailable or FailureKind.AuthUnavailable => (7, 4),
            FailureKind.TlsFailed => (7, 5),
            FailureKind.Unsupported => internationalized ? (6, 7) : (6, 3),
            FailureKind.TooLarge => (3, 4),
            FailureKind.Cancelled => (3, 2),
            FailureKind.LocalError => (3, 0),
            _ => (0, 0),
        };
        return new((byte)(failure.IsPermanent ? 5 : 4), (short)subject, (short)detail);
    }
}
