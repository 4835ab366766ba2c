using System.Net;
using Postern.Core.Configuration;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Core.Submission.Injection;

/// <summary>Who hands a message in without SMTP.</summary>
/// <param name="User">Who it is known to be; null for somebody of whom only the address is known.</param>
/// <param name="Protocol">The "with" word of the Received line, such as HTTP.</param>
public sealed record InjectionClient(IPEndPoint Remote, IPEndPoint Local, string? User, string Protocol);

/// <summary>A recipient that the relay takes no mail for.</summary>
public sealed record RefusedRecipient(string Address, SmtpReply Reply);

/// <summary>A message that may be handed in, or why not. Exactly one of the three is set.</summary>
/// <param name="Refusal">Of the sender, or for want of room.</param>
/// <param name="Refused">All that are refused; then nothing is sent to the others, for they cannot be answered one by one.</param>
public readonly record struct InjectionStart(MessageInjection? Message, SmtpReply? Refusal, IReadOnlyList<RefusedRecipient>? Refused);

/// <summary>
/// Takes mail in another way than SMTP, by the very steps of an SMTP transaction: the same handler checks who may send from which address, routes each recipient, limits, adds Received
/// and what is missing, and keeps the message. Always queued: an answer means that it is on disk. Thread safe.
/// </summary>
/// <param name="name">Stands where a listener's address does: in routes' matches, logs and the queue.</param>
public sealed class MailInjector(SubmissionServices services, string name)
{
    private readonly SubmissionServices _services = services with { Inline = null };
    private readonly StoreRoom _room = new(services.Store);
    private volatile SubmissionHandler? _handler;
    private volatile SubmissionModel? _model;
    private long _sessions;

    /// <summary>Largest message, in bytes.</summary>
    public long MaxMessageBytes => Model.MaxMessageBytes;

    /// <summary>Largest header section, in bytes.</summary>
    public int MaxHeaderBytes => Model.Header.MaxBytes;

    private SubmissionModel Model => _model ?? throw new InvalidOperationException("no configuration has been applied");

    /// <summary>What begins from here on goes by this configuration.</summary>
    public void Apply(PosternConfig config)
    {
        var model = SubmissionModel.Of(config, new ListenerConfig { Address = name, AddMissingHeaders = true }, new AccessPolicy(config)) with { Source = new("source", name), PassesThrough = false };
        (_model, _handler) = (model, new SubmissionHandler(_services, model, null, _room));
    }

    public async ValueTask<InjectionStart> BeginAsync(InjectionClient client, MailCommand mail, IReadOnlyList<RcptCommand> recipients, CancellationToken cancel)
    {
        var handler = _handler ?? throw new InvalidOperationException("no configuration has been applied");
        var session = new SessionContext
        {
            Remote = client.Remote,
            Local = client.Local,
            Listener = name,
            SessionNumber = Interlocked.Increment(ref _sessions),
            User = client.User,
            OtherProtocol = client.Protocol,
            IsExtended = true,
        };
        var sender = await handler.MailAsync(session, mail, cancel).ConfigureAwait(false);
        if (!sender.IsPositive) return new InjectionStart(null, sender, null);
        var refused = new List<RefusedRecipient>();
        foreach (var recipient in recipients)
        {
            var reply = await handler.RcptAsync(session, recipient, cancel).ConfigureAwait(false);
            if (!reply.IsPositive) refused.Add(new RefusedRecipient(recipient.To.Address, reply));
        }
        if (refused.Count > 0)
        {
            await handler.ResetAsync(session).ConfigureAwait(false);
            return new InjectionStart(null, null, refused);
        }
        var admission = await handler.BeginBodyAsync(session, cancel).ConfigureAwait(false);
        return admission.Body is QueueBody body ? new InjectionStart(new MessageInjection(body), null, null) : new InjectionStart(null, admission.Refusal ?? SubmissionReplies.StoreFull, null);
    }
}
