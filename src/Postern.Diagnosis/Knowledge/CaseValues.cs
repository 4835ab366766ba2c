namespace Postern.Diagnosis.Knowledge;

/// <summary>
/// What is known of one case, for filling a page: values for placeholders, and answers to the questions that choose between a page's variants (words of
/// <see cref="Question"/>; an answer that no page names is simply "other"). Null: not known. Values may come from a peer and are not trusted: see <see cref="SafeText"/>.
/// </summary>
internal sealed record CaseValues
{
    /// <summary>Nothing is known.</summary>
    public static readonly CaseValues None = new();

    /// <summary>No case at all, but a page to read: every command is shown, with generic words.</summary>
    public static readonly CaseValues Generic = new() { KeepsOptionalCommands = true };

    // Values for placeholders.
    public string? Host { get; init; }
    public string? Address { get; init; }

    /// <summary>The address of ours that was really used.</summary>
    public string? OurAddress { get; init; }
    public int? Port { get; init; }

    /// <summary>The recipient domain.</summary>
    public string? Domain { get; init; }

    /// <summary>A blocklist's name, "Spamhaus ZEN", and its zone, "zen.spamhaus.org".</summary>
    public string? List { get; init; }
    public string? Zone { get; init; }
    public string? Delisting { get; init; }

    /// <summary>What they said.</summary>
    public string? Reply { get; init; }

    /// <summary>In words: "10 connections at once", "25 MB".</summary>
    public string? Limit { get; init; }

    /// <summary>The last router that answered, or the one that refused.</summary>
    public string? Hop { get; init; }

    /// <summary>Our name in EHLO.</summary>
    public string? Hello { get; init; }
    public string? Recipient { get; init; }
    public string? Sender { get; init; }

    /// <summary>Where the queue files it, "mx:example.org".</summary>
    public string? Destination { get; init; }

    /// <summary>Name of the upstream in the configuration.</summary>
    public string? Upstream { get; init; }

    /// <summary>The DNS record as it was found, "example.org. MX 10 192.0.2.1."</summary>
    public string? Found { get; init; }

    /// <summary>How long it has lasted, "40 minutes".</summary>
    public string? Since { get; init; }

    // Answers to questions.

    /// <summary>"reset", "icmp", "silence", "closed", "reply", "refused", "refused-here", "no-greeting", "shutting-down", "busy", "not-smtp", "broken-tls", "misread-list".</summary>
    public string? Seen { get; init; }

    /// <summary>"this-machine", "our-provider", "middle", "ipv6", "intercepted", "lossy".</summary>
    public string? Where { get; init; }

    /// <summary>A word for an <see cref="Evidence.MxProblem"/>, or "no-smtp".</summary>
    public string? Mx { get; init; }

    /// <summary>Who runs <see cref="Host"/>; null where <see cref="Host"/> is known means somebody else than those the pages name.</summary>
    public string? Provider { get; init; }

    /// <summary>Whose machines we run on, "aws", and whose the far side does.</summary>
    public string? Cloud { get; init; }
    public string? TheirCloud { get; init; }
    public string? Blocklist { get; init; }

    /// <summary>"concurrent", "connections", "messages", "per-session".</summary>
    public string? Meter { get; init; }

    /// <summary>"reverse-name", "forward-confirmed", "hello-name", "sender-policy".</summary>
    public string? Identity { get; init; }

    /// <summary>"credentials", "mechanism", "needs-tls", "not-authenticated".</summary>
    public string? Auth { get; init; }

    /// <summary>"expired", "wrong-name", "untrusted", "old-version", "not-offered", "handshake".</summary>
    public string? Tls { get; init; }

    /// <summary>"silent", "fails", "rewrites", "stale".</summary>
    public string? Dns { get; init; }

    /// <summary>"spam", "virus".</summary>
    public string? Content { get; init; }

    /// <summary>The far side's program: "postfix", "exim", "exchange", "sendmail", "qmail", "opensmtpd", "proofpoint".</summary>
    public string? Server { get; init; }

    internal bool KeepsOptionalCommands { get; private init; }
}
