namespace Postern.Diagnosis.Causes;

/// <summary>Why mail does not get through. The words of <see cref="CauseTable"/> are public vocabulary: the same in commands, API, logs, metrics, events, bounces and documents.</summary>
public enum CauseId : byte
{
    /// <summary>Nothing is wrong.</summary>
    None,
    IpReputation,
    UpstreamFirewall,
    RateLimited,
    MxMisconfigured,
    NetworkPath,
    UpstreamDown,
    RecipientUnknown,
    TlsFailed,
    AuthFailed,
    Greylisted,
    SenderIdentity,
    RelayDenied,
    MailboxFull,
    ContentRejected,
    MessageTooLarge,
    LocalDns,
    Unknown,
}

/// <summary>Who can mend it.</summary>
public enum Party : byte { Us, Upstream, RecipientDomain, Network, Sender, Nobody }
