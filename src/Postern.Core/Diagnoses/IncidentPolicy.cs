using Postern.Core.Decisions;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Diagnoses;

/// <summary>What makes an incident, what a closer look is worth, and what ends one. Pure.</summary>
internal static class IncidentPolicy
{
    /// <summary>Two causes closer than this are worth a look that tells them apart.</summary>
    private const double Close = 0.25;

    /// <summary>Below this a verdict of our own attempts alone is worth confirming.</summary>
    private const double Sure = 0.9;

    /// <summary>The trouble is the upstream's or ours. What concerns one recipient or one message is no incident, however often it happens.</summary>
    public static bool IsIncident(CauseId cause, StageFailure failure) => cause switch
    {
        CauseId.None or CauseId.RecipientUnknown or CauseId.MailboxFull or CauseId.ContentRejected or CauseId.MessageTooLarge or CauseId.Greylisted => false,
        CauseId.IpReputation or CauseId.RateLimited or CauseId.UpstreamFirewall or CauseId.SenderIdentity or CauseId.RelayDenied or CauseId.LocalDns => true,
        CauseId.MxMisconfigured => true,
        _ => FailureScopes.Of(failure) == FailureScope.Host,
    };

    /// <summary>Mail may pass while it goes on, so one message that passed does not end it: quiet does.</summary>
    public static bool EndsByQuiet(CauseId cause) => cause is CauseId.RateLimited or CauseId.IpReputation or CauseId.SenderIdentity or CauseId.RelayDenied;

    /// <summary>Where network, names or standing are in question, probes see what an attempt cannot. What the upstream has said of login or sender is plain.</summary>
    public static bool WantsProbe(DiagnosisReport report) => report.Verdict.Id switch
    {
        CauseId.IpReputation or CauseId.UpstreamFirewall or CauseId.NetworkPath or CauseId.UpstreamDown or CauseId.MxMisconfigured or CauseId.LocalDns or CauseId.Unknown => true,
        // What is wrong with our names is ours to mend, and only a look at them says what it is.
        CauseId.SenderIdentity => true,
        CauseId.RateLimited or CauseId.TlsFailed => report.Verdict.Confidence < Sure || IsClose(report),
        _ => false,
    };

    private static bool IsClose(DiagnosisReport report) => report.Alternatives is [var second, ..] && report.Verdict.Confidence - second.Confidence < Close;
}
