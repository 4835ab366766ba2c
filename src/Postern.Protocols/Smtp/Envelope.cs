namespace Postern.Protocols.Smtp;

/// <summary>BODY= of MAIL (RFC 6152, RFC 3030).</summary>
public enum BodyType : byte { SevenBit, EightBitMime, BinaryMime }

/// <summary>RET= of MAIL (RFC 3461 section 4.3): what of the message a failure DSN returns.</summary>
public enum DsnReturn : byte { Unspecified, Headers, Full }

/// <summary>NOTIFY= of RCPT (RFC 3461 section 4.1). <see cref="Unspecified"/> means the parameter was absent: failure and perhaps delay.</summary>
[Flags]
public enum DsnNotify : byte { Unspecified = 0, Never = 1, Success = 2, Failure = 4, Delay = 8 }

/// <summary>MAIL FROM with its parameters.</summary>
/// <param name="DeclaredSize">SIZE= in bytes (RFC 1870), null when absent.</param>
/// <param name="EnvId">ENVID=, decoded from xtext (RFC 3461 section 4.4), null when absent.</param>
/// <param name="AuthParameter">AUTH= (RFC 4954 section 5), decoded; null when absent. Never trusted, only kept.</param>
/// <param name="MtPriority">MT-PRIORITY= (RFC 6710), -9..9.</param>
public sealed record MailCommand(
    MailPath From,
    BodyType Body = BodyType.SevenBit,
    bool SmtpUtf8 = false,
    long? DeclaredSize = null,
    DsnReturn Return = DsnReturn.Unspecified,
    string? EnvId = null,
    string? AuthParameter = null,
    int? MtPriority = null);

/// <summary>RCPT TO with its parameters.</summary>
/// <param name="OriginalRecipient">ORCPT= as "type;address", decoded from xtext (RFC 3461 section 4.2), null when absent.</param>
public sealed record RcptCommand(
    MailPath To,
    DsnNotify Notify = DsnNotify.Unspecified,
    string? OriginalRecipient = null);
