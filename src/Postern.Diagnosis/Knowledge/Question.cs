namespace Postern.Diagnosis.Knowledge;

/// <summary>What tells a cause's variants apart. Pages write "question=word" or "question=word|word", and "other" for every answer that its neighbours do not name.</summary>
internal sealed record Question(string Name, Func<CaseValues, string?> AnswerIn, Func<CaseValues, string, CaseValues> Answer, params IReadOnlyList<string> Words)
{
    public const string Other = "other";

    /// <summary>Holds for lines of a short text where the case does not say.</summary>
    public const string Unknown = "unknown";

    private static readonly string[] Clouds = ["aws", "gcp", "azure", "digitalocean", "hetzner", "ovh", "oracle", "linode", "vultr"];

    public static readonly IReadOnlyList<Question> All =
    [
        // What the failure looked like.
        new("seen", v => v.Seen, (v, word) => v with { Seen = word },
            "reset", "icmp", "silence", "closed", "reply", "refused", "refused-here", "no-greeting", "shutting-down", "busy", "no-service", "not-smtp", "broken-tls", "misread-list"),

        // Where the path is broken.
        new("where", v => v.Where, (v, word) => v with { Where = word }, "this-machine", "our-provider", "middle", "ipv6", "intercepted", "lossy"),

        // A word for each MxProblem, and a host that runs no mail server.
        new("mx", v => v.Mx, (v, word) => v with { Mx = word },
            "no-such-domain", "no-mx-no-address", "null-mx", "null-mx-beside-others", "lookup-failed", "bogus", "names-alias", "names-address-literal",
            "host-does-not-exist", "host-has-no-address", "host-lookup-failed", "private-address", "loopback-address", "points-at-us", "no-smtp"),

        // Who receives. A host that is known and belongs to none of them is another's.
        new("provider", v => v.Provider ?? (v.Host is null ? null : Other), (v, word) => v with { Provider = word }, "google", "microsoft", "yahoo", "apple", "gmx", "t-online", "mimecast", "proofpoint"),

        // Whose machines we run on.
        new("cloud", v => v.Cloud, (v, word) => v with { Cloud = word }, [.. Clouds, "home"]),

        // Whose machines the far side runs on.
        new("their_cloud", v => v.TheirCloud, (v, word) => v with { TheirCloud = word }, Clouds),
        new("blocklist", v => v.Blocklist ?? FamilyOf(v.Zone ?? v.List), (v, word) => v with { Blocklist = word },
            "spamhaus", "barracuda", "spamcop", "uceprotect", "mailspike", "spamrats", "psbl", "abusix"),

        // What is counted when there is too much of it.
        new("meter", v => v.Meter, (v, word) => v with { Meter = word }, "concurrent", "connections", "messages", "per-session"),
        new("identity", v => v.Identity, (v, word) => v with { Identity = word },
            "reverse-name", "forward-confirmed", "hello-name", "sender-policy", "signature", "alignment", "sender-domain"),
        new("auth", v => v.Auth, (v, word) => v with { Auth = word }, "credentials", "mechanism", "needs-tls", "not-authenticated"),
        new("tls", v => v.Tls, (v, word) => v with { Tls = word }, "expired", "wrong-name", "untrusted", "old-version", "not-offered", "handshake"),
        new("dns", v => v.Dns, (v, word) => v with { Dns = word }, "silent", "fails", "rewrites", "stale"),
        new("content", v => v.Content, (v, word) => v with { Content = word }, "spam", "virus", "attachment"),

        // What the far side, or the relay that was there before us, runs.
        new("server", v => v.Server, (v, word) => v with { Server = word }, "postfix", "exim", "exchange", "sendmail", "qmail", "opensmtpd", "proofpoint"),
    ];

    private static readonly Dictionary<string, Question> ByName = All.ToDictionary(q => q.Name);

    public static Question? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>"zen.spamhaus.org" and "key.zen.dq.spamhaus.net" are asked, and left, at the same place.</summary>
    private static string? FamilyOf(string? zone) =>
        zone is null ? null : ByName["blocklist"].Words.FirstOrDefault(word => zone.Contains(word == "psbl" ? "surriel" : word, StringComparison.OrdinalIgnoreCase)) ?? Other;
}
