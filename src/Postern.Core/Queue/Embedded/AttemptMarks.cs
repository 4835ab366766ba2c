namespace Postern.Core.Queue.Embedded;

/// <summary>What the last attempt left, as far as a search asks for it. Shared by all messages that it is true of.</summary>
internal sealed class AttemptMark(string? cause, string? upstream, string? reply, bool isReplyCut)
{
    public string? Cause { get; } = cause;
    public string? Upstream { get; } = upstream;
    public string? Reply { get; } = reply;

    /// <summary>There is a reply, and it stands in the journal only.</summary>
    public bool IsReplyCut { get; } = isReplyCut;

    /// <summary>Messages that have it.</summary>
    public int Users { get; set; }
}

/// <summary>
/// Interns marks: after an outage a million messages have one and the same. Replies that differ from message to message (they name an id, or the time) would
/// fill the memory, so above <see cref="MaxReplies"/> different ones no more are kept. Guarded by the store's gate.
/// </summary>
internal sealed class AttemptMarks
{
    public const int MaxReplies = 16_384;

    private readonly Dictionary<(string? Cause, string? Upstream, string? Reply, bool IsCut), AttemptMark> _marks = [];

    public int Count => _marks.Count;

    /// <summary>Gives the message another mark; null for none.</summary>
    public void Set(WaitingMessage message, string? cause, string? upstream, string? reply)
    {
        Release(message);
        if (cause is null && upstream is null && reply is null)
        {
            message.Mark = null;
            return;
        }
        bool isCut = reply is not null && _marks.Count >= MaxReplies && !_marks.ContainsKey((cause, upstream, reply, false));
        var key = (cause, upstream, isCut ? null : reply, isCut);
        if (!_marks.TryGetValue(key, out var mark)) _marks.Add(key, mark = new AttemptMark(key.cause, key.upstream, key.Item3, isCut));
        mark.Users++;
        message.Mark = mark;
    }

    /// <summary>The message has come (back) with the mark that it had.</summary>
    public void Retain(WaitingMessage message)
    {
        if (message.Mark is { } mark && ++mark.Users == 1) _marks[Key(mark)] = mark;
    }

    /// <summary>The message goes; it keeps its mark in case it comes back.</summary>
    public void Release(WaitingMessage message)
    {
        if (message.Mark is { } mark && --mark.Users == 0 && _marks.TryGetValue(Key(mark), out var known) && known == mark) _marks.Remove(Key(mark));
    }

    private static (string?, string?, string?, bool) Key(AttemptMark mark) => (mark.Cause, mark.Upstream, mark.Reply, mark.IsReplyCut);
}
