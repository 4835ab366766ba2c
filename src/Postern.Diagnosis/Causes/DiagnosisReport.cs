using System.Text.Json.Serialization;

namespace Postern.Diagnosis.Causes;

/// <summary>
/// What is wrong with an upstream or a destination, why we think so, and what mends it. One shape everywhere: commands, API, events, bounces. Names of members
/// are a contract (docs/api.md).
/// </summary>
public sealed record DiagnosisReport
{
    public required string Id { get; init; }

    /// <summary>"mx1.example.org:25", or the domain when no host was found.</summary>
    public required string Target { get; init; }
    public required DateTimeOffset At { get; init; }

    /// <summary>connect, greeting, ehlo, starttls, auth, mail, rcpt, data or eod; "resolve" when no host was found. The first stage that failed, or the last one passed.</summary>
    public required string Stage { get; init; }
    public required Verdict Verdict { get; init; }

    /// <summary>Runners-up, likeliest first; empty when nothing else is worth naming.</summary>
    public IReadOnlyList<Alternative> Alternatives { get; init; } = [];
    public required IReadOnlyList<EvidenceItem> Evidence { get; init; }
    public IReadOnlyList<ActionTaken> Actions { get; init; } = [];

    /// <summary>The ways that were walked, that to the port in question first; null where none was.</summary>
    public IReadOnlyList<WalkedPath>? Paths { get; init; }
}

/// <param name="Cause">A word of <see cref="CauseTable"/>.</param>
/// <param name="Confidence">0-1: the share of such verdicts that are right.</param>
/// <param name="Summary">One paragraph: what is wrong and whose it is.</param>
/// <param name="Fix">What to do, with this case's names filled in; lines are separated by \n.</param>
/// <param name="Who">us, upstream, recipient-domain, network, sender or nobody.</param>
/// <param name="Page">The page of the documents, "causes/ip-reputation".</param>
public sealed record Verdict(string Cause, double Confidence, string Summary, string Fix, string Why, string Who, string Page)
{
    /// <summary>Commands that show the same by hand, with this case's names, to be pasted into a shell; empty where there are none.</summary>
    public IReadOnlyList<string> Confirm { get; init; } = [];

    [JsonIgnore]
    public CauseId Id => CauseTable.TryParse(Cause, out var id) ? id : CauseId.Unknown;
}

/// <param name="WouldSettle">The one further observation that would tell it from the verdict.</param>
public sealed record Alternative(string Cause, double Confidence, string? WouldSettle);

/// <param name="Id">Of the signal or the fact: "tcp.connect", "blocklist.listed".</param>
/// <param name="SaidBy">us, peer, dns or network.</param>
public sealed record EvidenceItem(string Id, string SaidBy, string Observed, IReadOnlyList<string> Supports, IReadOnlyList<string> Against, double? Ms);

public sealed record ActionTaken(DateTimeOffset At, string Did);
