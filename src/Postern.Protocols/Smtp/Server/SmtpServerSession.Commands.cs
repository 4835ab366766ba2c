namespace Postern.Protocols.Smtp;

public sealed partial class SmtpServerSession
{
    private ValueTask DispatchAsync(ReadOnlyMemory<byte> line)
    {
        var verb = SmtpCommandParser.ParseVerb(line.Span, out var argument);
        if (!SmtpCommandParser.IsText(line.Span)) return RejectAsync(verb == SmtpVerb.Bdat ? RejectionReason.BdatSyntax : RejectionReason.NotAscii);
        // The octets of a chunk follow even where the command is refused.
        if (verb == SmtpVerb.Bdat) return ChunkAsync(argument);
        var reason = SessionRules.IsAllowed(verb, _phase) ? RejectionReason.None : SessionRules.WhyNot(verb, _phase, _recipientsRefused);
        if (verb == SmtpVerb.Data && reason == RejectionReason.None && !argument.IsEmpty) reason = RejectionReason.ArgumentNotAllowed;
        if (reason != RejectionReason.None) return verb == SmtpVerb.Data ? RefuseDataAsync(reason) : RejectAsync(reason);
        switch (verb)
        {
            case SmtpVerb.Helo or SmtpVerb.Ehlo: return HelloAsync(argument, verb == SmtpVerb.Ehlo);
            case SmtpVerb.Mail: return MailAsync(argument);
            case SmtpVerb.Rcpt: return RcptAsync(argument);
            case SmtpVerb.Auth: return AuthAsync(line.Slice(line.Span.TrimEnd((byte)' ').Length - argument.Length, argument.Length));
            case SmtpVerb.Noop: return ReplyAsync(SessionReplies.Ok);
            case SmtpVerb.Help: return ReplyAsync(SessionReplies.Help);
            case SmtpVerb.Vrfy: return argument.IsEmpty ? RejectAsync(RejectionReason.ArgumentMissing) : ReplyAsync(SessionReplies.Vrfy);
            case SmtpVerb.Expn or SmtpVerb.Etrn or SmtpVerb.Turn: return RejectAsync(RejectionReason.NotImplemented);
            case SmtpVerb.Http: return RejectAsync(RejectionReason.Http);
            case SmtpVerb.Unknown: return RejectAsync(RejectionReason.UnknownCommand);
        }
        if (!argument.IsEmpty) return RejectAsync(RejectionReason.ArgumentNotAllowed);
        return verb switch
        {
            SmtpVerb.Data => DataAsync(),
            SmtpVerb.Rset => ResetCommandAsync(),
            SmtpVerb.StartTls => StartTlsAsync(),
            _ => QuitAsync(),
        };
    }

    private ValueTask HelloAsync(ReadOnlySpan<byte> argument, bool extended)
    {
        if (SmtpCommandParser.ParseHello(argument, out string name) is not RejectionReason.None and var reason) return RejectAsync(reason);
        return GreetedAsync(name, extended);
    }

    private async ValueTask GreetedAsync(string name, bool extended)
    {
        await DropTransactionAsync().ConfigureAwait(false);
        context.Hello = name;
        context.IsExtended = extended;
        _phase = SessionPhase.Ready;
        await SendAsync(extended ? _replies.Ehlo(context) : _replies.Helo).ConfigureAwait(false);
    }

    private ValueTask MailAsync(ReadOnlySpan<byte> argument)
    {
        if (options.MaxMessagesPerSession > 0 && _messages >= options.MaxMessagesPerSession) return RejectAsync(RejectionReason.TooManyMessages);
        if (SmtpCommandParser.ParseMail(argument, Features(false), out var mail) is not RejectionReason.None and var reason) return RejectAsync(reason);
        if (options.MaxMessageBytes > 0 && mail!.DeclaredSize > options.MaxMessageBytes) return RejectAsync(RejectionReason.MessageTooBig);
        return MailAsync(mail!);
    }

    private async ValueTask MailAsync(MailCommand mail)
    {
        var reply = await handler.MailAsync(context, mail, _abort).ConfigureAwait(false);
        if (reply.IsPositive)
        {
            _smtpUtf8 = mail.SmtpUtf8;
            _isBinary = mail.Body == BodyType.BinaryMime;
            _recipients = 0;
            _recipientsRefused = false;
            Volatile.Write(ref _transactionStarted, time.GetTimestamp());
            _phase = SessionPhase.Sender;
        }
        await ReplyAsync(reply).ConfigureAwait(false);
    }

    private ValueTask RcptAsync(ReadOnlySpan<byte> argument)
    {
        if (SmtpCommandParser.ParseRcpt(argument, Features(_smtpUtf8), out var rcpt) is not RejectionReason.None and var reason)
        {
            _recipientsRefused = true;
            return RejectAsync(reason);
        }
        if (options.MaxRecipients > 0 && _recipients >= options.MaxRecipients) return RejectAsync(RejectionReason.TooManyRecipients);
        return RcptAsync(rcpt!);
    }

    private async ValueTask RcptAsync(RcptCommand rcpt)
    {
        var reply = await handler.RcptAsync(context, rcpt, _abort).ConfigureAwait(false);
        if (reply.IsPositive)
        {
            _recipients++;
            _phase = SessionPhase.Recipients;
        }
        else _recipientsRefused = true;
        await ReplyAsync(reply).ConfigureAwait(false);
    }

    private async ValueTask ResetCommandAsync()
    {
        await DropTransactionAsync().ConfigureAwait(false);
        await SendAsync(SessionReplies.Ok).ConfigureAwait(false);
    }

    private ValueTask QuitAsync()
    {
        _closing = true;
        return SendAsync(_replies.Bye);
    }

    private async ValueTask DropTransactionAsync()
    {
        if (_body is not null) await AbandonAsync().ConfigureAwait(false);
        if (_phase < SessionPhase.Sender) return;
        _phase = SessionPhase.Ready;
        await handler.ResetAsync(context).ConfigureAwait(false);
    }

    private ParserFeatures Features(bool smtpUtf8) =>
        (context.IsExtended ? ParserFeatures.Extended : 0) | (options.OfferBinaryMime ? ParserFeatures.BinaryMime : 0)
        | (options.OfferMtPriority ? ParserFeatures.MtPriority : 0) | (smtpUtf8 ? ParserFeatures.SmtpUtf8 : 0);
}
