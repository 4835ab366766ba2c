using System.Buffers;

namespace Postern.Protocols.Smtp;

public sealed partial class SmtpClientSession
{
    /// <summary>Commands in flight before their replies are read, so that neither side's window fills (RFC 2920 section 3.1).</summary>
    private const int MaxOutstanding = 100;

    private bool _needsReset;

    /// <summary>
    /// Runs one mail transaction: MAIL with what the peer offers of its parameters, RCPTs, DATA, the content dot-stuffed. In one go where PIPELINING is offered.
    /// Every recipient gets its own result. The session can be used again unless the result says otherwise.
    /// </summary>
    public async ValueTask<TransactionResult> SendAsync(ClientTransaction transaction, SessionRecorder recorder, CancellationToken cancel)
    {
        _recorder = recorder;
        var run = new TransactionRun(transaction.Recipients.Count) { First = transaction.First };
        await SendEnvelopeAsync(transaction, run, cancel);
        if (run.Broken is null && run.DataReply is { IsIntermediate: true })
        {
            if (run.Accepted > 0) await SendContentAsync(transaction.Content, run, cancel);
            else await EndEmptyAsync(run, cancel);
        }

        _needsReset = run.Broken is null && run.NeedsReset;
        recorder.Leave();
        if (run.Broken is null) _wire.Rest();
        return run.Result();
    }

    private async ValueTask SendEnvelopeAsync(ClientTransaction transaction, TransactionRun run, CancellationToken cancel)
    {
        bool pipelining = Extensions.Pipelining;
        TransactionsBegun++;
        _recorder.Enter(ClientStage.Mail);
        if (_needsReset && !await StepAsync(ClientStage.Rset, "RSET\r\n", "RSET", run, !pipelining, cancel)) return;
        if (!await StepAsync(ClientStage.Mail, MailLine.Of(transaction.Mail, transaction.Content, Extensions), transaction.Mail, run, !pipelining, cancel)) return;
        for (int i = 0; i < transaction.Recipients.Count; i++)
        {
            if (pipelining && run.Outstanding >= MaxOutstanding && !await HearOutstandingAsync(run, cancel)) return;
            if (run.MailFailure is not null) return;
            var rcpt = transaction.Recipients[i];
            if (!await StepAsync(ClientStage.Rcpt, MailLine.Of(rcpt, Extensions), rcpt, run, !pipelining, cancel)) return;
        }

        // DATA rides in the same packet; when all were refused and we know it, it is not sent at all.
        if (!pipelining && run.Accepted == 0) return;
        await StepAsync(ClientStage.Data, "DATA\r\n", "DATA", run, true, cancel);
    }

    /// <summary>Queues one command; with <paramref name="wait"/>, sends all that is queued and hears all replies due. False when the session broke.</summary>
    private async ValueTask<bool> StepAsync(ClientStage stage, string line, object shown, TransactionRun run, bool wait, CancellationToken cancel)
    {
        _recorder.Sent(shown);
        run.Expect(stage);
        if (await _wire.WriteAsync(line, stage, cancel) is { } failure) return run.Break(failure);
        return !wait || await HearOutstandingAsync(run, cancel);
    }

    private async ValueTask<bool> HearOutstandingAsync(TransactionRun run, CancellationToken cancel)
    {
        var broken = await _wire.FlushAsync(run.NextExpected, cancel);
        while (run.Outstanding > 0)
        {
            var stage = run.NextExpected;
            if (stage != ClientStage.Rset) _recorder.Enter(stage);
            StageResult result;
            if (broken is null) result = await HearAsync(stage, cancel, run.First is { Took: null } first ? first.Patience : null);
            // The peer may have said why before it hung up.
            else result = await _wire.ReadLastWordsAsync(broken, cancel);
            if (result.Failure is { } failure) return run.Break(failure);
            run.First?.Note();
            if (!run.Hear(result.Reply!)) return false;
        }

        return true;
    }

    private async ValueTask SendContentAsync(MessageContent content, TransactionRun run, CancellationToken cancel)
    {
        _recorder.Enter(ClientStage.Body);
        var writer = new DataWriter();
        byte[] block = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(content.Length, 1, 64 * 1024));
        try
        {
            long offset = 0;
            int read;
            while ((read = await content.ReadAsync(offset, block, cancel)) > 0)
            {
                offset += read;
                for (int done = 0; done < read;)
                {
                    writer.Copy(block.AsSpan(done, read - done), _wire.Room, out int consumed, out int written);
                    _wire.Advance(written);
                    done += consumed;
                    if (done < read && await _wire.FlushAsync(ClientStage.Body, cancel) is { } failure)
                    {
                        run.Break(await ExplainedAsync(failure, cancel));
                        return;
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Half a message must never be ended with a dot: only closing the connection takes it back.
            run.Break(new StageFailure(ClientStage.Body, Speaker.Us, e is IOException ? FailureKind.LocalError : FailureKind.Cancelled, $"the kept message could not be read: {e.Message}"));
            return;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        await EndContentAsync(writer, run, cancel);
    }

    private async ValueTask EndContentAsync(DataWriter writer, TransactionRun run, CancellationToken cancel)
    {
        if (_wire.Room.Length < writer.Terminator.Length && await _wire.FlushAsync(ClientStage.Body, cancel) is { } full)
        {
            run.Break(await ExplainedAsync(full, cancel));
            return;
        }

        writer.Terminator.CopyTo(_wire.Room);
        _wire.Advance(writer.Terminator.Length);
        if (await _wire.FlushAsync(ClientStage.Body, cancel) is { } last)
        {
            // The dot may have gone out with a part of this write.
            run.Break(await ExplainedAsync(last with { MayDuplicate = true }, cancel));
            return;
        }

        _recorder.Sent(".");
        run.Expect(ClientStage.EndOfData);
        if (await HearOutstandingAsync(run, cancel)) MessagesSent++;
    }

    /// <summary>A write failed: what the peer said before it hung up, if it said anything, is the better reason.</summary>
    private async ValueTask<StageFailure> ExplainedAsync(StageFailure failure, CancellationToken cancel)
    {
        if ((await _wire.ReadLastWordsAsync(failure, cancel)).Reply is not { Code: >= 400 } reply) return failure;
        _recorder.Heard(reply);
        return Refused(reply, failure.Stage);
    }

    /// <summary>354 although no recipient stands: a lone dot ends it (RFC 2920 section 3.1), whatever the peer says to that.</summary>
    private async ValueTask EndEmptyAsync(TransactionRun run, CancellationToken cancel)
    {
        _recorder.Sent(".");
        run.ExpectIgnored();
        if (await _wire.WriteAsync(".\r\n", ClientStage.EndOfData, cancel) is { } failure) run.Break(failure);
        else await HearOutstandingAsync(run, cancel);
    }
}
