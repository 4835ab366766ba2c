using System.Collections.Frozen;

namespace Postern.Diagnosis.Causes;

/// <param name="Name">The public word.</param>
/// <param name="Who">Who must act, unless the case says otherwise.</param>
public readonly record struct CauseRow(CauseId Id, string Name, Party Who);

/// <summary>One row for each cause, and the words for parties.</summary>
public static class CauseTable
{
    private static readonly CauseRow[] Rows =
    [
        new(CauseId.None, "none", Party.Nobody),
        new(CauseId.IpReputation, "ip-reputation", Party.Us),
        new(CauseId.UpstreamFirewall, "upstream-firewall", Party.Upstream),
        new(CauseId.RateLimited, "rate-limited", Party.Us),
        new(CauseId.MxMisconfigured, "mx-misconfigured", Party.RecipientDomain),
        new(CauseId.NetworkPath, "network-path", Party.Network),
        new(CauseId.UpstreamDown, "upstream-down", Party.Upstream),
        new(CauseId.RecipientUnknown, "recipient-unknown", Party.Sender),
        new(CauseId.TlsFailed, "tls-failed", Party.Upstream),
        new(CauseId.AuthFailed, "auth-failed", Party.Us),
        new(CauseId.Greylisted, "greylisted", Party.Nobody),
        new(CauseId.SenderIdentity, "sender-identity", Party.Us),
        new(CauseId.RelayDenied, "relay-denied", Party.Us),
        new(CauseId.MailboxFull, "mailbox-full", Party.RecipientDomain),
        new(CauseId.ContentRejected, "content-rejected", Party.Sender),
        new(CauseId.MessageTooLarge, "message-too-large", Party.Sender),
        new(CauseId.LocalDns, "local-dns", Party.Us),
        new(CauseId.Unknown, "unknown", Party.Us),
    ];

    private static readonly FrozenDictionary<string, CauseId> ByName = Rows.ToFrozenDictionary(r => r.Name, r => r.Id, StringComparer.OrdinalIgnoreCase);
    private static readonly string[] Parties = ["us", "upstream", "recipient-domain", "network", "sender", "nobody"];

    /// <summary>All but <see cref="CauseId.None"/>.</summary>
    public static IEnumerable<CauseRow> All => Rows.Skip(1);

    public static CauseRow Of(CauseId id) => Rows[(int)id];
    public static string NameOf(CauseId id) => Rows[(int)id].Name;
    public static string NameOf(Party party) => Parties[(int)party];
    public static bool TryParse(string name, out CauseId id) => ByName.TryGetValue(name, out id);
}
