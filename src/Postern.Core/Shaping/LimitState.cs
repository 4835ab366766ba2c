namespace Postern.Core.Shaping;

/// <summary>What is known of one limit.</summary>
internal enum LimitState : byte
{
    /// <summary>Never met: as much as is configured.</summary>
    Unknown,

    /// <summary>Kept below.</summary>
    Learned,

    /// <summary>A little more than proven is being tried.</summary>
    Probing,
}

internal enum LimitEvent : byte
{
    /// <summary>Refused at about as much as we know, or for the first time.</summary>
    Refused,

    /// <summary>Refused with far fewer than known: it is counted over a longer time.</summary>
    RefusedFarBelow,

    /// <summary>The limit holds us back and it is time to try more.</summary>
    Due,

    /// <summary>What was tried has been taken.</summary>
    Proved,
}

internal enum LimitMove : byte { None, Set, Lower, Widen, Raise, Restore, Keep }

/// <summary>The one table of moves; what is not in it changes nothing.</summary>
internal static class LimitTable
{
    public static (LimitState Next, LimitMove Move) Move(LimitState state, LimitEvent happened) => (state, happened) switch
    {
        (LimitState.Unknown, LimitEvent.Refused or LimitEvent.RefusedFarBelow) => (LimitState.Learned, LimitMove.Set),
        (LimitState.Learned, LimitEvent.Refused) => (LimitState.Learned, LimitMove.Lower),
        (LimitState.Learned, LimitEvent.RefusedFarBelow) => (LimitState.Learned, LimitMove.Widen),
        (LimitState.Learned, LimitEvent.Due) => (LimitState.Probing, LimitMove.Raise),
        (LimitState.Probing, LimitEvent.Refused) => (LimitState.Learned, LimitMove.Restore),
        (LimitState.Probing, LimitEvent.RefusedFarBelow) => (LimitState.Learned, LimitMove.Widen),
        (LimitState.Probing, LimitEvent.Proved) => (LimitState.Learned, LimitMove.Keep),
        _ => (state, LimitMove.None),
    };
}
