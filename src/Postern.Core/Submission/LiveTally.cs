using Postern.Core.Queue;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>What a live transaction came to for its recipients, counted from the upstream's replies as they pass. Not thread safe.</summary>
public sealed class LiveTally
{
    private int _accepted;

    /// <summary>The id in the Received line; null before the body began.</summary>
    public MessageId? Id { get; set; }

    /// <summary>Of the span that accepts the message; null where it is not traced.</summary>
    public string? Traceparent { get; set; }

    /// <summary>Of the content passed on so far.</summary>
    public long Bytes { get; set; }

    public int Delivered { get; private set; }
    public int Deferred { get; private set; }
    public int Refused { get; private set; }

    /// <summary>The first thing that went wrong; null while all is well.</summary>
    public StageFailure? Failure { get; private set; }

    /// <summary>Nothing came of it yet that is worth a record: the client gave up, or has not gone far.</summary>
    public bool IsEmpty => Failure is null && Delivered == 0;

    /// <summary>The upstream's reply to a command of this transaction.</summary>
    public void Hear(ClientStage stage, SmtpReply reply)
    {
        if (reply.IsPositive)
        {
            if (stage == ClientStage.Rcpt) _accepted++;
            if (stage != ClientStage.EndOfData) return;
            Delivered = _accepted;
            _accepted = 0;
            return;
        }
        if (reply.IsIntermediate) return;
        Failure ??= new StageFailure(stage, Speaker.Peer, FailureKind.Refused, reply.ToString(), reply);
        // MAIL is sent for the first recipient; what is said from DATA on is said of all who were accepted.
        int concerned = stage <= ClientStage.Rcpt ? 1 : TakeAccepted();
        if (reply.IsPermanent) Refused += concerned;
        else Deferred += concerned;
    }

    /// <summary>The session was lost: whoever was accepted is not delivered, nor is the one whose answer was waited for.</summary>
    public void Lose(StageFailure failure)
    {
        Failure ??= failure;
        Deferred += Math.Max(1, TakeAccepted());
    }

    private int TakeAccepted()
    {
        int accepted = _accepted;
        _accepted = 0;
        return accepted;
    }
}
