using Postern.Core.Configuration;
using Postern.Core.Decisions;
using Postern.Protocols.Smtp;

namespace Postern.Core.Routing;

/// <summary>All routes, compiled from one configuration. Immutable; swapped whole.</summary>
internal sealed class RoutingModel
{
    private static readonly SmtpReply BadDomain = SmtpReply.Of(553, "5.1.3", "The recipient's domain is not a domain name");
    private static readonly SmtpReply Unroutable = SmtpReply.Of(550, "5.4.4", "No route of this relay takes this recipient");

    // Transient: the operator forgot something, the sender did nothing wrong.
    private static readonly SmtpReply NothingConfigured = SmtpReply.Of(451, "4.3.5", "This relay has no upstream configured");

    private readonly RouteModel[] _routes;
    private readonly string _hostname;
    private readonly bool _hasOverrides;

    public RoutingModel(PosternConfig config, DateTimeOffset since)
    {
        Since = since;
        _hostname = DomainName.Normalise(config.Server.Hostname) ?? "localhost";
        IReadOnlyList<RouteConfig> routes = config.Route;
        if (routes.Count == 0 && config.Upstream.Count > 0) routes = [new RouteConfig { Upstreams = [.. config.Upstream.Select(u => u.Name)] }];
        _routes = [.. routes.Select(r => new RouteModel(r, config.Delivery.Mode))];
        _hasOverrides = _routes.Any(r => r.Overrides is not null);
    }

    /// <summary>When this model began to be used: what was accepted later was routed by it.</summary>
    public DateTimeOffset Since { get; }

    public RouteDecision Route(MailPath sender, MailPath recipient, string listener, string? user)
    {
        if (NameOf(recipient) is not { } name) return RouteDecision.Refuse(BadDomain);
        return Find(sender, name, listener, user)?.Decide(name) ?? RouteDecision.Refuse(_routes.Length == 0 ? NothingConfigured : Unroutable);
    }

    /// <summary>See <see cref="MailRouter.Overrides"/>.</summary>
    public DecisionOverrides? Overrides(MailPath sender, MailPath recipient, string listener, string? user) =>
        _hasOverrides && NameOf(recipient) is { } name ? Find(sender, name, listener, user)?.Overrides : null;

    private RouteModel? Find(MailPath sender, string domain, string listener, string? user)
    {
        foreach (var route in _routes)
        {
            if (route.Matches(sender, domain, listener, user)) return route;
        }
        return null;
    }

    /// <summary>A bare &lt;Postmaster&gt; (RFC 5321 section 4.1.1.3) is ours: it goes where mail for our own name goes.</summary>
    private string? NameOf(MailPath recipient) => recipient.Domain.Length == 0 ? _hostname : DomainName.Normalise(recipient.Domain);
}
