using System.Text.Json.Serialization;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Diagnosis.Evidence;

public enum GreetingOutcome : byte { Accepted, Refused, Closed, Reset, TimedOut, NotSmtp }

/// <summary>What came first on a connection.</summary>
public sealed record GreetingFact : Fact
{
    public override string Id => "smtp.greeting";
    public required ProbePoint Point { get; init; }
    public required GreetingOutcome Outcome { get; init; }

    /// <summary>As it came, lines joined by \n, at most 1,000 characters; null when nothing came.</summary>
    public string? Text { get; init; }

    /// <summary>Overwritten with asterisks, as a PIX/ASA "fixup" does.</summary>
    public bool IsMasked { get; init; }
}

public sealed record EhloFact : Fact
{
    public override string Id => "smtp.ehlo";
    public required ProbePoint Point { get; init; }

    /// <summary>Keywords with their parameters.</summary>
    public required IReadOnlyList<string> Extensions { get; init; }

    /// <summary>Some keywords are overwritten with X, as a PIX/ASA "fixup" does.</summary>
    public bool IsMasked { get; init; }
}

public sealed record TlsFact : Fact
{
    public override string Id => "smtp.tls";
    public required ProbePoint Point { get; init; }
    public TlsObservation? Seen { get; init; }

    /// <summary>Null when the handshake went through (the certificate may still have a problem: see <see cref="TlsObservation.Problem"/>).</summary>
    public string? Failure { get; init; }
}

/// <summary>A reply of the peer that refused something, at any stage.</summary>
public sealed record ReplyFact : Fact
{
    public override string Id => "smtp.reply";
    public ProbePoint? Point { get; init; }
    public required ClientStage Stage { get; init; }

    /// <summary>Code, enhanced code and text, lines joined by \n; at most 2,000 characters.</summary>
    public required string Reply { get; init; }

    [JsonIgnore]
    public int Code => Reply.Length >= 3 && int.TryParse(Reply.AsSpan(0, 3), out int code) ? code : 0;
}

/// <summary>A stage that failed without a reply.</summary>
public sealed record StageFact : Fact
{
    public override string Id => "smtp.stage";
    public ProbePoint? Point { get; init; }
    public required ClientStage Stage { get; init; }
    public required FailureKind Kind { get; init; }
}
