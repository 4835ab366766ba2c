using Postern.Core.Configuration;
using Postern.Protocols.Mail;

namespace Postern.Core.Submission;

/// <summary>What a handler needs of the configuration, compiled once per listener and reload. Immutable: a session keeps the one it began with.</summary>
internal sealed record SubmissionModel
{
    public required string Hostname { get; init; }
    public required string Listener { get; init; }
    public required AccessPolicy Access { get; init; }
    public required long MaxMessageBytes { get; init; }
    public required int MaxRecipients { get; init; }
    public required HeaderLimits Header { get; init; }
    public required TimeSpan Expire { get; init; }
    public required PriorityPolicy Priorities { get; init; }
    public required bool AddMissingHeaders { get; init; }
    public required bool AuthWithoutTls { get; init; }
    public required bool OffersStartTls { get; init; }
    public required TimeSpan InlineWait { get; init; }

    /// <summary>Tag of the metrics.</summary>
    public KeyValuePair<string, object?> Source { get; init; } = SubmissionTags.FromSmtp;

    /// <summary>False when every message needs room in the store.</summary>
    public required bool PassesThrough { get; init; }

    public static SubmissionModel Of(PosternConfig config, ListenerConfig listener, AccessPolicy access) => new()
    {
        Hostname = config.Server.Hostname,
        Listener = listener.Address,
        Access = access,
        MaxMessageBytes = config.Limits.MaxMessageBytes,
        MaxRecipients = config.Limits.MaxRecipients,
        Header = new HeaderLimits(config.Limits.MaxHeaderBytes, config.Limits.MaxHeaders, config.Limits.MaxReceived),
        Expire = config.Delivery.Expire,
        Priorities = new PriorityPolicy(config),
        AddMissingHeaders = listener.AddMissingHeaders,
        AuthWithoutTls = listener.AuthWithoutTls,
        OffersStartTls = listener.Tls == ListenerTls.Starttls,
        InlineWait = config.Delivery.InlineWait,
        PassesThrough = config.Delivery.Mode == DeliveryMode.Inline || config.Route.Any(r => r.Mode == DeliveryMode.Inline),
    };
}
