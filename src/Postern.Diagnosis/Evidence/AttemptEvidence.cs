using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Diagnosis.Evidence;

/// <summary>How long one stage took.</summary>
public readonly record struct StageTiming(ClientStage Stage, double Milliseconds);

/// <summary>One line of the dialogue, secrets replaced by "***"; who spoke and when, in milliseconds since the attempt began.</summary>
public readonly record struct TranscriptLine(bool FromPeer, double AtMilliseconds, string Text);

/// <summary>One TCP connection tried, also those that lost the IPv6/IPv4 race.</summary>
/// <param name="Error">Null when connected.</param>
public sealed record ConnectObservation(string Address, int Port, string? LocalAddress, string? Error, double Milliseconds);

/// <summary>
/// The record that every delivery attempt leaves: what was tried, how far it came, what each party said and when. Bounded
/// (at most 60 transcript lines of 512 characters, 32 DNS answers, 16 connections) and serialisable; diagnosis rests on it.
/// </summary>
public sealed record AttemptEvidence
{
    public required DateTimeOffset At { get; init; }

    /// <summary>Queue id, or null for an attempt that carried no message (probe).</summary>
    public string? MessageId { get; init; }

    /// <summary>The scheduling destination: "pool:provider" or "mx:example.org".</summary>
    public required string Destination { get; init; }

    /// <summary>The upstream's name in the configuration, or the MX host.</summary>
    public required string Upstream { get; init; }

    /// <summary>"host[address]:port" of the candidate; "host:port" when no address was reached.</summary>
    public required string Target { get; init; }

    /// <summary>The egress address's configured name, null for the system's choice.</summary>
    public string? Egress { get; init; }

    public string? LocalAddress { get; init; }
    public string? HelloName { get; init; }
    public ClientStage StageReached { get; init; }

    /// <summary>Null when the transaction went through (single recipients may still have been refused).</summary>
    public StageFailure? Failure { get; init; }

    public bool SessionReused { get; init; }

    /// <summary>Open sessions to this upstream when the attempt began, this one included.</summary>
    public int Concurrency { get; init; }

    /// <summary>Messages sent before on this session.</summary>
    public int MessagesBefore { get; init; }

    public int Delivered { get; init; }
    public int Deferred { get; init; }
    public int Refused { get; init; }
    public long Bytes { get; init; }
    public double TotalMilliseconds { get; init; }
    public IReadOnlyList<StageTiming> Timings { get; init; } = [];
    public IReadOnlyList<DnsObservation> Dns { get; init; } = [];
    public IReadOnlyList<ConnectObservation> Connects { get; init; } = [];
    public TlsObservation? Tls { get; init; }
    public IReadOnlyList<TranscriptLine> Transcript { get; init; } = [];

    /// <summary>Why it failed, as was known then; null when nothing failed or explaining is off.</summary>
    public Causes.DiagnosisReport? Diagnosis { get; init; }

    /// <summary>What Postern did about it, in plain words; at most <see cref="MaxActions"/>. Null for nothing.</summary>
    public IReadOnlyList<Causes.ActionTaken>? Actions { get; init; }

    /// <summary>The hosts tried before this one in the same attempt, in order, at most <see cref="MaxEarlier"/>; only as it is written to the queue, which gives them back one by one. Null for none.</summary>
    public IReadOnlyList<AttemptEvidence>? Earlier { get; init; }

    public const int MaxEarlier = 3;
    public const int MaxActions = 8;
}
