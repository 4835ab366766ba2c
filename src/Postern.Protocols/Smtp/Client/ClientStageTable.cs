namespace Postern.Protocols.Smtp;

/// <summary>One row for each <see cref="ClientStage"/>.</summary>
/// <param name="Phrase">What was being done, to follow "while".</param>
/// <param name="TimeoutName">The key of the configuration's [timeouts] section that bounds it.</param>
/// <param name="Source">Where its default comes from.</param>
/// <param name="MayDuplicate">True when a connection lost here may mean that the peer took the message (RFC 1047).</param>
public readonly record struct ClientStageRow(ClientStage Stage, string Phrase, string TimeoutName, string Source, bool MayDuplicate);

/// <summary>The stages in the order they are passed, with the words errors use.</summary>
public static class ClientStageTable
{
    private static readonly ClientStageRow[] Rows =
    [
        new(ClientStage.Resolve, "looking up the host", "connect", "resolv.conf(5)", false),
        new(ClientStage.Connect, "connecting", "connect", "Postfix smtp_connect_timeout", false),
        new(ClientStage.Greeting, "waiting for the greeting", "greeting", "RFC 5321 section 4.5.3.2.1", false),
        new(ClientStage.Ehlo, "waiting for the reply to EHLO", "ehlo", "as MAIL, RFC 5321 section 4.5.3.2.2", false),
        new(ClientStage.StartTls, "waiting for the reply to STARTTLS", "tls", "Postfix smtp_starttls_timeout", false),
        new(ClientStage.TlsHandshake, "performing the TLS handshake", "tls", "Postfix smtp_starttls_timeout", false),
        new(ClientStage.Auth, "authenticating", "auth", "no RFC names one", false),
        new(ClientStage.Mail, "waiting for the reply to MAIL", "mail", "RFC 5321 section 4.5.3.2.2", false),
        new(ClientStage.Rcpt, "waiting for the reply to RCPT", "rcpt", "RFC 5321 section 4.5.3.2.3", false),
        new(ClientStage.Data, "waiting for the reply to DATA", "data", "RFC 5321 section 4.5.3.2.4", false),
        new(ClientStage.Body, "sending the message", "body", "RFC 5321 section 4.5.3.2.5", false),
        new(ClientStage.EndOfData, "waiting for the reply to the end of data", "end_of_data", "RFC 5321 section 4.5.3.2.6", true),
        new(ClientStage.Rset, "waiting for the reply to RSET", "quit", "no RFC names one", false),
        new(ClientStage.Quit, "waiting for the reply to QUIT", "quit", "no RFC names one", false),
    ];

    public static ClientStageRow Of(ClientStage stage) => Rows[(int)stage];
}
