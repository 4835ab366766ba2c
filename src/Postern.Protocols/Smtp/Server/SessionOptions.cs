using System.Net.Security;

namespace Postern.Protocols.Smtp;

/// <summary>What a server session offers and bears. Immutable and shared by all sessions of a listener; sizes are bytes, 0 means no limit.</summary>
public sealed record SessionOptions
{
    /// <summary>Our name in the greeting and in the reply to EHLO.</summary>
    public required string Hostname { get; init; }

    /// <summary>SIZE (RFC 1870); 0 announces no limit.</summary>
    public long MaxMessageBytes { get; init; } = 50 << 20;

    /// <summary>Accepted recipients per transaction; RFC 5321 section 4.5.3.1.8 wants at least 100.</summary>
    public int MaxRecipients { get; init; } = 1000;

    /// <summary>5xx replies before the session is closed; as Postfix smtpd_hard_error_limit. An accepted message sets the count back.</summary>
    public int MaxErrors { get; init; } = 20;

    /// <summary>Command line with its CRLF. RFC 5321 section 4.5.3.1.4 wants 512, and the extensions that we offer add up to 1,100 more. AUTH has its own: 12,288 (RFC 4954 section 4).</summary>
    public int MaxCommandBytes { get; init; } = 2048;

    /// <summary>Line of a message with its CRLF. RFC 5321 section 4.5.3.1.6 wants at least 1000.</summary>
    public int MaxLineBytes { get; init; }

    public int MaxMessagesPerSession { get; init; } = 1000;

    /// <summary>Without a byte from the client, or without it taking one of ours; RFC 5321 section 4.5.3.2.7.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>From MAIL to the end of the message.</summary>
    public TimeSpan TransactionTimeout { get; init; } = TimeSpan.FromHours(1);

    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromHours(12);

    public bool OfferStartTls { get; init; }

    /// <summary>TLS begins with the connection: the session itself shakes hands before the greeting. Not for a transport that is secured already.</summary>
    public bool ImplicitTls { get; init; }

    public bool OfferAuth { get; init; }

    /// <summary>AUTH on a plaintext session too: the secret can be read on the way.</summary>
    public bool AuthWithoutTls { get; init; }

    /// <summary>For old devices: a bare CR or LF becomes CRLF instead of a refusal. The end of data is CRLF.CRLF all the same.</summary>
    public bool NormaliseBareNewlines { get; init; }

    /// <summary>BINARYMIME (RFC 3030): only where nothing behind us needs lines.</summary>
    public bool OfferBinaryMime { get; init; }

    /// <summary>MT-PRIORITY (RFC 6710), with the policy MIXER: urgent is 4, normal 0, non-urgent -4, and the values between are told apart too.</summary>
    public bool OfferMtPriority { get; init; }

    /// <summary>Called for each handshake, so that a renewed certificate is used at once; null (or returning null) means that TLS is not available now.</summary>
    public Func<SslServerAuthenticationOptions?>? Tls { get; init; }

    /// <summary>Told of every refusal that the session itself decides; the handler counts its own. Must be quick and not throw.</summary>
    public Action<SessionContext, RejectionReason>? Rejected { get; init; }
}
