using Postern.Core.Queue;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>
/// A session's transaction, kept in <c>SessionContext.State</c> and reused from message to message: made at the first MAIL, so that an idle session
/// has none. Facts of the client that each message repeats are made once per session.
/// </summary>
internal sealed class SubmissionTransaction(bool isTrusted)
{
    // Above this many recipients a set finds duplicates; below it, going through the list is quicker and needs no memory.
    private const int ListSearchLimit = 16;

    private readonly List<QueuedRecipient> _recipients = [];
    private HashSet<string>? _seen;
    private MessageOrigin? _origin;
    private OriginFacts _originFacts;
    private string? _client;

    /// <summary>True when the client's address is in a network that may relay.</summary>
    public bool IsTrusted { get; } = isTrusted;

    /// <summary>Null outside a transaction. Asks for no more priority than the client may have.</summary>
    public MailCommand? Mail { get; private set; }

    /// <summary>The client asked for more priority than that.</summary>
    public bool IsPriorityLowered { get; private set; }

    /// <summary>Not null when the transaction is passed on live.</summary>
    public InlineTransaction? Inline { get; set; }

    public IReadOnlyList<QueuedRecipient> Recipients => _recipients;

    /// <param name="admitted">The client's command as far as it is granted.</param>
    public void Begin(MailCommand mail, MailCommand admitted)
    {
        Reset();
        Mail = admitted;
        IsPriorityLowered = mail.MtPriority != admitted.MtPriority;
    }

    public void Reset()
    {
        Mail = null;
        IsPriorityLowered = false;
        Inline = null;
        _recipients.Clear();
        _seen = null;
    }

    /// <summary>True when this very address was added before: it is answered 250 again and kept once.</summary>
    public bool Contains(MailPath recipient)
    {
        if (_recipients.Count < ListSearchLimit)
        {
            foreach (var known in _recipients)
            {
                if (known.Address.Address == recipient.Address) return true;
            }
            return false;
        }
        _seen ??= [.. _recipients.Select(r => r.Address.Address)];
        return _seen.Contains(recipient.Address);
    }

    public void Add(QueuedRecipient recipient)
    {
        _recipients.Add(recipient);
        _seen?.Add(recipient.Address.Address);
    }

    /// <summary>The client's address as text.</summary>
    public string Client(SessionContext session) => _client ??= session.Remote.Address.ToString();

    public MessageOrigin Origin(SessionContext session)
    {
        var facts = new OriginFacts(session.Hello, session.User, session.IsExtended, session.Tls is not null, Mail!.SmtpUtf8);
        if (_origin is null || facts != _originFacts)
        {
            _originFacts = facts;
            _origin = new MessageOrigin
            {
                ClientAddress = Client(session),
                ClientHello = session.Hello,
                User = session.User,
                Listener = session.Listener,
                Protocol = session.Protocol(Mail.SmtpUtf8),
            };
        }
        return _origin;
    }

    /// <summary>All that an origin depends on and that may change within a session.</summary>
    private readonly record struct OriginFacts(string? Hello, string? User, bool IsExtended, bool IsSecured, bool SmtpUtf8);
}
