using Postern.Core.Configuration;
using Postern.Protocols.Smtp;

namespace Postern.Core.Routing;

/// <summary>What the routes say of one recipient. Exactly one of <see cref="Destination"/> and <see cref="Refusal"/> is set.</summary>
/// <param name="Destination">Scheduling key ("pool:provider", "mx:example.org"); the text form of <see cref="Routing.Destination"/>.</param>
/// <param name="Mode">The route's delivery mode.</param>
/// <param name="Refusal">The reply for RCPT.</param>
public readonly record struct RouteDecision(string? Destination, DeliveryMode Mode, SmtpReply? Refusal)
{
    public static RouteDecision Refuse(SmtpReply reply) => new(null, DeliveryMode.Queue, reply);
}
