using System.Collections.Frozen;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>
/// The priority of a message, compiled from one configuration: what MAIL asks for (RFC 6710), else what the header says, else the user's own; never
/// above what this client may ask for (RFC 6710 leaves that to the server). Immutable and thread safe.
/// </summary>
internal sealed class PriorityPolicy(PosternConfig config)
{
    private readonly FrozenDictionary<string, UserConfig> _users = config.User
        .Where(u => u.Priority != MessagePriority.Normal || u.MaxPriority != MessagePriority.Highest).ToFrozenDictionary(u => u.Name, StringComparer.Ordinal);
    private readonly PriorityHeader _header = config.Delivery.PriorityHeader;
    private readonly int _clientsMost = config.Access.MaxPriority;

    public bool ReadsHeader => _header != PriorityHeader.Ignore;

    /// <summary>The command with a priority that this client may ask for.</summary>
    /// <param name="trusted">The client's address is in a network that may relay.</param>
    public MailCommand Admit(MailCommand mail, string? user, bool trusted)
    {
        if (mail.MtPriority is not { } asked) return mail;
        int most = user is not null || trusted ? MostOf(user) : MessagePriority.Normal;
        return asked <= most ? mail : mail with { MtPriority = most };
    }

    /// <summary>Of a message that asks for none in MAIL.</summary>
    /// <param name="user">Null for a client without AUTH, and for pickup.</param>
    /// <param name="header">What its header says; null for nothing.</param>
    public int Of(string? user, int? header)
    {
        int own = user is not null && _users.TryGetValue(user, out var config) ? config.Priority : MessagePriority.Normal;
        if (header is not { } said || _header == PriorityHeader.Ignore) return own;
        if (_header == PriorityHeader.Lower) return Math.Min(own, said);
        return Math.Min(said, MostOf(user));
    }

    private int MostOf(string? user)
    {
        if (user is null) return _clientsMost;
        return _users.TryGetValue(user, out var config) ? config.MaxPriority : MessagePriority.Highest;
    }
}
