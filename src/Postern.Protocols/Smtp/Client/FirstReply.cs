namespace Postern.Protocols.Smtp;

/// <summary>
/// The wait for the reply to a transaction's first command. A session that has worked and says nothing to it for much longer than ever is dead, or its peer drops what is
/// above a limit: nothing of the message has been handed over, so it may go to another session long before the time of RFC 5321 section 4.5.3.2 is over.
/// One for many transactions, one after the other; not thread safe.
/// </summary>
public sealed class FirstReply(TimeProvider time)
{
    private long _asked;

    /// <summary>How long to wait; null: as long as is configured for the stage.</summary>
    public TimeSpan? Patience { get; private set; }

    /// <summary>From the command to the reply; null until it is there.</summary>
    public TimeSpan? Took { get; private set; }

    /// <summary>Called when the reply is there.</summary>
    public Action? Heard { get; set; }

    public void Begin(TimeSpan? patience) => (_asked, Patience, Took) = (time.GetTimestamp(), patience, null);

    internal void Note()
    {
        if (Took is not null) return;
        Took = time.GetElapsedTime(_asked);
        Heard?.Invoke();
    }
}
