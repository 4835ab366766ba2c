namespace Postern.Protocols.Smtp;

/// <summary>Where in the dialogue a server session is. TLS and authentication are properties of the session, not phases.</summary>
public enum SessionPhase : byte
{
    /// <summary>No HELO or EHLO yet, or forgotten by STARTTLS.</summary>
    Connected,
    /// <summary>Greeted, outside a transaction.</summary>
    Ready,
    /// <summary>MAIL accepted, no recipient yet.</summary>
    Sender,
    /// <summary>At least one recipient accepted.</summary>
    Recipients,
    /// <summary>Between the BDAT chunks of one message.</summary>
    Chunks,
    Closed,
}

/// <summary>The commands that a session knows; <see cref="Http"/> stands for another protocol's.</summary>
internal enum SmtpVerb : byte { Unknown, Helo, Ehlo, Mail, Rcpt, Data, Bdat, Rset, Noop, Quit, Vrfy, Expn, Help, StartTls, Auth, Etrn, Turn, Http }

/// <summary>Which command is allowed in which phase (RFC 5321 section 4.1.4, RFC 3030 section 2, RFC 4954 section 4); the rest is 503.</summary>
internal static class SessionRules
{
    private const bool Y = true, N = false;

    private static ReadOnlySpan<bool> Allowed =>
    [
        // Connected Ready Sender Recipients Chunks
        Y, Y, Y, Y, Y, // Unknown (has its own reply)
        Y, Y, Y, Y, Y, // HELO
        Y, Y, Y, Y, Y, // EHLO
        N, Y, N, N, N, // MAIL
        N, N, Y, Y, N, // RCPT
        N, N, N, Y, N, // DATA
        N, N, N, Y, Y, // BDAT
        Y, Y, Y, Y, Y, // RSET
        Y, Y, Y, Y, Y, // NOOP
        Y, Y, Y, Y, Y, // QUIT
        Y, Y, Y, Y, Y, // VRFY
        Y, Y, Y, Y, Y, // EXPN
        Y, Y, Y, Y, Y, // HELP
        N, Y, N, N, N, // STARTTLS
        N, Y, N, N, N, // AUTH
        Y, Y, Y, Y, Y, // ETRN
        Y, Y, Y, Y, Y, // TURN
        Y, Y, Y, Y, Y, // HTTP
    ];

    private const int Phases = 5;

    public static bool IsAllowed(SmtpVerb verb, SessionPhase phase) => phase != SessionPhase.Closed && Allowed[(int)verb * Phases + (int)phase];

    /// <summary>The reason to give for what <see cref="IsAllowed"/> denies.</summary>
    public static RejectionReason WhyNot(SmtpVerb verb, SessionPhase phase, bool recipientsRefused) => (verb, phase) switch
    {
        (_, SessionPhase.Connected) => RejectionReason.HelloFirst,
        (SmtpVerb.Mail, SessionPhase.Chunks) or (SmtpVerb.Rcpt, SessionPhase.Chunks) or (SmtpVerb.Data, SessionPhase.Chunks) => RejectionReason.ChunksOpen,
        (SmtpVerb.Mail, _) => RejectionReason.NestedMail,
        (SmtpVerb.Data or SmtpVerb.Bdat, SessionPhase.Sender) => recipientsRefused ? RejectionReason.NoValidRecipients : RejectionReason.RecipientFirst,
        (SmtpVerb.Rcpt or SmtpVerb.Data or SmtpVerb.Bdat, _) => RejectionReason.MailFirst,
        _ => RejectionReason.InTransaction,
    };
}
