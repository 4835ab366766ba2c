namespace Postern.Protocols.Smtp;

/// <summary>Why a session itself refused something: a label for metrics and logs, and the key of the one table of replies.</summary>
public enum RejectionReason : byte
{
    None,
    // the line
    UnknownCommand, LineTooLong, BareNewline, NotAscii, Http, TlsOnPlaintext, Binary,
    // the order
    HelloFirst, MailFirst, RecipientFirst, NoValidRecipients, NestedMail, InTransaction, ChunksOpen,
    // arguments
    HelloSyntax, ArgumentNotAllowed, ArgumentMissing, NotImplemented,
    SenderSyntax, SenderAddress, SenderLocalPartTooLong, SenderDomain, SenderTooLong, SenderNeedsUtf8,
    RecipientSyntax, RecipientAddress, RecipientLocalPartTooLong, RecipientDomain, RecipientTooLong, RecipientNeedsUtf8, RecipientNull,
    // parameters
    ParameterUnknown, ParameterSyntax, ParameterTwice, ParametersNeedEhlo, SizeSyntax, BodySyntax, BinaryMimeNotOffered, SmtpUtf8Syntax, RetSyntax, EnvIdSyntax,
    NotifySyntax, OrcptSyntax, AuthParameterSyntax, PrioritySyntax,
    // the message
    MessageTooBig, TooManyRecipients, BareNewlineInData, MessageLineTooLong, BdatSyntax, BinaryNeedsBdat, PipelinedAfterData,
    // TLS and AUTH
    StartTlsUnavailable, StartTlsActive, TlsTemporarilyUnavailable, PipelinedAfterStartTls, TlsHandshakeFailed,
    AuthUnavailable, AuthNeedsTls, AuthMechanism, AuthSyntax, AuthBase64, AuthCancelled, AuthLineTooLong, AlreadyAuthenticated,
    // the end of the session
    TooManyErrors, TooManyMessages, IdleTimeout, TransactionTimeout, SessionTimeout, Stopping, InternalError,
}

/// <summary>The reply to each <see cref="RejectionReason"/>: one table, made once.</summary>
public static class RejectionReplies
{
    private static readonly SmtpReply[] Table = Build();

    public static SmtpReply For(RejectionReason reason) => Table[(int)reason];

    private static SmtpReply[] Build()
    {
        var table = new SmtpReply[Enum.GetValues<RejectionReason>().Length];
        foreach (var reason in Enum.GetValues<RejectionReason>())
        {
            var (code, enhanced, text) = Row(reason);
            table[(int)reason] = SmtpReply.Of(code, enhanced, text);
        }
        return table;
    }

    private static (int, string, string) Row(RejectionReason reason) => reason switch
    {
        RejectionReason.None => (250, "2.0.0", "Ok"),
        RejectionReason.UnknownCommand => (500, "5.5.2", "Command not recognised; HELP lists what is"),
        RejectionReason.LineTooLong => (500, "5.5.2", "Command line too long"),
        RejectionReason.BareNewline => (500, "5.5.2", "A command must end with CRLF, not with a bare LF"),
        RejectionReason.NotAscii => (501, "5.5.2", "Control characters, or bytes that are not UTF-8, are not allowed in a command"),
        RejectionReason.Http => (554, "5.5.0", "This is a mail server and speaks SMTP, not HTTP; closing"),
        RejectionReason.TlsOnPlaintext => (554, "5.5.0", "TLS before STARTTLS on a plaintext port: use STARTTLS, or the port with implicit TLS; closing"),
        RejectionReason.Binary => (554, "5.5.0", "That is no SMTP command but binary data; closing"),
        RejectionReason.HelloFirst => (503, "5.5.1", "Send EHLO or HELO first"),
        RejectionReason.MailFirst => (503, "5.5.1", "Send MAIL FROM first"),
        RejectionReason.RecipientFirst => (503, "5.5.1", "Send RCPT TO first"),
        RejectionReason.NoValidRecipients => (554, "5.5.1", "No valid recipients"),
        RejectionReason.NestedMail => (503, "5.5.1", "A transaction is open already: finish it or send RSET"),
        RejectionReason.InTransaction => (503, "5.5.1", "Not allowed during a transaction: finish it or send RSET"),
        RejectionReason.ChunksOpen => (503, "5.5.1", "A message is being sent by BDAT: only BDAT or RSET may follow"),
        RejectionReason.HelloSyntax => (501, "5.5.4", "Give your host name or address literal, for example EHLO mail.example.com or EHLO [192.0.2.1]"),
        RejectionReason.ArgumentNotAllowed => (501, "5.5.4", "This command takes no argument"),
        RejectionReason.ArgumentMissing => (501, "5.5.4", "This command needs an argument"),
        RejectionReason.NotImplemented => (502, "5.5.1", "Command not implemented"),
        RejectionReason.SenderSyntax => (501, "5.5.4", "Write MAIL FROM:<address>"),
        RejectionReason.SenderAddress => (553, "5.1.7", "The sender's address is not one by RFC 5321"),
        RejectionReason.SenderLocalPartTooLong => (553, "5.1.7", "The sender's local part is longer than 64 bytes"),
        RejectionReason.SenderDomain => (553, "5.1.7", "The sender's domain is missing or not valid"),
        RejectionReason.SenderTooLong => (553, "5.1.7", "The sender's address is longer than 254 bytes"),
        RejectionReason.SenderNeedsUtf8 => (553, "5.6.7", "A sender outside ASCII needs the SMTPUTF8 parameter and valid UTF-8"),
        RejectionReason.RecipientSyntax => (501, "5.5.4", "Write RCPT TO:<address>"),
        RejectionReason.RecipientAddress => (553, "5.1.3", "The recipient's address is not one by RFC 5321"),
        RejectionReason.RecipientLocalPartTooLong => (553, "5.1.3", "The recipient's local part is longer than 64 bytes"),
        RejectionReason.RecipientDomain => (553, "5.1.3", "The recipient's domain is missing or not valid"),
        RejectionReason.RecipientTooLong => (553, "5.1.3", "The recipient's address is longer than 254 bytes"),
        RejectionReason.RecipientNeedsUtf8 => (553, "5.6.7", "A recipient outside ASCII needs SMTPUTF8 at MAIL and valid UTF-8"),
        RejectionReason.RecipientNull => (553, "5.1.3", "The null address <> cannot be a recipient"),
        _ => More(reason),
    };

    private static (int, string, string) More(RejectionReason reason) => reason switch
    {
        RejectionReason.ParameterUnknown => (555, "5.5.4", "Parameter not recognised or not offered"),
        RejectionReason.ParameterSyntax => (501, "5.5.4", "Parameters are KEYWORD or KEYWORD=value, with one space between them"),
        RejectionReason.ParameterTwice => (501, "5.5.4", "A parameter is given twice"),
        RejectionReason.ParametersNeedEhlo => (555, "5.5.4", "Parameters need EHLO instead of HELO"),
        RejectionReason.SizeSyntax => (501, "5.5.4", "SIZE= takes a number of bytes of at most 20 digits"),
        RejectionReason.BodySyntax => (501, "5.5.4", "BODY= is 7BIT or 8BITMIME"),
        RejectionReason.BinaryMimeNotOffered => (555, "5.6.1", "BODY=BINARYMIME is not offered here"),
        RejectionReason.SmtpUtf8Syntax => (501, "5.5.4", "SMTPUTF8 takes no value"),
        RejectionReason.RetSyntax => (501, "5.5.4", "RET= is FULL or HDRS"),
        RejectionReason.EnvIdSyntax => (501, "5.5.4", "ENVID= takes at most 100 characters of xtext (RFC 3461)"),
        RejectionReason.NotifySyntax => (501, "5.5.4", "NOTIFY= is NEVER, or of SUCCESS, FAILURE and DELAY, with commas"),
        RejectionReason.OrcptSyntax => (501, "5.5.4", "ORCPT= is type;address in at most 500 characters of xtext (RFC 3461)"),
        RejectionReason.AuthParameterSyntax => (501, "5.5.4", "AUTH= takes an address in xtext or <> (RFC 4954)"),
        RejectionReason.PrioritySyntax => (501, "5.5.4", "MT-PRIORITY= is a number from -9 to 9"),
        RejectionReason.MessageTooBig => (552, "5.3.4", "The message is larger than the SIZE that EHLO announces"),
        RejectionReason.TooManyRecipients => (452, "4.5.3", "Too many recipients for one message; send the others in another transaction"),
        RejectionReason.BareNewlineInData => (550, "5.6.0", "The message has a bare CR or LF; lines must end with CRLF (RFC 5321 section 2.3.8)"),
        RejectionReason.MessageLineTooLong => (554, "5.6.0", "A line of the message is too long"),
        RejectionReason.BdatSyntax => (501, "5.5.4", "Write BDAT <number of bytes> or BDAT <number of bytes> LAST; closing, as the chunk's end is unknown"),
        RejectionReason.BinaryNeedsBdat => (503, "5.5.1", "BODY=BINARYMIME needs BDAT, not DATA"),
        RejectionReason.PipelinedAfterData => (554, "5.5.0", "Message data was sent before it was asked for; closing"),
        RejectionReason.StartTlsUnavailable => (502, "5.5.1", "STARTTLS is not offered here"),
        RejectionReason.StartTlsActive => (503, "5.5.1", "TLS is active already"),
        RejectionReason.TlsTemporarilyUnavailable => (454, "4.7.0", "TLS is not available at the moment"),
        RejectionReason.PipelinedAfterStartTls => (554, "5.5.0", "Nothing may follow STARTTLS before the TLS handshake; closing"),
        RejectionReason.TlsHandshakeFailed => (554, "5.7.0", "TLS handshake failed"),
        RejectionReason.AuthUnavailable => (502, "5.5.1", "AUTH is not offered here"),
        RejectionReason.AuthNeedsTls => (538, "5.7.11", "Encryption required: send STARTTLS before AUTH"),
        RejectionReason.AuthMechanism => (504, "5.5.4", "Mechanism not recognised; PLAIN and LOGIN are"),
        RejectionReason.AuthSyntax => (501, "5.5.4", "Write AUTH PLAIN or AUTH LOGIN, with at most one initial response"),
        RejectionReason.AuthBase64 => (501, "5.5.2", "The response is not base64, or not what the mechanism defines"),
        RejectionReason.AuthCancelled => (501, "5.7.0", "Authentication cancelled"),
        RejectionReason.AuthLineTooLong => (500, "5.5.6", "Authentication line longer than 12288 bytes"),
        RejectionReason.AlreadyAuthenticated => (503, "5.5.1", "Authenticated already"),
        RejectionReason.TooManyErrors => (421, "4.7.0", "Too many errors; closing"),
        RejectionReason.TooManyMessages => (421, "4.7.0", "Too many messages in one session; connect again"),
        RejectionReason.IdleTimeout => (421, "4.4.2", "Nothing heard for too long; closing"),
        RejectionReason.TransactionTimeout => (421, "4.4.2", "The transaction took too long; closing"),
        RejectionReason.SessionTimeout => (421, "4.4.2", "The session took too long; closing"),
        RejectionReason.Stopping => (421, "4.3.2", "The server is stopping; try again later"),
        RejectionReason.InternalError => (421, "4.3.0", "Internal error; try again later"),
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "has no reply"),
    };
}
