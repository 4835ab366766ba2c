using Microsoft.Extensions.Logging;
using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Core.Scheduling;
using Postern.Core.Telemetry;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>Moves mail that was routed by an older configuration to where the present routes send it, when it is its turn.</summary>
internal sealed class Rerouter(MailRouter router, Settler settler, ILogger logger)
{
    /// <summary>True when recipients were moved: the lease is over, they are filed anew.</summary>
    public ValueTask<bool> RerouteAsync(Lease lease, DestinationQueue queue, DateTimeOffset due) =>
        lease.Envelope.AcceptedAt >= router.Since || Moves(lease, queue) is not { } moves ? ValueTask.FromResult(false) : MoveAsync(lease, moves, due);

    /// <summary>
    /// The destination is not to be had under this configuration and no route gives another: the mail waits for the operator's next change, because his
    /// configuration is never a reason to bounce.
    /// </summary>
    public static void Strand(Attempt attempt, DestinationQueue queue) => attempt.SetOpen(
        new StageFailure(ClientStage.Resolve, Speaker.Us, FailureKind.LocalError, $"the destination {queue.Name} is no longer configured, and no route takes its mail"), null);

    private List<RecipientUpdate>? Moves(Lease lease, DestinationQueue queue)
    {
        List<RecipientUpdate>? moves = null;
        var envelope = lease.Envelope;
        foreach (int index in lease.Pending)
        {
            var decision = router.Route(envelope.From, envelope.Recipients[index].Address, envelope.Origin.Listener, envelope.Origin.User);
            // Refused by the new routes, it still was accepted: it goes where it was meant to go.
            if (decision.Destination is { } destination && destination != queue.Name)
                (moves ??= []).Add(new RecipientUpdate(index, RecipientStatus.Waiting, Destination: destination));
        }
        return moves;
    }

    private async ValueTask<bool> MoveAsync(Lease lease, List<RecipientUpdate> moves, DateTimeOffset due)
    {
        PosternLog.Rerouted(logger, lease.Id, lease.Destination, moves[0].Destination!);
        await settler.RerouteAsync(lease, moves, due, CancellationToken.None);
        return true;
    }
}
