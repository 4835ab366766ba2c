using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Telemetry;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>
/// A client's transaction passed on to an upstream while it happens. The upstream is chosen by the first recipient, so its answer to MAIL can only come
/// back as the answer to that one. What the upstream says comes back unaltered; where it says nothing (unreachable, lost, too late) the client hears 451
/// with the reason, or, inline-then-queue, the transaction goes on as one that is queued.
/// </summary>
/// <param name="mode">Inline or InlineThenQueue.</param>
internal sealed class InlineTransaction(ILiveUpstreams upstreams, SubmissionServices services, SubmissionModel model, DeliveryMode mode, string destination)
{
    private LiveUpstream? _live;
    private SmtpReply? _mailRefusal;
    private long _began;

    public string Destination => destination;
    public DeliveryMode Mode => mode;

    /// <summary>True once the upstream failed and the transaction is to be queued. Never in inline mode.</summary>
    public bool IsQueued { get; private set; }

    /// <summary>The reply to RCPT. A positive one of a transaction that is queued now is ours.</summary>
    public async ValueTask<SmtpReply> RcptAsync(MailCommand mail, RcptCommand rcpt, CancellationToken cancel)
    {
        if (IsQueued) return SubmissionReplies.RecipientOk;
        if (_mailRefusal is not null) return _mailRefusal;
        using var late = mode == DeliveryMode.InlineThenQueue ? new LateLimit(services.Time, RemainingWait(), cancel) : null;
        var token = late?.Token ?? cancel;
        try
        {
            if (_live is null && await OpenAsync(mail, token).ConfigureAwait(false) is { } trouble) return trouble;
            var result = await _live!.Session.RcptAsync(rcpt, token).ConfigureAwait(false);
            if (result.Reply is { } said) _live.Tally.Hear(ClientStage.Rcpt, said);
            return Heard(result, ClientStage.Rcpt) ?? Lost(result);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // A look-up that was cut short by the wait, not by the session's end.
            return Failed(null, null);
        }
    }

    /// <summary>DATA: null when the upstream waits for the body or the transaction is queued; else its refusal or the reason.</summary>
    public async ValueTask<SmtpReply?> BeginBodyAsync(CancellationToken cancel)
    {
        if (IsQueued) return null;
        if (_live is null) return SubmissionReplies.NoRecipients;
        using var late = mode == DeliveryMode.InlineThenQueue ? new LateLimit(services.Time, RemainingWait(), cancel) : null;
        var result = await _live.Session.DataAsync(late?.Token ?? cancel).ConfigureAwait(false);
        if (result.Reply is { } said) _live.Tally.Hear(ClientStage.Data, said);
        if (Heard(result, ClientStage.Data) is { } reply)
        {
            if (reply.IsIntermediate) return null;
            await EndAsync().ConfigureAwait(false);
            return reply;
        }
        var lost = Lost(result);
        return IsQueued ? null : lost;
    }

    /// <summary>The session that waits for the body, with the duty to end it; null when the transaction is queued.</summary>
    public LiveUpstream? TakeSession()
    {
        var live = _live;
        _live = null;
        return live;
    }

    /// <summary>The client gave the transaction up (or the upstream refused it): the session is reset and goes back.</summary>
    public async ValueTask EndAsync()
    {
        if (TakeSession() is not { } live) return;
        var result = await live.Session.ResetAsync(CancellationToken.None).ConfigureAwait(false);
        if (result.Reply is { IsPositive: true }) live.Return();
        else live.Drop(null);
    }

    private async ValueTask<SmtpReply?> OpenAsync(MailCommand mail, CancellationToken cancel)
    {
        _began = services.Time.GetTimestamp();
        for (bool fresh = false; ; fresh = true)
        {
            var opening = await upstreams.OpenAsync(destination, fresh, cancel).ConfigureAwait(false);
            if (opening.Upstream is not { } live)
            {
                // What the DNS says for good is no trouble of the moment: to queue it would only be to bounce it.
                if (InlineReplies.Undeliverable(opening.Failure) is not { } never) return Failed(opening.Failure, opening.Diagnosis);
                services.Metrics.SubmissionsRefused.Add(1, new KeyValuePair<string, object?>("reason", "unreachable"));
                return never;
            }
            var extensions = live.Session.Extensions;
            if (mail.SmtpUtf8 && !extensions.SmtpUtf8)
            {
                live.Return();
                return _mailRefusal = SmtpReply.Of(550, "5.6.7", $"The upstream {live.Name} does not take internationalized mail (SMTPUTF8)");
            }
            // Whatever the client declared, 8-bit bytes may come; where the upstream has no 8BITMIME they are stopped when they do.
            var result = await live.Session.MailAsync(mail with { Body = extensions.EightBitMime ? BodyType.EightBitMime : BodyType.SevenBit }, mail.DeclaredSize, live.Recorder, cancel).ConfigureAwait(false);
            // An idle session that the peer closed meanwhile, with 421 or without a word, says nothing of the peer.
            if (live.IsReused && !fresh && !cancel.IsCancellationRequested && (result.Reply ?? result.Failure?.Reply) is null or { Code: 421 })
            {
                live.Drop(null);
                continue;
            }
            _live = live;
            if (result.Reply is { } said) live.Tally.Hear(ClientStage.Mail, said);
            if (Heard(result, ClientStage.Mail) is not { } reply) return Lost(result);
            if (reply.IsPositive) return null;
            await EndAsync().ConfigureAwait(false);
            return _mailRefusal = reply;
        }
    }

    /// <summary>The upstream's own words; null when it has none or says that it closes and the message can be queued instead.</summary>
    private SmtpReply? Heard(in StageResult result, ClientStage stage)
    {
        var reply = result.Reply ?? result.Failure?.Reply;
        // Its words go to the client as they are; what they mean is for our log and the operator.
        if (reply is { Code: >= 400 }) _live?.Explain(result.Failure ?? new StageFailure(stage, Speaker.Peer, FailureKind.Refused, reply.ToString(), reply));
        return reply is { Code: 421 } && mode == DeliveryMode.InlineThenQueue ? null : reply;
    }

    private SmtpReply Lost(in StageResult result)
    {
        var live = TakeSession();
        var diagnosis = result.Failure is { } failure ? live?.Explain(failure) : null;
        live?.Drop(result.Failure);
        return Failed(result.Failure, diagnosis);
    }

    private SmtpReply Failed(StageFailure? failure, DiagnosisReport? diagnosis)
    {
        var reply = InlineReplies.Unreachable(failure, diagnosis);
        if (mode == DeliveryMode.Inline)
        {
            services.Metrics.SubmissionsRefused.Add(1, new KeyValuePair<string, object?>("reason", "unreachable"));
            return reply;
        }
        IsQueued = true;
        PosternLog.InlineQueued(services.Logger, destination, failure?.Detail ?? "no answer in time");
        return SubmissionReplies.RecipientOk;
    }

    private TimeSpan RemainingWait()
    {
        if (_began == 0) return model.InlineWait;
        var left = model.InlineWait - services.Time.GetElapsedTime(_began);
        return left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1);
    }

    /// <summary>A token that is cancelled when the upstream took too long or the session ends.</summary>
    private sealed class LateLimit : IDisposable
    {
        private readonly CancellationTokenSource _late;
        private readonly CancellationTokenSource _linked;

        public LateLimit(TimeProvider time, TimeSpan wait, CancellationToken cancel)
        {
            _late = new CancellationTokenSource(wait, time);
            _linked = CancellationTokenSource.CreateLinkedTokenSource(_late.Token, cancel);
        }

        public CancellationToken Token => _linked.Token;

        public void Dispose()
        {
            _linked.Dispose();
            _late.Dispose();
        }
    }
}
