namespace Postern.Core.Queue.Embedded;

/// <summary>A walk over the waiting messages in pieces: the gate is held for one piece at a time, however many wait.</summary>
internal sealed class MessageWalk
{
    private const int Piece = 512;

    private readonly QueryMatch _match;
    private readonly long[]? _ids;
    private readonly bool _isDescending;
    private readonly long _first, _last;
    private readonly WaitingMessage[] _batch = new WaitingMessage[Piece];
    private long _at;
    private int _next;

    public MessageWalk(QueueQuery query, QueryMatch match)
    {
        (_match, _isDescending) = (match, query.NewestFirst);
        (_first, _last) = match.Range;
        _at = query.After?.Value ?? (_isDescending ? long.MaxValue : long.MinValue);
        if (_isDescending && _last != long.MaxValue) _at = Math.Min(_at, _last + 1);
        if (!_isDescending && _first != long.MinValue) _at = Math.Max(_at, _first - 1);
        if (query.Ids is not null || query.Id is not null) _ids = Named(query);
    }

    public bool IsOver { get; private set; }

    /// <summary>Of the last step: what matches, and what may.</summary>
    public List<(WaitingMessage Message, bool IsSure, QueueState State)> Found { get; } = [];

    /// <summary>Adds the next piece's to <see cref="Found"/>.</summary>
    public void StepNeedsLock(MessageIndex messages)
    {
        int count = _ids is null ? CopyNext(messages) : CopyNamed(messages, _ids);
        for (int i = 0; i < count; i++)
        {
            var match = _match.Check(_batch[i]);
            if (match != Match.No) Found.Add((_batch[i], match == Match.Yes, _batch[i].QueueState));
        }
    }

    private int CopyNext(MessageIndex messages)
    {
        int count = _isDescending ? messages.CopyBefore(_at, _batch) : messages.CopyAfter(_at, _batch);
        IsOver = count < Piece;
        if (count == 0) return 0;
        _at = _batch[count - 1].Id.Value;
        IsOver |= _isDescending ? _at < _first : _at > _last;
        return count;
    }

    private int CopyNamed(MessageIndex messages, long[] ids)
    {
        int count = 0;
        for (; _next < ids.Length && count < Piece; _next++)
        {
            if (messages.TryGetValue(ids[_next], out var message)) _batch[count++] = message;
        }
        IsOver = _next == ids.Length;
        return count;
    }

    /// <summary>Those named, each once, in the walk's order and behind the place where it goes on.</summary>
    private long[] Named(QueueQuery query)
    {
        IEnumerable<long> ids = query.Id is { } one ? [one.Value] : query.Ids!.Select(i => i.Value).Distinct();
        if (query.Id is not null && query.Ids is { } also) ids = ids.Where(i => also.Any(a => a.Value == i));
        return _isDescending ? [.. ids.Where(i => i < _at).OrderDescending()] : [.. ids.Where(i => i > _at).Order()];
    }
}
