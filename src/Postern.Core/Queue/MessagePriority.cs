namespace Postern.Core.Queue;

/// <summary>The priority of a message (RFC 6710): higher ones go first.</summary>
public static class MessagePriority
{
    public const int Lowest = -9, Normal = 0, Highest = 9;
}
