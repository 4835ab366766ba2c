using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Core.Telemetry;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>
/// The relay behind a server session: checks who may send, routes each recipient, takes the body into the store and answers 250 when it is durable.
/// One per listener and configuration; it has no state of its own (that is in <c>SessionContext.State</c>), so any number of sessions share it.
/// </summary>
/// <param name="authenticator">Null where nobody authenticates in a session.</param>
internal sealed class SubmissionHandler(SubmissionServices services, SubmissionModel model, Authenticator? authenticator, StoreRoom room) : ISubmissionHandler
{
    public ValueTask<SmtpReply?> ConnectAsync(SessionContext session, CancellationToken cancel)
    {
        services.Metrics.SessionsOpened.Add(1);
        return default;
    }

    public async ValueTask<AuthOutcome> AuthenticateAsync(SessionContext session, string authorizationId, string user, ReadOnlyMemory<byte> password, CancellationToken cancel)
    {
        if (authenticator is null) return new AuthOutcome(null, SmtpReply.Of(502, "5.5.1", "No authentication here"));
        var outcome = await authenticator.VerifyAsync(session, authorizationId, user, password, cancel).ConfigureAwait(false);
        services.Metrics.AuthAttempts.Add(1, new KeyValuePair<string, object?>("result", outcome.User is not null ? "ok" : outcome.Close ? "throttled" : "failed"));
        if (outcome.Close) PosternLog.AuthThrottled(services.Logger, user, session.Remote.Address.ToString(), session.Listener);
        else if (outcome.User is null) PosternLog.AuthFailed(services.Logger, user, session.Remote.Address.ToString(), session.Listener);
        return outcome;
    }

    public ValueTask<SmtpReply> MailAsync(SessionContext session, MailCommand mail, CancellationToken cancel)
    {
        var transaction = session.State as SubmissionTransaction;
        if (transaction is null) session.State = transaction = new SubmissionTransaction(model.Access.IsTrusted(session.Remote.Address));
        var auth = session.Tls is not null || model.AuthWithoutTls ? AuthOffer.Now : model.OffersStartTls ? AuthOffer.AfterStartTls : AuthOffer.Never;
        SmtpReply reply;
        if (model.Access.Check(session, transaction.IsTrusted, auth, mail.From) is { } denied)
            reply = Refuse(session, session.User is null && !transaction.IsTrusted ? "relay_denied" : "sender_denied", mail, null, denied);
        else if (mail.DeclaredSize > model.MaxMessageBytes)
            reply = Refuse(session, "too_large", mail, null, SubmissionReplies.TooLarge(model.MaxMessageBytes));
        else if (!room.HasRoom && !model.PassesThrough)
            reply = Refuse(session, "store_full", mail, null, SubmissionReplies.StoreFull);
        else
        {
            transaction.Begin(mail, model.Priorities.Admit(mail, session.User, transaction.IsTrusted));
            reply = SubmissionReplies.SenderOk;
        }
        return new ValueTask<SmtpReply>(reply);
    }

    public ValueTask<SmtpReply> RcptAsync(SessionContext session, RcptCommand rcpt, CancellationToken cancel)
    {
        var transaction = (SubmissionTransaction)session.State!;
        var mail = transaction.Mail!;
        if (transaction.Contains(rcpt.To)) return new ValueTask<SmtpReply>(SubmissionReplies.RecipientOk);
        if (transaction.Recipients.Count >= model.MaxRecipients)
            return new ValueTask<SmtpReply>(Refuse(session, "too_many_recipients", mail, rcpt, SubmissionReplies.TooManyRecipients(model.MaxRecipients)));
        var decision = services.Router.Route(mail.From, rcpt.To, session.Listener, session.User);
        if (decision.Refusal is { } refusal) return new ValueTask<SmtpReply>(Refuse(session, "no_route", mail, rcpt, refusal));
        if (transaction.Inline is not null || (decision.Mode != DeliveryMode.Queue && services.Inline is not null)) return InlineRcptAsync(transaction, rcpt, decision, cancel);
        transaction.Add(new QueuedRecipient(rcpt.To, decision.Destination!, rcpt.Notify, rcpt.OriginalRecipient));
        return new ValueTask<SmtpReply>(SubmissionReplies.RecipientOk);
    }

    private async ValueTask<SmtpReply> InlineRcptAsync(SubmissionTransaction transaction, RcptCommand rcpt, RouteDecision decision, CancellationToken cancel)
    {
        // While no recipient stands the transaction has no destination yet: one that was refused elsewhere must not hinder this one.
        if (transaction.Recipients.Count == 0 && transaction.Inline is { } refused && refused.Destination != decision.Destination)
        {
            transaction.Inline = null;
            await refused.EndAsync().ConfigureAwait(false);
        }
        if (transaction.Inline is null && transaction.Recipients.Count == 0)
            transaction.Inline = new InlineTransaction(services.Inline!, services, model, decision.Mode, decision.Destination!);
        if (transaction.Inline is not { } inline || inline.Destination != decision.Destination || inline.Mode != decision.Mode) return InlineReplies.OneDestination;
        var reply = await inline.RcptAsync(transaction.Mail!, rcpt, cancel).ConfigureAwait(false);
        if (reply.IsPositive) transaction.Add(new QueuedRecipient(rcpt.To, decision.Destination, rcpt.Notify, rcpt.OriginalRecipient));
        return reply;
    }

    public ValueTask<BodyAdmission> BeginBodyAsync(SessionContext session, CancellationToken cancel)
    {
        if (session.State is not SubmissionTransaction { Mail: not null } transaction || transaction.Recipients.Count == 0)
            return new ValueTask<BodyAdmission>(BodyAdmission.Refuse(SubmissionReplies.NoRecipients));
        return transaction.Inline is null
            ? new ValueTask<BodyAdmission>(BeginQueued(session, transaction))
            : BeginInlineAsync(session, transaction, transaction.Inline, cancel);
    }

    public ValueTask ResetAsync(SessionContext session)
    {
        if (session.State is not SubmissionTransaction transaction) return default;
        var inline = transaction.Inline;
        transaction.Reset();
        return inline?.EndAsync() ?? default;
    }

    public ValueTask DisconnectAsync(SessionContext session) => ResetAsync(session);

    private BodyAdmission BeginQueued(SessionContext session, SubmissionTransaction transaction)
    {
        var incoming = services.Store.TryBegin();
        return incoming is null
            ? BodyAdmission.Refuse(Refuse(session, "store_full", transaction.Mail!, null, SubmissionReplies.StoreFull))
            : BodyAdmission.Accept(new QueueBody(services, model, session, transaction, incoming));
    }

    private async ValueTask<BodyAdmission> BeginInlineAsync(SessionContext session, SubmissionTransaction transaction, InlineTransaction inline, CancellationToken cancel)
    {
        if (await inline.BeginBodyAsync(cancel).ConfigureAwait(false) is { } refusal)
        {
            transaction.Reset();
            return BodyAdmission.Refuse(refusal);
        }
        if (inline.TakeSession() is not { } live) return BeginQueued(session, transaction);
        var copy = inline.Mode == DeliveryMode.InlineThenQueue ? services.Store.TryBegin() : null;
        var message = new InlineMessage(live, copy, copy?.Id ?? InlineIds.Next(services.Time), services);
        return BodyAdmission.Accept(new QueueBody(services, model, session, transaction, message));
    }

    private SmtpReply Refuse(SessionContext session, string reason, MailCommand mail, RcptCommand? rcpt, SmtpReply reply)
    {
        services.Metrics.SubmissionsRefused.Add(1, new KeyValuePair<string, object?>("reason", reason));
        string client = ((SubmissionTransaction)session.State!).Client(session);
        PosternLog.SubmissionRefused(services.Logger, reason, client, session.User, mail.From.Address, rcpt?.To.Address, reply.ToString());
        return reply;
    }
}
