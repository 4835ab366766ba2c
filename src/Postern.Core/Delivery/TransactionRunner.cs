using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// Hands one message to one session: in as many transactions as the recipients need, split by our limit, by the peer's (RFC 9422), and again
/// where the peer says that there are too many (452, RFC 5321 section 4.5.3.1.10). Writes what became of each recipient into the attempt.
/// </summary>
internal sealed class TransactionRunner
{
    private readonly List<int> _todo = [];

    /// <summary>What a message's transactions came to.</summary>
    /// <param name="Stage">The furthest stage of the last transaction.</param>
    /// <param name="SessionFailure">Not null when the session cannot be used again.</param>
    /// <param name="Untouched">The session was dead before the peer said anything of this message: it may be tried on another at once.</param>
    /// <param name="HasRest">The session has carried its share, and some recipients are left for another one to the same host.</param>
    public readonly record struct Result(ClientStage Stage, StageFailure? SessionFailure, bool Untouched, bool HasRest = false);

    /// <param name="spool">Folder for large converted messages.</param>
    /// <param name="first">For the first transaction.</param>
    public async ValueTask<Result> RunAsync(PooledSession pooled, bool isReused, FirstReply first, Attempt attempt, DeliveryConfig config, string spool, SessionRecorder recorder, CancellationToken cancel)
    {
        var session = pooled.Session;
        var lease = attempt.Lease;
        using var message = await MessagePreparer.PrepareAsync(lease, Offers(session.Extensions), config.ConvertEightBit, spool, cancel);
        if (message.Failure is { } unfit)
        {
            attempt.SetOpen(unfit, pooled.Peer);
            return new Result(ClientStage.Mail, null, false);
        }

        _todo.Clear();
        for (int slot = 0; slot < attempt.Outcomes.Length; slot++)
        {
            if (attempt.Outcomes[slot].Disposition == Disposition.TryNextHost) _todo.Add(slot);
        }
        int most = Math.Min(config.MaxRecipientsPerTransaction, session.Extensions.MaxRecipients ?? int.MaxValue);
        for (int done = 0; ;)
        {
            int count = Math.Min(most, _todo.Count - done);
            var transaction = new ClientTransaction(message.Mail!, Commands(message, lease, attempt, done, count), message.Content!) { First = done == 0 ? first : null };
            var result = await session.SendAsync(transaction, recorder, cancel);
            if (isReused && done == 0 && IsDeadOnReuse(result, first)) return new Result(result.StageReached, result.SessionFailure, true);

            int taken = Apply(result, attempt, done, count, pooled.Peer);
            done += count;
            if (result.SessionFailure is { } failure)
            {
                attempt.SetOpen(failure, pooled.Peer);
                return new Result(result.StageReached, failure, false);
            }
            if (done >= _todo.Count) return new Result(result.StageReached, null, false);
            if (pooled.IsSpent) return new Result(result.StageReached, null, false, HasRest: true);
            if (taken > 0 && taken < count) most = taken;
        }
    }

    private RcptCommand[] Commands(in PreparedMessage message, Lease lease, Attempt attempt, int from, int count)
    {
        var commands = new RcptCommand[count];
        for (int i = 0; i < count; i++) commands[i] = message.Rcpt(lease.Envelope.Recipients[attempt.Outcomes[_todo[from + i]].Index]);
        return commands;
    }

    /// <summary>Returns how many recipients the peer accepted. Those it had no room for are put at the end, for another transaction.</summary>
    private int Apply(TransactionResult result, Attempt attempt, int from, int count, PeerName peer)
    {
        int accepted = 0;
        for (int i = 0; i < count; i++)
        {
            if (result.Recipients[i].Failure is not { Stage: ClientStage.Rcpt }) accepted++;
        }
        for (int i = 0; i < count; i++)
        {
            var recipient = result.Recipients[i];
            // Without one accepted recipient it is no matter of number, and asking again would never end.
            if (accepted > 0 && result.SessionFailure is null && IsTooMany(recipient.Failure)) _todo.Add(_todo[from + i]);
            else attempt.Set(_todo[from + i], recipient, peer);
        }
        return accepted;
    }

    /// <summary>452 after others were accepted; 552 is its old form (RFC 5321 section 4.5.3.1.10).</summary>
    private static bool IsTooMany(StageFailure? failure) =>
        failure is { Stage: ClientStage.Rcpt, Reply: { Code: 452 or 552 } reply } && reply.Enhanced is null or { Subject: 5, Detail: 3 };

    /// <summary>
    /// An idle session that the peer closed meanwhile, or on which it says nothing any more: no answer to our first command, or a 421 as that answer. Nothing of the
    /// message was taken, so this says nothing about the upstream's health.
    /// </summary>
    private static bool IsDeadOnReuse(TransactionResult result, FirstReply first) =>
        result.SessionFailure is { } failure
        && failure.Stage is <= ClientStage.Mail or ClientStage.Rset
        && (failure.Reply?.Code == 421 || failure.Kind is FailureKind.ConnectionReset or FailureKind.ConnectionClosed || failure.Kind == FailureKind.TimedOut && first is { Took: null, Patience: not null });

    private static PeerOffers Offers(EhloExtensions extensions) => new(extensions.Size, extensions.EightBitMime, extensions.BinaryMime && extensions.Chunking, extensions.SmtpUtf8);
}
