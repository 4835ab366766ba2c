using System.Text;
using Postern.Core.Queue;
using Postern.Core.Telemetry;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>
/// A message on its way to a live upstream, and, inline-then-queue, at the same time into the store, so that a failure at any point can be turned into a
/// queued message. The commit succeeds when the upstream has said 2xx or the store has committed; never otherwise.
/// </summary>
/// <param name="copy">Null in inline mode, and when the store has no room.</param>
internal sealed class InlineMessage(LiveUpstream live, IncomingMessage? copy, MessageId id, SubmissionServices services) : IncomingMessage
{
    private LiveUpstream? _live = live;
    private StageFailure? _failure;
    private DiagnosisReport? _diagnosis;

    public override MessageId Id => id;

    /// <summary>After the commit: the upstream's own reply, or ours about its failure; null when the message was queued.</summary>
    public SmtpReply? Reply { get; private set; }

    /// <summary>True while nothing has failed, or the copy makes up for it.</summary>
    private bool IsUseful => _live is not null || copy is not null;

    /// <summary>The attempt stands below the span that accepts the message.</summary>
    public void Trace(string? traceparent)
    {
        if (_live is { } live) live.Tally.Traceparent = traceparent;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        if (!IsUseful || bytes.IsEmpty) return;
        await WriteCopyAsync(bytes, cancel).ConfigureAwait(false);
        if (_live is not { } live) return;
        if (!live.Session.Extensions.EightBitMime && !Ascii.IsValid(bytes.Span))
        {
            GiveUp(null);
            Reply = InlineReplies.EightBit;
            return;
        }
        live.Tally.Id = id;
        live.Tally.Bytes += bytes.Length;
        // Waits for the upstream to take it: the client is slowed down to the upstream's pace.
        if (await live.Session.WriteBodyAsync(bytes, cancel).ConfigureAwait(false) is not { } failure) return;
        GiveUp(failure);
        Reply = failure.Reply ?? InlineReplies.Lost(failure, _diagnosis, mayDuplicate: false);
    }

    public override async ValueTask CommitAsync(QueuedEnvelope envelope, CancellationToken cancel)
    {
        if (_live is { } live)
        {
            var result = await live.Session.EndAsync(cancel).ConfigureAwait(false);
            if (result.Reply is { } said) live.Tally.Hear(ClientStage.EndOfData, said);
            var reply = result.Reply ?? result.Failure?.Reply;
            if (reply is not null && (reply.Code != 421 || copy is null))
            {
                _live = null;
                Reply = reply;
                if (reply.Code >= 400) live.Explain(result.Failure ?? new StageFailure(ClientStage.EndOfData, Speaker.Peer, FailureKind.Refused, reply.ToString(), reply));
                if (reply.Code == 421) live.Drop(result.Failure);
                else live.Return();
                return;
            }
            GiveUp(result.Failure);
            Reply = InlineReplies.Lost(result.Failure, _diagnosis, result.Failure?.MayDuplicate ?? true);
        }
        if (copy is null) return;
        await copy.CommitAsync(envelope, cancel).ConfigureAwait(false);
        Reply = null;
        PosternLog.InlineQueued(services.Logger, envelope.Recipients[0].Destination, _failure?.Detail ?? "8-bit message, no 8BITMIME");
    }

    /// <summary>Without a commit: the message must not be completed by a close that looks like an end, so the session is dropped.</summary>
    public override async ValueTask DisposeAsync()
    {
        GiveUp(null);
        if (copy is not null) await copy.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask WriteCopyAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        if (copy is null) return;
        try
        {
            await copy.WriteAsync(bytes, cancel).ConfigureAwait(false);
        }
        catch (StoreException) when (_live is not null)
        {
            // The upstream may still take it; without a copy its failure is then the client's to hear.
            await copy.DisposeAsync().ConfigureAwait(false);
            copy = null;
        }
    }

    private void GiveUp(StageFailure? failure)
    {
        _failure ??= failure;
        if (failure is not null) _diagnosis = _live?.Explain(failure);
        _live?.Drop(failure);
        _live = null;
    }
}
