namespace Postern.Protocols.Smtp;

public sealed partial class SmtpServerSession
{
    private IMessageBody? _body;
    private BodyReader _reader;
    private RejectionReason _bodyProblem;
    private long _bodyBytes;
    private bool _smtpUtf8, _isBinary;

    private async ValueTask DataAsync()
    {
        if (_isBinary)
        {
            await RefuseDataAsync(RejectionReason.BinaryNeedsBdat).ConfigureAwait(false);
            return;
        }
        if (!await BeginAsync(transparency: true).ConfigureAwait(false))
        {
            await EndIfDataFollowAsync().ConfigureAwait(false);
            return;
        }
        await SendAsync(SessionReplies.StartData).ConfigureAwait(false);
        while (!await StepAsync(long.MaxValue).ConfigureAwait(false)) { }
        await FinishAsync().ConfigureAwait(false);
    }

    private async ValueTask RefuseDataAsync(RejectionReason reason)
    {
        await RejectAsync(reason).ConfigureAwait(false);
        await EndIfDataFollowAsync().ConfigureAwait(false);
    }

    /// <summary>A client that did not wait for 354 would now have its message read as commands; DATA is the last of a pipelined group (RFC 2920 section 3.1).</summary>
    private ValueTask EndIfDataFollowAsync() => _wire.IsEmpty || _closing ? default : RejectAsync(RejectionReason.PipelinedAfterData);

    /// <summary>One chunk (RFC 3030 section 2): its octets are taken whatever the answer is, so that the session stays in step.</summary>
    private ValueTask ChunkAsync(ReadOnlySpan<byte> argument)
    {
        if (!SmtpCommandParser.TryParseBdat(argument, out long size, out bool isLast)) return RejectAsync(RejectionReason.BdatSyntax);
        return ChunkAsync(size, isLast);
    }

    private async ValueTask ChunkAsync(long size, bool isLast)
    {
        var refusal = RejectionReason.None;
        bool taken = false;
        if (!SessionRules.IsAllowed(SmtpVerb.Bdat, _phase) || !context.IsExtended) refusal = context.IsExtended ? SessionRules.WhyNot(SmtpVerb.Bdat, _phase, _recipientsRefused) : RejectionReason.HelloFirst;
        else taken = _phase == SessionPhase.Chunks || await BeginAsync(transparency: false).ConfigureAwait(false);
        for (long left = size; left > 0;)
        {
            if (_wire.IsEmpty) await FillAsync(large: true).ConfigureAwait(false);
            int count = (int)Math.Min(left, _wire.Input.Length);
            left -= count;
            if (taken) await TakeAsync(count).ConfigureAwait(false);
            else _wire.Advance(count);
        }
        if (refusal != RejectionReason.None) await RejectAsync(refusal).ConfigureAwait(false);
        else if (!taken) return;
        else if (isLast)
        {
            var end = _reader.Finish();
            await CheckReaderAsync().ConfigureAwait(false);
            await WriteBodyAsync(end).ConfigureAwait(false);
            await FinishAsync().ConfigureAwait(false);
        }
        else if (_bodyProblem != RejectionReason.None) await FinishAsync().ConfigureAwait(false);
        else await SendAsync(SessionReplies.ChunkOk).ConfigureAwait(false);
    }

    private async ValueTask TakeAsync(int count)
    {
        while (count > 0)
        {
            int before = _wire.Input.Length;
            await StepAsync(count).ConfigureAwait(false);
            count -= before - _wire.Input.Length;
        }
    }

    private async ValueTask<bool> BeginAsync(bool transparency)
    {
        var admission = await handler.BeginBodyAsync(context, _abort).ConfigureAwait(false);
        if (admission.Refusal is { } refusal)
        {
            await DropTransactionAsync().ConfigureAwait(false);
            await ReplyAsync(refusal).ConfigureAwait(false);
            return false;
        }
        _body = admission.Body;
        _reader = new BodyReader(transparency, options.NormaliseBareNewlines, options.MaxLineBytes, _isBinary);
        _bodyProblem = RejectionReason.None;
        _bodyBytes = 0;
        _phase = SessionPhase.Chunks;
        return true;
    }

    /// <summary>One step of the reader on at most so many bytes; true at the end of the data.</summary>
    private async ValueTask<bool> StepAsync(long max)
    {
        if (_wire.IsEmpty) await FillAsync(large: true).ConfigureAwait(false);
        var input = _wire.Input;
        if (input.Length > max) input = input[..(int)max];
        var step = _reader.Next(input.Span);
        await CheckReaderAsync().ConfigureAwait(false);
        await WriteBodyAsync(step.Insert).ConfigureAwait(false);
        await WriteBodyAsync(input.Slice(step.Start, step.Length)).ConfigureAwait(false);
        _wire.Advance(step.Consumed);
        return step.IsEnd;
    }

    private ValueTask CheckReaderAsync() =>
        _reader.HasBareNewline ? BreakAsync(RejectionReason.BareNewlineInData) : _reader.HasLongLine ? BreakAsync(RejectionReason.MessageLineTooLong) : default;

    private ValueTask WriteBodyAsync(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty || _bodyProblem != RejectionReason.None) return default;
        _bodyBytes += bytes.Length;
        return options.MaxMessageBytes > 0 && _bodyBytes > options.MaxMessageBytes
            ? BreakAsync(RejectionReason.MessageTooBig)
            : _body!.WriteAsync(bytes, _abort);
    }

    /// <summary>The message is lost; the rest of it is still read, to its true end.</summary>
    private ValueTask BreakAsync(RejectionReason reason)
    {
        if (_bodyProblem != RejectionReason.None) return default;
        _bodyProblem = reason;
        return AbandonAsync();
    }

    private async ValueTask AbandonAsync()
    {
        var body = _body;
        _body = null;
        if (body is not null) await body.AbandonAsync().ConfigureAwait(false);
    }

    private async ValueTask FinishAsync()
    {
        if (_bodyProblem != RejectionReason.None)
        {
            await DropTransactionAsync().ConfigureAwait(false);
            await RejectAsync(_bodyProblem).ConfigureAwait(false);
            return;
        }
        var body = _body!;
        _body = null;
        var reply = await body.CompleteAsync(_abort).ConfigureAwait(false);
        _phase = SessionPhase.Ready;
        if (reply.IsPositive)
        {
            _messages++;
            _errors = 0;
        }
        await ReplyAsync(reply).ConfigureAwait(false);
    }
}
