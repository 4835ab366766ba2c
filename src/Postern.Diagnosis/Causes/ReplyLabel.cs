using System.Collections.Frozen;

namespace Postern.Diagnosis.Causes;

/// <summary>What a reply says, finer than a cause: what a person who reads it would call it.</summary>
public enum ReplyLabel : byte
{
    Other, AuthFailed, ContentSpam, ContentVirus, DnsMxProblem, Expired, Greylisted, IpBlocked, MailboxDisabled, MailboxFull, MailboxUnknown, MessageTooLarge,
    NetworkUnreachable, PolicySpfDkimDmarc, ProtocolError, PtrHeloProblem, RateLimited, RecipientDomainUnknown, RelayDenied, ReputationListed, SenderRejected,
    TlsFailed, UpstreamDownOrBusy,
}

/// <summary>The words for labels, and the cause each one speaks for.</summary>
public static class ReplyLabels
{
    private static readonly (ReplyLabel Label, string Name, CauseId Cause)[] Rows =
    [
        (ReplyLabel.Other, "other", CauseId.Unknown),
        (ReplyLabel.AuthFailed, "auth-failed", CauseId.AuthFailed),
        (ReplyLabel.ContentSpam, "content-spam", CauseId.ContentRejected),
        (ReplyLabel.ContentVirus, "content-virus", CauseId.ContentRejected),
        (ReplyLabel.DnsMxProblem, "dns-mx-problem", CauseId.MxMisconfigured),
        (ReplyLabel.Expired, "expired", CauseId.Unknown),
        (ReplyLabel.Greylisted, "greylisted", CauseId.Greylisted),
        (ReplyLabel.IpBlocked, "ip-blocked", CauseId.UpstreamFirewall),
        (ReplyLabel.MailboxDisabled, "mailbox-disabled", CauseId.RecipientUnknown),
        (ReplyLabel.MailboxFull, "mailbox-full", CauseId.MailboxFull),
        (ReplyLabel.MailboxUnknown, "mailbox-unknown", CauseId.RecipientUnknown),
        (ReplyLabel.MessageTooLarge, "message-too-large", CauseId.MessageTooLarge),
        (ReplyLabel.NetworkUnreachable, "network-unreachable", CauseId.NetworkPath),
        (ReplyLabel.PolicySpfDkimDmarc, "policy-spf-dkim-dmarc", CauseId.SenderIdentity),
        (ReplyLabel.ProtocolError, "protocol-error", CauseId.Unknown),
        (ReplyLabel.PtrHeloProblem, "ptr-helo-problem", CauseId.SenderIdentity),
        (ReplyLabel.RateLimited, "rate-limited", CauseId.RateLimited),
        (ReplyLabel.RecipientDomainUnknown, "recipient-domain-unknown", CauseId.MxMisconfigured),
        (ReplyLabel.RelayDenied, "relay-denied", CauseId.RelayDenied),
        (ReplyLabel.ReputationListed, "reputation-listed", CauseId.IpReputation),
        (ReplyLabel.SenderRejected, "sender-rejected", CauseId.SenderIdentity),
        (ReplyLabel.TlsFailed, "tls-failed", CauseId.TlsFailed),
        (ReplyLabel.UpstreamDownOrBusy, "upstream-down-or-busy", CauseId.UpstreamDown),
    ];

    private static readonly FrozenDictionary<string, ReplyLabel> ByName = Rows.ToFrozenDictionary(r => r.Name, r => r.Label);

    public static int Count => Rows.Length;
    public static IEnumerable<ReplyLabel> All => Rows.Select(r => r.Label);
    public static string NameOf(ReplyLabel label) => Rows[(int)label].Name;

    /// <summary>The cause, unless the row that decided names another. <see cref="CauseId.Unknown"/> where the label alone names none.</summary>
    public static CauseId CauseOf(ReplyLabel label) => Rows[(int)label].Cause;
    public static bool TryParse(string name, out ReplyLabel label) => ByName.TryGetValue(name, out label);
}
