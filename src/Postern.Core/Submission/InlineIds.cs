using Postern.Core.Queue;

namespace Postern.Core.Submission;

/// <summary>Ids of messages that pass through without the store, for the Received line and the logs. Same form as a queue id; never looked up.</summary>
internal static class InlineIds
{
    private const int SequenceBits = 22;
    private static long _sequence;

    public static MessageId Next(TimeProvider time) =>
        new(time.GetUtcNow().ToUnixTimeMilliseconds() << SequenceBits | (Interlocked.Increment(ref _sequence) & ((1 << SequenceBits) - 1)));
}
