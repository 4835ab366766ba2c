namespace Postern.Core.WarmUp;

/// <summary>A warm-up as it stands, for people.</summary>
/// <param name="Allowed">Messages on <paramref name="Day"/>.</param>
/// <param name="LastTurn">How the day came to be the one it is; None: the first.</param>
/// <param name="IsHeld">Today mail was held back by it, or sent from another address.</param>
/// <param name="NextAt">When the next message may go, while it holds mail back; null: now, or when the next one comes.</param>
/// <param name="DoneOn">Null while it is under way.</param>
internal sealed record WarmUpSnapshot(string Group, string Egress, WarmUpPlan Plan, WarmUpDay Day, int Allowed, WarmUpTurn LastTurn, bool IsHeld, DateTimeOffset? NextAt, DateOnly? DoneOn);

/// <summary>One egress choice's warm-up in all.</summary>
/// <param name="BeganOn">Its first message; null: none yet.</param>
/// <param name="WarmSince">When some provider had taken the whole plan: no further plan begins.</param>
internal sealed record WarmUpAddress(string Egress, WarmUpPlan Plan, DateOnly? BeganOn, DateOnly? WarmSince);

/// <summary>A run as it is kept over a restart.</summary>
internal sealed record KeptRun(string Group, string Egress, int Day, DateOnly Date, int Taken, bool TurnedAway, WarmUpTurn LastTurn, DateOnly? DoneOn);

/// <summary>An address as it is kept over a restart.</summary>
internal sealed record KeptAddress(string Egress, DateOnly BeganOn, DateOnly? WarmSince);
