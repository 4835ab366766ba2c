using Postern.Protocols.Smtp;

namespace Postern.Core.Decisions;

/// <summary>What a failure is about: the smallest thing that another try must change.</summary>
internal enum FailureScope : byte
{
    /// <summary>The host, or we in its eyes: another host may take the message.</summary>
    Host,

    /// <summary>This session broke: a new one may work.</summary>
    Session,

    /// <summary>This message, whoever receives it.</summary>
    Message,

    /// <summary>This recipient (or its domain); the others are not concerned.</summary>
    Recipient,
}

/// <summary>Reads the scope off a failure. Pure.</summary>
internal static class FailureScopes
{
    /// <summary>By stage and reply. A failed look-up of the recipient's own domain is the recipient's; the planner says so by its stage.</summary>
    public static FailureScope Of(StageFailure failure)
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

    /// <summary>The peer may have taken the message although we got no answer (RFC 1047): another host at once would make a duplicate likely.</summary>
    public static bool MayHaveBeenTaken(StageFailure failure) => failure.MayDuplicate || failure.Stage == ClientStage.EndOfData && Of(failure) == FailureScope.Session;
}
