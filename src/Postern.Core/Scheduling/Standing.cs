namespace Postern.Core.Scheduling;

/// <summary>What is known of the way to a destination. <c>New</c> and <c>Failing</c> ones are unproven: their loops may wait for a connection that never comes.</summary>
internal enum Standing : byte
{
    /// <summary>Never served, as far as is remembered.</summary>
    New,

    /// <summary>Not served since it last failed.</summary>
    Failing,

    /// <summary>Served since it last failed.</summary>
    Proven,
}

/// <summary>
/// How many loops destinations of each standing have, and how many they may have: all together half of the sessions for the unproven ones, and half of
/// those for the failing ones, so that black holes leave room for those that may be served, and known ones for new ones. Guarded by the scheduler's lock.
/// </summary>
internal sealed class StandingLoops
{
    /// <summary>Loops of one destination until it is served for the first time.</summary>
    public const int MostOfUnproven = 2;

    private readonly int[] _loops = new int[3];

    /// <summary>True when one more loop for a destination of this standing leaves enough sessions to the others.</summary>
    public bool MayStart(Standing standing, int total)
    {
        if (standing == Standing.Proven) return true;
        bool hasRoom = _loops[(int)Standing.New] + _loops[(int)Standing.Failing] < Math.Max(1, total / 2);
        return hasRoom && (standing == Standing.New || _loops[(int)Standing.Failing] < Math.Max(1, total / 4));
    }

    public void Add(Standing standing, int loops) => _loops[(int)standing] += loops;
}
