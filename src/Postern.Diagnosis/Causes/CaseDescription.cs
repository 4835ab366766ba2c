namespace Postern.Diagnosis.Causes;

/// <summary>What is known of one case, for the texts of its cause: values for placeholders, and answers to the questions that tell a cause's variants apart (words of the pages). Null: not known.</summary>
internal sealed record CaseDescription
{
    public string? Host { get; init; }
    public string? Address { get; init; }
    public string? OurAddress { get; init; }
    public int? Port { get; init; }
    public string? Domain { get; init; }
    public string? List { get; init; }
    public string? Zone { get; init; }
    public string? Delisting { get; init; }
    public string? Reply { get; init; }
    public string? Limit { get; init; }
    public string? Hop { get; init; }
    public string? Upstream { get; init; }
    public string? Found { get; init; }
    public string? Since { get; init; }

    /// <summary>"reset", "icmp", "silence", "closed", "reply", "refused", "no-greeting", "shutting-down", "busy", "not-smtp", "broken-tls", "misread-list".</summary>
    public string? Seen { get; init; }

    /// <summary>"this-machine", "our-provider", "middle", "ipv6", "intercepted", "lossy".</summary>
    public string? Where { get; init; }

    /// <summary>A word for an <see cref="Evidence.MxProblem"/>, or "no-smtp".</summary>
    public string? Mx { get; init; }
    public string? Provider { get; init; }

    /// <summary>"concurrent", "connections", "messages", "per-session".</summary>
    public string? Meter { get; init; }

    /// <summary>"reverse-name", "forward-confirmed", "hello-name", "sender-policy".</summary>
    public string? Identity { get; init; }

    /// <summary>"credentials", "mechanism", "needs-tls", "not-authenticated".</summary>
    public string? Auth { get; init; }

    /// <summary>"expired", "wrong-name", "untrusted", "old-version", "not-offered", "handshake".</summary>
    public string? Tls { get; init; }

    /// <summary>"silent", "fails", "rewrites".</summary>
    public string? Dns { get; init; }

    /// <summary>"spam", "virus".</summary>
    public string? Content { get; init; }
}

/// <summary>The words of a verdict.</summary>
internal readonly record struct CauseText(string Summary, string Fix, string Why, Party Who);

/// <summary>Writes a verdict's words from the cause's page. Pure and quick.</summary>
internal delegate CauseText CauseWriter(CauseId cause, CaseDescription description);
