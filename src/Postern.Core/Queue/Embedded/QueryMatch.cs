using System.Text;

namespace Postern.Core.Queue.Embedded;

/// <summary>Whether a message matches.</summary>
internal enum Match : byte
{
    No,
    Yes,

    /// <summary>Memory alone cannot tell: its state has to be read.</summary>
    Unsure,
}

/// <summary>
/// An operator's query against what memory holds of a message; only where that was cut short its state decides. Destinations and marks are shared by many
/// messages, so what was found for one is remembered. For one walk, by one caller at a time.
/// </summary>
internal sealed class QueryMatch
{
    private readonly QueueQuery _query;
    private readonly TextPattern? _destination, _sender, _recipient, _user, _client, _upstream, _cause, _reply, _tenant;
    private readonly ushort _tenantTag, _domainTag, _clientTag;
    private readonly TextTerms? _terms;
    private readonly long _oldest, _newest;
    private readonly Dictionary<DestinationCount, bool> _destinations = [];

    public QueryMatch(QueueQuery query, DateTimeOffset now)
    {
        _query = query;
        _destination = TextPattern.Of(query.Destination);
        _sender = TextPattern.Of(query.Sender == "<>" ? "" : query.Sender);
        _recipient = TextPattern.Of(query.Recipient);
        _user = TextPattern.Of(query.User);
        _client = TextPattern.Of(query.Client);
        _upstream = TextPattern.Of(query.Upstream);
        _cause = TextPattern.Of(query.Cause);
        _reply = TextPattern.Of(query.Reply);
        _terms = TextTerms.Of(query.Text);
        if (query.Tenant is { } tenant)
        {
            _tenant = TextPattern.Exactly(tenant);
            (_tenantTag, _domainTag, _clientTag) = (TenantTag.OfUser(tenant), TenantTag.OfDomain(tenant), TenantTag.OfClient(tenant));
        }
        _oldest = query.YoungerThan is { } most ? IdAt(now - most) : long.MinValue;
        _newest = query.OlderThan is { } least ? IdAt(now - least) : long.MaxValue;
        if (query.UpTo is { } upTo) _newest = Math.Min(_newest, upTo.Value);
    }

    /// <summary>Ids outside of these cannot match.</summary>
    public (long First, long Last) Range => (_oldest, _newest);

    /// <summary>From what memory holds. Needs no lock: what it reads is either never changed or replaced as a whole.</summary>
    public Match Check(WaitingMessage message)
    {
        if (message.Id.Value > _newest || message.Id.Value < _oldest) return Match.No;
        if (_query.State is { } state && message.QueueState != state) return Match.No;
        if (message.ContentBytes < _query.MinBytes || message.ContentBytes > _query.MaxBytes) return Match.No;
        if (_destination is { } destination && !AnyPart(message, destination)) return Match.No;
        if (_tenant is not null && message.Tenant != _tenantTag && message.Tenant != _domainTag && message.Tenant != _clientTag) return Match.No;
        var mark = message.Mark;
        if (_upstream is { } upstream && (mark?.Upstream is not { } tried || !upstream.Matches(tried))) return Match.No;
        if (_cause is { } cause && (mark?.Cause is not { } found || !cause.Matches(found))) return Match.No;
        bool isUnsure = mark is { IsReplyCut: true } && (_reply is not null || _terms is not null);
        if (!isUnsure && _reply is { } reply && (mark?.Reply is not { } said || !reply.Matches(said))) return Match.No;
        var texts = CheckText(message, message.Text, mark?.Reply);
        if (texts) return isUnsure ? Match.Unsure : Match.Yes;
        bool mayBeElsewhere = (message.IsTextCut && (_recipient is not null || _terms is not null)) || (isUnsure && _terms is not null);
        return mayBeElsewhere ? Match.Unsure : Match.No;
    }

    /// <summary>Settles what <see cref="Check"/> was unsure of, from the state. Call with the store's gate held.</summary>
    public bool CheckState(WaitingMessage message, MessageState state)
    {
        string? said = state.LastReply;
        if (_reply is { } reply && (said is null || !reply.Matches(said))) return false;
        return CheckText(message, SearchText.Of(state.Envelope, out _, int.MaxValue), said);
    }

    private bool CheckText(WaitingMessage message, ReadOnlySpan<byte> text, string? reply)
    {
        if (_terms is not null && !_terms.AllIn(message, text, reply)) return false;
        if (_sender is null && _recipient is null && _user is null && _client is null && _tenant is null) return true;
        var fields = new SearchFields(text);
        if (_sender is { } sender && !sender.Matches(fields.Sender)) return false;
        if (_user is { } user && !user.Matches(fields.User)) return false;
        if (_client is { } client && !client.Matches(fields.Client)) return false;
        if (_tenant is not null && !IsTenant(fields)) return false;
        return _recipient is not { } recipient || recipient.MatchesLine(fields.Recipients);
    }

    private bool IsTenant(in SearchFields fields)
    {
        if (!fields.User.IsEmpty) return _tenant!.Matches(fields.User);
        int at = fields.Sender.LastIndexOf((byte)'@');
        return _tenant!.Matches(at >= 0 ? fields.Sender[(at + 1)..] : fields.Client);
    }

    private bool AnyPart(WaitingMessage message, TextPattern pattern)
    {
        if (Matches(message.First.Destination, pattern)) return true;
        foreach (ref readonly var part in message.More.AsSpan())
        {
            if (Matches(part.Destination, pattern)) return true;
        }
        return false;
    }

    private bool Matches(DestinationCount destination, TextPattern pattern)
    {
        if (!_destinations.TryGetValue(destination, out bool matches)) _destinations.Add(destination, matches = pattern.Matches(destination.Key));
        return matches;
    }

    /// <summary>The first id of a moment: ids begin with the time.</summary>
    private static long IdAt(DateTimeOffset at) => at.ToUnixTimeMilliseconds() << 22;

    /// <summary>Without case; a leading or trailing * stands for anything.</summary>
    public static bool Like(string text, string pattern) => TextPattern.Of(pattern)!.Matches(text);
}
