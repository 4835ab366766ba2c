namespace Postern.Api;

/// <summary>How many bytes of messages may be in memory at once. A message in parts is composed there; raw ones are not, they stream to the disk.</summary>
internal sealed class InjectionBudget(long mostBytes)
{
    private long _taken;

    /// <summary>False when there is no room now.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= mostBytes) return true;
        GiveBack(bytes);
        return false;
    }

    public void GiveBack(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
