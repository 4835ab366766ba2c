using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// The one place that decides what becomes of mail. Pure. The promise it keeps: a bounce is the recipient's fault, the message's or time's, never
/// ours or our upstream's; so a refusal before MAIL is no reason to bounce, however permanent it claims to be.
/// </summary>
internal static class DispositionPolicy
{
    public static Disposition Decide(in DispositionInput input)
    {
        if (input.Failure is not { } failure) return Disposition.Delivered;
        // Our own stop says nothing of the message, not even that its time is up: the last try it is owed is made after the start.
        if (failure.Kind == FailureKind.Cancelled) return Disposition.RetryLater;
        var disposition = BeforeExpiry(input, failure);
        return disposition == Disposition.RetryLater && input.IsExpired ? Disposition.Bounce : disposition;
    }

    /// <summary>What a failure is about, by stage and reply. A failed look-up of the recipient's own domain is the recipient's; the planner says so by its stage.</summary>
    public static FailureScope ScopeOf(StageFailure failure)
    {
        // 421: "service not available, closing transmission channel" (RFC 5321 section 3.8), whatever it answers.
        if (failure.Reply?.Code == 421) return FailureScope.Host;
        return failure.Stage switch
        {
            ClientStage.Resolve => failure.Kind is FailureKind.NullMx or FailureKind.NoSuchDomain or FailureKind.LoopsToUs ? FailureScope.Recipient : FailureScope.Host,
            <= ClientStage.Auth => FailureScope.Host,
            _ when failure.Kind is FailureKind.Unsupported or FailureKind.TooLarge => FailureScope.Message,
            _ when failure.Reply is null => FailureScope.Session,
            ClientStage.Rcpt => FailureScope.Recipient,
            ClientStage.Rset or ClientStage.Quit => FailureScope.Session,
            _ => FailureScope.Message,
        };
    }

    private static Disposition BeforeExpiry(in DispositionInput input, StageFailure failure) => (input.Scope, failure.Stage, failure.IsPermanent) switch
    {
        // Connect, greeting, EHLO, STARTTLS, AUTH, 421: about the host or about us.
        (FailureScope.Host, _, _) => NextOrLater(input),

        // We do not know whether it was taken (RFC 1047): another host at once would make a duplicate likely.
        (FailureScope.Session, ClientStage.EndOfData, _) => Disposition.RetryLater,
        (FailureScope.Session, _, _) when failure.MayDuplicate => Disposition.RetryLater,
        (FailureScope.Session, _, _) => NextOrLater(input),

        // Refusals that are about our address may stand at any stage: "550 5.7.1 your IP is listed".
        (_, _, true) when input.IsAboutUs => NextOrLater(input),

        // What this host lacks or limits, the next one may offer.
        (FailureScope.Message, _, true) when failure.Reply is null => input.IsLastCandidate ? Disposition.Bounce : Disposition.TryNextHost,

        // A sender refused: the next host may have another policy or be less strict; the last word bounces.
        (FailureScope.Message, ClientStage.Mail, true) => input.IsLastCandidate ? Disposition.Bounce : Disposition.TryNextHost,
        (FailureScope.Message, ClientStage.Mail, false) => NextOrLater(input),

        // The peer looked at recipient or content and said no: every other host of the same party would.
        (_, _, true) => Disposition.Bounce,
        (_, _, false) => Disposition.RetryLater,
    };

    private static Disposition NextOrLater(in DispositionInput input) => input.IsLastCandidate ? Disposition.RetryLater : Disposition.TryNextHost;
}
