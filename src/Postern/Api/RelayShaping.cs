namespace Postern.Api;

/// <summary>What a running relay knows of limits, rests and warm-ups, and how to make it forget.</summary>
/// <param name="Reset">By the name of an upstream, a provider, a group or an MX host; null when nothing of that name is known.</param>
internal sealed record RelayShaping(Func<IReadOnlyList<GroupContract>> Groups, Func<IReadOnlyList<EgressContract>> Egress, Func<string, ResetResultContract?> Reset);
