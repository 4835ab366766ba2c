namespace Postern.Protocols.Smtp;

/// <summary>The transaction verb by verb, for passing a client's own transaction through live. Each waits for its reply.</summary>
public sealed partial class SmtpClientSession
{
    private DataWriter _live;

    /// <param name="size">Declared size in bytes, null when the client named none.</param>
    public async ValueTask<StageResult> MailAsync(MailCommand mail, long? size, SessionRecorder recorder, CancellationToken cancel)
    {
        _recorder = recorder;
        // The session may have carried a queued message before, whose recipients were all refused.
        if (_needsReset && await ResetAsync(cancel) is { Reply: not { IsPositive: true } } reset) return reset.Reply is null ? reset : new StageResult(null, TransactionRun.ResetRefused(reset.Reply));
        TransactionsBegun++;
        return await StageAsync(ClientStage.Mail, MailLine.Of(mail, Extensions, size, mail.Body == BodyType.EightBitMime), mail, cancel);
    }

    public ValueTask<StageResult> RcptAsync(RcptCommand rcpt, CancellationToken cancel) => StageAsync(ClientStage.Rcpt, MailLine.Of(rcpt, Extensions), rcpt, cancel);

    /// <summary>354 means that <see cref="WriteBodyAsync"/> may begin.</summary>
    public ValueTask<StageResult> DataAsync(CancellationToken cancel)
    {
        _live = new DataWriter();
        return StageAsync(ClientStage.Data, "DATA\r\n", "DATA", cancel);
    }

    /// <summary>Sends a piece of the content, dot-stuffed; null when it went well. The memory is only read during the call.</summary>
    public async ValueTask<StageFailure?> WriteBodyAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        _recorder.Enter(ClientStage.Body);
        while (bytes.Length > 0)
        {
            _live.Copy(bytes.Span, _wire.Room, out int consumed, out int written);
            _wire.Advance(written);
            bytes = bytes[consumed..];
            if (bytes.Length > 0 && await _wire.FlushAsync(ClientStage.Body, cancel) is { } failure) return await ExplainedAsync(failure, cancel);
        }

        return null;
    }

    /// <summary>Ends the content; the reply is the upstream's word on the message.</summary>
    public async ValueTask<StageResult> EndAsync(CancellationToken cancel)
    {
        if (_wire.Room.Length < _live.Terminator.Length && await _wire.FlushAsync(ClientStage.Body, cancel) is { } failure) return new StageResult(null, await ExplainedAsync(failure, cancel));
        _live.Terminator.CopyTo(_wire.Room);
        _wire.Advance(_live.Terminator.Length);
        _recorder.Enter(ClientStage.EndOfData);
        _recorder.Sent(".");
        if (await _wire.FlushAsync(ClientStage.EndOfData, cancel) is { } broken) return new StageResult(null, await ExplainedAsync(broken, cancel));
        var result = await HearAsync(ClientStage.EndOfData, cancel);
        _recorder.Leave();
        if (result.Reply is not null) MessagesSent++;
        _wire.Rest();
        return result;
    }

    /// <summary>RSET; a positive reply means the session is free for another transaction.</summary>
    public ValueTask<StageResult> ResetAsync(CancellationToken cancel)
    {
        _needsReset = false;
        return StageAsync(ClientStage.Rset, "RSET\r\n", "RSET", cancel);
    }

    private ValueTask<StageResult> StageAsync(ClientStage stage, string line, object shown, CancellationToken cancel)
    {
        _recorder.Enter(stage);
        return CommandAsync(line, shown, stage, cancel);
    }
}
