using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Causes;

/// <summary>A reply to be read, or a diagnostic of our own side.</summary>
/// <param name="Text">Code, enhanced code and text, lines joined by \n; what is beyond <see cref="ReplyClassifier.MaxLength"/> characters is not looked at.</param>
/// <param name="Stage">Null when it is not known.</param>
/// <param name="Peer">Host name or greeting of who said it: tells the provider.</param>
public readonly record struct ReplyInput(string Text, ClientStage? Stage = null, string? Peer = null);

/// <summary>What a reply says.</summary>
public sealed record ReplyReading
{
    public required ReplyLabel Label { get; init; }

    /// <summary>What the reply alone says of the cause; <see cref="CauseId.Unknown"/> when it says nothing.</summary>
    public required CauseId Cause { get; init; }

    /// <summary>0-1: the share of such readings that are right.</summary>
    public required double Confidence { get; init; }

    /// <summary>The row of knowledge/replies.toml that weighed most; null when none matched.</summary>
    public string? Pattern { get; init; }

    /// <summary>The next best label; null when nothing spoke for another.</summary>
    public ReplyLabel? RunnerUp { get; init; }
    public double RunnerUpConfidence { get; init; }

    /// <summary>Ids of all rows that matched, in the order of the file: the certain ones first.</summary>
    public IReadOnlyList<string> Matched { get; init; } = [];

    /// <summary>The beginnings of words and pairs of them that weighed most for the label besides; at most three.</summary>
    public IReadOnlyList<string> Stems { get; init; } = [];

    /// <summary>"google", "microsoft", ...; null when not recognised.</summary>
    public string? Provider { get; init; }

    /// <summary>0 when there is none.</summary>
    public int Code { get; init; }
    public EnhancedStatusCode? Enhanced { get; init; }
    public ReplyValues Values { get; init; } = ReplyValues.None;
}

/// <summary>What a reply names besides its reason.</summary>
public sealed record ReplyValues
{
    public static readonly ReplyValues None = new();

    /// <summary>"Spamhaus", or the zone when the list is not in the table.</summary>
    public string? ListName { get; init; }

    /// <summary>The host name of the list as the reply has it: "zen.spamhaus.org".</summary>
    public string? ListZone { get; init; }

    /// <summary>Where to get off the list, or what the peer wants to be read.</summary>
    public string? HelpUrl { get; init; }
    public IReadOnlyList<string> Urls { get; init; } = [];

    /// <summary>Our address as the peer saw it.</summary>
    public string? OurAddress { get; init; }

    /// <summary>How long the peer asks us to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The number that is allowed; bytes when it is a size.</summary>
    public long? Limit { get; init; }
}
