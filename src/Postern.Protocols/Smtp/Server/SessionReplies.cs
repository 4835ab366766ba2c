using System.Globalization;
using System.Runtime.CompilerServices;

namespace Postern.Protocols.Smtp;

/// <summary>The replies of a session that are no refusals. Those that name us are made once per options, which all sessions of a listener share.</summary>
internal sealed class SessionReplies(SessionOptions options)
{
    private static readonly ConditionalWeakTable<SessionOptions, SessionReplies> Made = [];

    public static readonly SmtpReply Ok = SmtpReply.Of(250, "2.0.0", "Ok");
    public static readonly SmtpReply ChunkOk = SmtpReply.Of(250, "2.0.0", "Chunk taken");
    public static readonly SmtpReply Vrfy = SmtpReply.Of(252, "2.5.2", "Cannot VRFY user, but will take mail for it and try to deliver");
    public static readonly SmtpReply Help = SmtpReply.Of(214, "2.0.0", "HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT STARTTLS AUTH", "See RFC 5321");
    public static readonly SmtpReply StartData = new(354, null, "End data with <CR><LF>.<CR><LF>");
    public static readonly SmtpReply StartTls = SmtpReply.Of(220, "2.0.0", "Ready to start TLS");
    public static readonly SmtpReply EmptyChallenge = new(334, null, "");
    public static readonly SmtpReply UserChallenge = new(334, null, "VXNlcm5hbWU6");
    public static readonly SmtpReply PasswordChallenge = new(334, null, "UGFzc3dvcmQ6");

    private readonly SmtpReply?[] _ehlo = new SmtpReply?[4];

    public static SessionReplies For(SessionOptions options) => Made.GetValue(options, static o => new SessionReplies(o));

    public SmtpReply Greeting { get; } = new(220, null, options.Hostname + " ESMTP Postern");
    public SmtpReply Helo { get; } = new(250, null, options.Hostname);
    public SmtpReply Bye { get; } = SmtpReply.Of(221, "2.0.0", options.Hostname + " closing");

    /// <summary>STARTTLS and AUTH stand in it only when they are allowed at this moment.</summary>
    public SmtpReply Ehlo(SessionContext context)
    {
        bool startTls = options.OfferStartTls && context.Tls is null;
        bool auth = options.OfferAuth && context.User is null && (context.Tls is not null || options.AuthWithoutTls);
        return _ehlo[(startTls ? 1 : 0) + (auth ? 2 : 0)] ??= MakeEhlo(startTls, auth);
    }

    private SmtpReply MakeEhlo(bool startTls, bool auth)
    {
        List<string> lines = [options.Hostname, "PIPELINING", string.Create(CultureInfo.InvariantCulture, $"SIZE {Math.Max(0, options.MaxMessageBytes)}"), "8BITMIME", "SMTPUTF8", "CHUNKING"];
        if (options.OfferBinaryMime) lines.Add("BINARYMIME");
        lines.Add("DSN");
        lines.Add("ENHANCEDSTATUSCODES");
        if (options.OfferMtPriority) lines.Add("MT-PRIORITY MIXER");
        string limits = (options.MaxRecipients > 0 ? string.Create(CultureInfo.InvariantCulture, $" RCPTMAX={options.MaxRecipients}") : "")
            + (options.MaxMessagesPerSession > 0 ? string.Create(CultureInfo.InvariantCulture, $" MAILMAX={options.MaxMessagesPerSession}") : "");
        if (limits.Length > 0) lines.Add("LIMITS" + limits);
        if (startTls) lines.Add("STARTTLS");
        if (auth) lines.Add("AUTH PLAIN LOGIN");
        lines.Add("HELP");
        return new SmtpReply(250, null, lines);
    }
}
