using System.Collections.Frozen;
using System.Net;
using Postern.Core.Configuration;
using Postern.Core.Routing;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>When a session's client may authenticate.</summary>
internal enum AuthOffer : byte { Never, AfterStartTls, Now }

/// <summary>
/// Who may send, compiled from one configuration: clients of the configured networks and authenticated users, nobody else; and which sender
/// addresses they may use. A user's own list of senders replaces the general one. Immutable and thread safe.
/// </summary>
internal sealed class AccessPolicy
{
    private readonly NetworkSet _networks;
    private readonly SenderPatterns? _senders;
    private readonly FrozenDictionary<string, SenderPatterns> _userSenders;
    private readonly bool _hasUsers;

    public AccessPolicy(PosternConfig config)
    {
        _networks = NetworkSet.Parse(config.Access.Networks);
        _senders = config.Access.Senders.Count > 0 ? new SenderPatterns(config.Access.Senders) : null;
        _userSenders = config.User.Where(u => u.Senders.Count > 0).ToFrozenDictionary(u => u.Name, u => new SenderPatterns(u.Senders), StringComparer.Ordinal);
        _hasUsers = config.User.Count > 0;
    }

    public bool IsTrusted(IPAddress client) => _networks.Contains(client);

    /// <summary>For mail that comes without a client.</summary>
    public bool AllowsSender(MailPath sender) => _senders is null || _senders.Matches(sender);

    /// <summary>Null when this client may send from this address; otherwise the reply to MAIL.</summary>
    /// <param name="trusted">What <see cref="IsTrusted"/> said of the client.</param>
    public SmtpReply? Check(SessionContext session, bool trusted, AuthOffer auth, MailPath sender)
    {
        if (session.User is null && !trusted) return NoRelay(session, auth);
        var rules = session.User is { } user && _userSenders.TryGetValue(user, out var own) ? own : _senders;
        if (rules is null || rules.Matches(sender)) return null;
        return SmtpReply.Of(550, "5.7.1", session.User is null
            ? $"Sender {sender} is not one of those that this relay is configured to send for (access.senders)"
            : $"Sender {sender} is not one of those that user {session.User} may send as (user.senders)");
    }

    private SmtpReply NoRelay(SessionContext session, AuthOffer auth)
    {
        // Nobody is to be sent after an AUTH that this listener does not have.
        if (!_hasUsers || auth == AuthOffer.Never)
            return SmtpReply.Of(550, "5.7.1", $"Relaying denied: your address {session.Remote.Address} is not in a network that may send here (access.networks){(_hasUsers ? ", and AUTH is not offered on this port" : "")}");
        return auth == AuthOffer.Now
            ? SmtpReply.Of(530, "5.7.0", "Authentication required: use AUTH first, with a user of this relay")
            : SmtpReply.Of(530, "5.7.0", "Authentication required: use STARTTLS first, then AUTH with a user of this relay");
    }
}
