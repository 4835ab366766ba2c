namespace Postern.Core.Decisions;

/// <summary>What becomes of a recipient's mail after a failure. The words of knowledge/decisions.toml, in kebab case.</summary>
internal enum MessageAction : byte
{
    /// <summary>Another host is tried in the same attempt.</summary>
    NextHost,

    /// <summary>The same, from another address of ours, where there is one.</summary>
    NextEgress,

    /// <summary>It is kept for the next attempt.</summary>
    Wait,

    /// <summary>It is kept until the upstream's limits allow it. Costs the message nothing: not counted as an attempt.</summary>
    Turn,

    /// <summary>It is kept until the domain's DNS records run out, and looked up anew.</summary>
    LookAgain,

    /// <summary>It is returned to its sender.</summary>
    Bounce,
}

/// <summary>What becomes of the upstream.</summary>
internal enum UpstreamAction : byte
{
    None,

    /// <summary>One connection at a time, at growing intervals, until one is served.</summary>
    HalfOpen,

    /// <summary>Concurrency and rate go below what was refused.</summary>
    Slow,
}

/// <summary>What becomes of the address of ours that was used.</summary>
internal enum EgressAction : byte
{
    None,

    /// <summary>It is not used at this upstream for a while.</summary>
    Rest,
}

/// <summary>What looks whether it is over, beside the delivery.</summary>
internal enum ProbeAction : byte { None, Tcp, Dns, Blocklist }

/// <summary>What the operator hears.</summary>
internal enum OperatorAction : byte
{
    None,

    /// <summary>It is shown, and nothing is asked of anybody.</summary>
    Note,

    /// <summary>Somebody must act, or wants to know at once.</summary>
    Alert,
}
