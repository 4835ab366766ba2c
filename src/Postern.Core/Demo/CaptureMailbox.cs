namespace Postern.Core.Demo;

/// <summary>One message as the demonstration's upstream took it.</summary>
/// <param name="Number">From 1, in order of arrival.</param>
/// <param name="Subject">Decoded; null when there is none.</param>
/// <param name="SizeBytes">Of the whole message, also when less of it is kept.</param>
/// <param name="Bytes">The message, or its beginning when it is larger than what is kept of one.</param>
public sealed record CapturedMessage(long Number, DateTimeOffset At, string From, IReadOnlyList<string> Recipients, string? Subject, long SizeBytes, ReadOnlyMemory<byte> Bytes)
{
    public bool IsWhole => Bytes.Length == SizeBytes;
}

/// <summary>The last messages that arrived, bounded in number and bytes; the oldest go first. Thread safe.</summary>
public sealed class CaptureMailbox(int maxMessages = 100, long maxBytes = 32L << 20)
{
    private readonly Lock _lock = new();
    private readonly Queue<CapturedMessage> _messages = new();
    private long _bytes;
    private long _count;

    /// <summary>Hears of every arrival, one at a time and in order, on the session's thread: must be quick and must not throw.</summary>
    public event Action<CapturedMessage>? Arrived;

    /// <summary>Messages since the beginning.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<CapturedMessage> Messages
    {
        get { lock (_lock) return [.. _messages]; }
    }

    public CapturedMessage Add(DateTimeOffset at, string from, IReadOnlyList<string> recipients, string? subject, long sizeBytes, ReadOnlyMemory<byte> bytes)
    {
        lock (_lock)
        {
            var message = new CapturedMessage(++_count, at, from, recipients, subject, sizeBytes, bytes);
            _messages.Enqueue(message);
            _bytes += bytes.Length;
            while (_messages.Count > maxMessages || (_bytes > maxBytes && _messages.Count > 1)) _bytes -= _messages.Dequeue().Bytes.Length;
            // Inside the lock, so that what is printed is in order.
            Arrived?.Invoke(message);
            return message;
        }
    }
}
