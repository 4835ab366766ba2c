using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Causes;

/// <summary>How a reply was read: the causes it speaks for, likeliest first, with the share of such readings that are right. Sums to at most 1.</summary>
/// <param name="Label">The finer word of knowledge/replies.toml; null when not known.</param>
/// <param name="Provider">Who spoke, when recognised.</param>
internal sealed record ReplyOpinion(IReadOnlyList<(CauseId Cause, double Confidence)> Causes, string? Label = null, string? Provider = null)
{
    /// <summary>The blocklist that the reply names, and its zone.</summary>
    public string? List { get; init; }
    public string? Zone { get; init; }

    /// <summary>Where the reply sends us for help.</summary>
    public string? Help { get; init; }

    /// <summary>Our address as they saw it.</summary>
    public string? OurAddress { get; init; }

    /// <summary>The number that is allowed, when the reply says one.</summary>
    public long? Limit { get; init; }
    public CauseId Cause => Causes.Count > 0 ? Causes[0].Cause : CauseId.Unknown;
    public double Confidence => Causes.Count > 0 ? Causes[0].Confidence : 0;
}

/// <summary>Reads one refusal; null when it says nothing to go by. Pure.</summary>
/// <param name="host">Who said it; tells providers apart that use the same code for different things.</param>
internal delegate ReplyOpinion? ReplyJudge(ReplyFact reply, string host);

/// <summary>
/// What registered codes alone say, whoever speaks and in any language (RFC 3463, 5248, 7372, 7505). Only codes that are used for one thing in practice: x.7.0, x.7.1, 4.3.2 and
/// plain 421 to 451 mean anything at all.
/// </summary>
internal static class CodeJudge
{
    private static readonly (string Code, CauseId Cause, double Confidence)[] Codes =
    [
        ("5.1.1", CauseId.RecipientUnknown, 0.93), ("5.1.2", CauseId.MxMisconfigured, 0.7), ("5.1.3", CauseId.RecipientUnknown, 0.85), ("5.1.6", CauseId.RecipientUnknown, 0.85),
        ("5.1.10", CauseId.RecipientUnknown, 0.6), ("5.1.8", CauseId.SenderIdentity, 0.8), ("4.1.8", CauseId.SenderIdentity, 0.8), ("5.2.1", CauseId.RecipientUnknown, 0.85),
        ("5.2.2", CauseId.MailboxFull, 0.95), ("4.2.2", CauseId.MailboxFull, 0.95), ("5.3.4", CauseId.MessageTooLarge, 0.92), ("5.2.3", CauseId.MessageTooLarge, 0.9),
        ("5.7.8", CauseId.AuthFailed, 0.95), ("5.7.9", CauseId.AuthFailed, 0.8), ("5.7.11", CauseId.AuthFailed, 0.8), ("5.7.13", CauseId.AuthFailed, 0.85), ("5.7.20", CauseId.SenderIdentity, 0.85),
        ("5.7.23", CauseId.SenderIdentity, 0.85), ("5.7.25", CauseId.SenderIdentity, 0.92), ("4.7.25", CauseId.SenderIdentity, 0.9), ("5.7.26", CauseId.SenderIdentity, 0.9), ("4.3.1", CauseId.UpstreamDown, 0.75),
    ];

    public static ReplyOpinion? Read(ReplyFact reply, string host)
    {
        string enhanced = EnhancedIn(reply.Reply);
        foreach (var (code, cause, confidence) in Codes)
            if (code == enhanced) return new ReplyOpinion([(cause, confidence)]);
        return null;
    }

    private static string EnhancedIn(string reply)
    {
        if (reply.Length < 9) return "";
        var rest = reply.AsSpan(4);
        int end = rest.IndexOfAny(' ', '\n');
        return end is >= 5 and <= 9 ? rest[..end].ToString() : "";
    }
}
