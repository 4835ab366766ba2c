namespace Postern.Core.Queue.Embedded;

/// <summary>Whether a message matches an operator's query: first what memory tells, then what the envelope tells.</summary>
internal static class QueryMatch
{
    /// <param name="newestId">Ids above are too young.</param>
    public static bool MayMatch(QueueQuery query, WaitingMessage message, long newestId)
    {
        if (query.Id is { } id && message.Id != id) return false;
        if (query.After is { } after && message.Id.Value <= after.Value) return false;
        if (message.Id.Value > newestId) return false;
        if (query.State is { } state && message.QueueState != state) return false;
        if (query.Destination is not { } pattern) return true;
        for (int i = 0; i < message.PartCount; i++)
        {
            if (Like(message.Part(i).Destination.Key, pattern)) return true;
        }
        return false;
    }

    public static bool Matches(QueueQuery query, MessageState state)
    {
        if (query.Sender is { } sender && !Like(state.Envelope.From.Address, sender == "<>" ? "" : sender)) return false;
        if (query.Recipient is not { } pattern) return true;
        foreach (var recipient in state.Envelope.Recipients)
        {
            if (Like(recipient.Address.Address, pattern)) return true;
        }
        return false;
    }

    /// <summary>Without case; a leading or trailing * stands for anything.</summary>
    public static bool Like(string text, string pattern)
    {
        bool open = pattern.StartsWith('*'), openEnd = pattern.Length > 1 && pattern.EndsWith('*');
        var core = pattern.AsSpan(open ? 1 : 0);
        if (openEnd) core = core[..^1];
        return (open, openEnd) switch
        {
            (false, false) => core.Equals(text, StringComparison.OrdinalIgnoreCase),
            (true, false) => text.AsSpan().EndsWith(core, StringComparison.OrdinalIgnoreCase),
            (false, true) => text.AsSpan().StartsWith(core, StringComparison.OrdinalIgnoreCase),
            _ => text.AsSpan().Contains(core, StringComparison.OrdinalIgnoreCase),
        };
    }
}
