using Postern.Core.Configuration;
using Postern.Core.Decisions;
using Postern.Protocols.Smtp;

namespace Postern.Core.Routing;

/// <summary>One route, compiled: its matchers and what it decides. Immutable.</summary>
internal sealed class RouteModel
{
    private static readonly SmtpReply Rejected = SmtpReply.Of(550, "5.7.1", "Mail for this recipient is refused by a route of this relay");

    private readonly DomainPatterns? _recipients;
    private readonly SenderPatterns? _senders;
    private readonly NamePatterns? _listeners;
    private readonly NamePatterns? _users;
    private readonly RouteVia _via;
    private readonly string _egress;
    private readonly RouteDecision _fixed;

    public RouteModel(RouteConfig route, DeliveryMode defaultMode)
    {
        if (route.Match is { } match)
        {
            _recipients = match.RecipientDomain.Count > 0 ? new DomainPatterns(match.RecipientDomain) : null;
            _senders = match.Sender.Count > 0 ? new SenderPatterns(match.Sender) : null;
            _listeners = match.Listener.Count > 0 ? new NamePatterns(match.Listener) : null;
            _users = match.User.Count > 0 ? new NamePatterns(match.User) : null;
        }
        _via = route.Via;
        _egress = string.Join(',', route.Egress);
        Mode = route.Mode ?? defaultMode;
        Overrides = DecisionOverrides.Of(route.Decide);
        _fixed = _via switch
        {
            RouteVia.Upstreams => new RouteDecision(new Destination(DestinationKind.Pool, string.Join(',', route.Upstreams), _egress).ToString(), Mode, null),
            RouteVia.Reject => new RouteDecision(null, Mode, Rejected),
            _ => default,
        };
    }

    public DeliveryMode Mode { get; }

    /// <summary>Null for none.</summary>
    public DecisionOverrides? Overrides { get; }

    public bool Matches(MailPath sender, string domain, string listener, string? user) =>
        (_recipients is null || _recipients.Matches(domain))
        && (_senders is null || _senders.Matches(sender))
        && (_listeners is null || _listeners.Matches(listener))
        && (_users is null || _users.Matches(user));

    public RouteDecision Decide(string domain) =>
        _via == RouteVia.Mx ? new RouteDecision(new Destination(DestinationKind.Mx, domain, _egress).ToString(), Mode, null) : _fixed;
}
