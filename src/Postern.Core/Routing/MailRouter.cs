using Postern.Core.Configuration;
using Postern.Core.Decisions;
using Postern.Protocols.Smtp;

namespace Postern.Core.Routing;

/// <summary>
/// Decides where a recipient's mail goes: the first route whose matchers all match. A look-up in memory, no network, safe from any thread.
/// The routes are swapped whole on <see cref="Apply"/>; a call sees one configuration, never a mixture.
/// </summary>
public sealed class MailRouter
{
    private readonly TimeProvider _time;
    private volatile RoutingModel _model;

    public MailRouter(PosternConfig config, TimeProvider time)
    {
        _time = time;
        _model = new RoutingModel(config, time.GetUtcNow());
    }

    /// <summary>When the present routes began to be used. A message accepted earlier may have been routed by others.</summary>
    public DateTimeOffset Since => _model.Since;

    /// <param name="sender">Null path for bounces.</param>
    /// <param name="listener">The listener's address as configured, "pickup" or "bounce".</param>
    /// <param name="user">The authenticated user, null for none.</param>
    public RouteDecision Route(MailPath sender, MailPath recipient, string listener, string? user) => _model.Route(sender, recipient, listener, user);

    /// <summary>What the route of this recipient wants done about failures; null for nothing of its own, which costs one comparison where no route has any.</summary>
    internal DecisionOverrides? Overrides(MailPath sender, MailPath recipient, string listener, string? user) => _model.Overrides(sender, recipient, listener, user);

    public void Apply(PosternConfig config) => _model = new RoutingModel(config, _time.GetUtcNow());
}
