using System.Text.Json;
using Postern.Core.Configuration;
using Postern.Core.Telemetry;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>One listener of one configuration, compiled. Immutable; a reload gives the listener a new one, which sessions opened later use.</summary>
internal sealed class ListenerModel
{
    private static readonly KeyValuePair<string, object?>[] Reasons = [.. Enum.GetNames<RejectionReason>().Select(n => new KeyValuePair<string, object?>("reason", JsonNamingPolicy.SnakeCaseLower.ConvertName(n)))];

    public ListenerModel(PosternConfig config, ListenerConfig listener, ISubmissionHandler handler, ServerCertificate? certificate, PosternMetrics metrics)
    {
        if (!ListenAddress.TryParse(listener.Address, out var address))
            throw new ListenException($"listener.address '{listener.Address}' is no address with a port; write it as 192.0.2.1:25, [2001:db8::1]:25 or *:25");
        if (listener.Tls != ListenerTls.None && certificate is null)
            throw new ListenException($"listener {listener.Address} has tls = \"{listener.Tls.ToString().ToLowerInvariant()}\" but there is no certificate; set tls.certificate and tls.key");
        Config = listener;
        Address = address;
        Handler = handler;
        Limits = config.Limits;
        ProxyNetworks = listener.ProxyProtocol ? NetworkSet.Parse(listener.ProxyNetworks) : null;
        TooMany = SmtpReply.Of(421, "4.7.0", $"{config.Server.Hostname} Too many connections at once (limits.max_connections); try again later");
        TooManyOfAddress = SmtpReply.Of(421, "4.7.0", $"{config.Server.Hostname} Too many connections from your address at once (limits.max_connections_per_address); try again later");
        Session = new SessionOptions
        {
            Hostname = config.Server.Hostname,
            MaxMessageBytes = config.Limits.MaxMessageBytes,
            MaxRecipients = config.Limits.MaxRecipients,
            MaxErrors = config.Limits.MaxErrors,
            MaxCommandBytes = config.Limits.MaxCommandBytes,
            MaxLineBytes = config.Limits.MaxLineBytes,
            MaxMessagesPerSession = config.Limits.MaxMessagesPerSession,
            IdleTimeout = config.Limits.IdleTimeout,
            TransactionTimeout = config.Limits.TransactionTimeout,
            SessionTimeout = config.Limits.SessionTimeout,
            OfferStartTls = listener.Tls == ListenerTls.Starttls,
            ImplicitTls = listener.Tls == ListenerTls.Implicit,
            OfferAuth = config.User.Count > 0 && (listener.Tls != ListenerTls.None || listener.AuthWithoutTls),
            AuthWithoutTls = listener.AuthWithoutTls,
            NormaliseBareNewlines = listener.BareNewlines == BareNewlineHandling.Normalise,
            OfferMtPriority = true,
            Tls = certificate is null ? null : () => certificate.Options,
            Rejected = (_, reason) => metrics.CommandsRefused.Add(1, Reasons[(int)reason]),
        };
    }

    public ListenerConfig Config { get; }
    public ListenAddress Address { get; }
    public ISubmissionHandler Handler { get; }
    public LimitsConfig Limits { get; }
    public SessionOptions Session { get; }

    /// <summary>Null when no PROXY header is expected; else who may send it, and everybody else is refused.</summary>
    public NetworkSet? ProxyNetworks { get; }

    public SmtpReply TooMany { get; }
    public SmtpReply TooManyOfAddress { get; }
}
