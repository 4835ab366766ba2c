using System.Buffers;
using System.Diagnostics;
using System.Text;
using Postern.Core.Queue;
using Postern.Core.Telemetry;
using Postern.Protocols.Mail;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>
/// Takes one message into the store: one Received line first, then the client's bytes as they come (copied once, by the store), the header section
/// watched as it goes by. 250 only after the store has committed. After a failure the rest is swallowed and the reply says why.
/// </summary>
internal sealed class QueueBody : IMessageBody
{
    private readonly SubmissionServices _services;
    private readonly SubmissionModel _model;
    private readonly SessionContext _session;
    private readonly SubmissionTransaction _transaction;
    private readonly IncomingMessage _incoming;
    private readonly long _began;
    private readonly MissingHeaders? _missing;
    private readonly PriorityFields? _priority;
    private readonly Activity? _span;
    private HeaderScanner _scanner;
    private long _size;
    private int _added;
    private bool _hasEightBit;
    private SmtpReply? _failure;
    private string _failureReason = "";

    public QueueBody(SubmissionServices services, SubmissionModel model, SessionContext session, SubmissionTransaction transaction, IncomingMessage incoming)
    {
        _services = services;
        _model = model;
        _session = session;
        _transaction = transaction;
        _incoming = incoming;
        _began = services.Time.GetTimestamp();
        _scanner = new HeaderScanner(model.Header);
        // RFC 6409 section 8 allows this for submission only: whoever may relay by network or by name is a submitter here.
        if (model.AddMissingHeaders) _missing = new MissingHeaders(incoming.Id, model.Hostname);
        if (transaction.Mail!.MtPriority is null && model.Priorities.ReadsHeader) _priority = new PriorityFields();
        if (!PosternTraces.IsOn) return;
        _span = PosternTraces.Begin("accept", ActivityKind.Server, default, services.Time.GetUtcNow());
        if (incoming is InlineMessage inline) inline.Trace(PosternTraces.Traceparent(_span));
    }

    public MessageId Id => _incoming.Id;

    /// <summary>The rest is swallowed: whoever can stop sending it may as well.</summary>
    public bool HasFailed => _failure is not null;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        if (_failure is not null || bytes.IsEmpty) return;
        _size += bytes.Length;
        if (_size > _model.MaxMessageBytes)
        {
            Fail("too_large", SubmissionReplies.TooLarge(_model.MaxMessageBytes));
            return;
        }
        try
        {
            if (_added == 0) await WriteReceivedAsync(cancel).ConfigureAwait(false);
            if (!_hasEightBit) _hasEightBit = !Ascii.IsValid(bytes.Span);
            if (_scanner.HasEnded) await _incoming.WriteAsync(bytes, cancel).ConfigureAwait(false);
            else await WriteHeaderAsync(bytes, cancel).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            FailStore(e);
        }
    }

    public async ValueTask<SmtpReply> CompleteAsync(CancellationToken cancel)
    {
        try
        {
            if (_failure is null) await CommitAsync(cancel).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            FailStore(e);
        }
        finally
        {
            await _incoming.DisposeAsync().ConfigureAwait(false);
        }
        var said = (_incoming as InlineMessage)?.Reply;
        if (_failure is null && said is { IsPositive: false }) Fail("upstream", said);
        SmtpReply reply;
        using (PosternTraces.As(_span)) reply = _failure is null ? Accepted(said) : Refused(_failure);
        if (_span is not null) EndSpan(_span, said, reply);
        _transaction.Reset();
        return reply;
    }

    public ValueTask AbandonAsync()
    {
        _services.Metrics.BodiesAbandoned.Add(1);
        if (_span is not null) AcceptTrace.Broken(_span, _incoming.Id.ToString(), _services.Time.GetUtcNow());
        _transaction.Reset();
        return _incoming.DisposeAsync();
    }

    private async ValueTask WriteReceivedAsync(CancellationToken cancel)
    {
        byte[] line = ArrayPool<byte>.Shared.Rent(ReceivedHeader.MaxBytes);
        try
        {
            var recipients = _transaction.Recipients;
            var single = recipients.Count == 1 ? recipients[0].Address : default;
            bool smtpUtf8 = _transaction.Mail!.SmtpUtf8;
            _added = ReceivedHeader.Write(line, new ReceivedFacts(
                _session.Hello, _session.Remote.Address, _model.Hostname, _transaction.Origin(_session).Protocol, _incoming.Id.ToString(), _session.Tls,
                single.Address is { } address && (smtpUtf8 || !single.IsInternationalized) ? address : null, _services.Time.GetUtcNow()));
            await _incoming.WriteAsync(line.AsMemory(0, _added), cancel).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(line);
        }
    }

    private ValueTask WriteHeaderAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        int end = _scanner.Scan(bytes.Span);
        _priority?.Scan(bytes.Span);
        if (_scanner.Problem != HeaderProblem.None)
        {
            Fail(_scanner.Problem == HeaderProblem.TooManyReceived ? "loop" : "header", SubmissionReplies.Header(_scanner.Problem, _model.Header));
            return default;
        }
        return _missing is null
            ? _incoming.WriteAsync(bytes, cancel)
            : _missing.WriteAsync(_incoming, bytes, end, _scanner, _services.Time, cancel);
    }

    private async ValueTask CommitAsync(CancellationToken cancel)
    {
        // An empty message, or one whose whole header came in a last piece, passes here too.
        if (_added == 0) await WriteReceivedAsync(cancel).ConfigureAwait(false);
        if (_missing is not null) await _missing.FinishAsync(_incoming, _scanner, _services.Time, cancel).ConfigureAwait(false);
        var mail = _transaction.Mail!;
        var now = _services.Time.GetUtcNow();
        var envelope = new QueuedEnvelope
        {
            From = mail.From,
            Recipients = [.. _transaction.Recipients],
            Origin = _transaction.Origin(_session),
            AcceptedAt = now,
            ExpiresAt = now + _model.Expire,
            Body = mail.Body,
            SmtpUtf8 = mail.SmtpUtf8,
            Return = mail.Return,
            EnvId = mail.EnvId,
            Priority = mail.MtPriority ?? _model.Priorities.Of(_session.User, _priority?.Priority),
            HasEightBit = _hasEightBit,
            Traceparent = PosternTraces.Traceparent(_span),
        };
        var keep = _span is null ? null : PosternTraces.Begin("keep", ActivityKind.Internal, _span.Context, now);
        try
        {
            await _incoming.CommitAsync(envelope, cancel).ConfigureAwait(false);
        }
        finally
        {
            if (keep is not null) PosternTraces.End(keep, _services.Time.GetUtcNow());
        }
    }

    /// <param name="said">The upstream's own reply to a message passed through; null for one that is queued.</param>
    private SmtpReply Accepted(SmtpReply? said)
    {
        string id = _incoming.Id.ToString();
        var elapsed = _services.Time.GetElapsedTime(_began);
        long size = _size + _added + (_missing?.Added ?? 0);
        var metrics = _services.Metrics;
        metrics.MessagesAccepted.Add(1, _model.Source, said is null ? SubmissionTags.Queued : SubmissionTags.Inline);
        metrics.RecipientsAccepted.Add(_transaction.Recipients.Count);
        metrics.BytesAccepted.Add(size);
        metrics.AcceptDuration.Record(elapsed.TotalSeconds);
        if (said is not null)
        {
            PosternLog.MessagePassed(_services.Logger, id, _transaction.Mail!.From.Address, _transaction.Recipients.Count, size, _transaction.Client(_session),
                _session.Tls?.Protocol, _session.User, _session.Listener, elapsed.TotalMilliseconds, said.ToString());
            return said;
        }
        PosternLog.MessageAccepted(_services.Logger, id, _transaction.Mail!.From.Address, _transaction.Recipients.Count, size, _transaction.Client(_session),
            _session.Tls?.Protocol, _session.User, _session.Listener, elapsed.TotalMilliseconds);
        return _transaction.IsPriorityLowered ? SubmissionReplies.QueuedAt(_transaction.Mail.MtPriority!.Value, id) : SubmissionReplies.Queued(id);
    }

    private SmtpReply Refused(SmtpReply reply)
    {
        _services.Metrics.SubmissionsRefused.Add(1, new KeyValuePair<string, object?>("reason", _failureReason));
        PosternLog.SubmissionRefused(_services.Logger, _failureReason, _transaction.Client(_session), _session.User, _transaction.Mail!.From.Address, null, reply.ToString());
        return reply;
    }

    private void EndSpan(Activity span, SmtpReply? said, SmtpReply reply)
    {
        string id = _incoming.Id.ToString();
        var now = _services.Time.GetUtcNow();
        if (_failure is null) AcceptTrace.Accepted(span, id, _size + _added + (_missing?.Added ?? 0), _transaction, _session, said, now);
        else AcceptTrace.Refused(span, id, _failureReason, reply, now);
    }

    private void Fail(string reason, SmtpReply reply)
    {
        _failureReason = reason;
        _failure = reply;
    }

    private void FailStore(StoreException e)
    {
        PosternLog.MessageNotKept(_services.Logger, _incoming.Id.ToString(), _transaction.Client(_session), e.Message);
        // The log says what broke and where; a client has no use for our paths.
        if (e.IsFull) Fail("store_full", SubmissionReplies.StoreFull);
        else Fail("store_failed", SubmissionReplies.NotKept);
    }
}
