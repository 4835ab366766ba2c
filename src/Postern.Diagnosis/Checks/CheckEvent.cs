using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Checks;

/// <summary>What a check looks at, in the order in which people are shown it.</summary>
public enum CheckStage : byte
{
    /// <summary>Mail exchangers and addresses of the destination.</summary>
    Names,

    /// <summary>Is our own resolver all right?</summary>
    Resolver,

    /// <summary>The hosts on every port and family, from each of our addresses.</summary>
    Connect,

    /// <summary>Known-good others on the same port.</summary>
    Controls,

    /// <summary>Greeting, EHLO, STARTTLS.</summary>
    Greeting,

    /// <summary>Where the way to the port ends.</summary>
    Path,

    /// <summary>What blocklists say of our addresses.</summary>
    Blocklists,

    /// <summary>What receivers check about us: reverse name, HELO, SPF.</summary>
    Identity,
}

public enum CheckProgress : byte { Began, Ended, Skipped, TimedOut }

/// <summary>News of a running check.</summary>
/// <param name="Facts">What came out, with <see cref="CheckProgress.Ended"/>; else empty.</param>
/// <param name="At">Since the check began.</param>
public readonly record struct CheckEvent(CheckStage Stage, CheckProgress Progress, IReadOnlyList<Fact> Facts, TimeSpan At);

/// <summary>What a check came to.</summary>
public sealed record CheckResult(EvidenceSet Evidence, DiagnosisReport Report, TimeSpan Elapsed);
