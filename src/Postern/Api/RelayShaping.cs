namespace Postern.Api;

/// <summary>What a running relay knows of limits, rests and warm-ups, and how to make it forget.</summary>
/// <param name="Reset">By the name of an upstream, a provider, a group or an MX host; null when nothing of that name is known.</param>
internal sealed record RelayShaping(Func<IReadOnlyList<GroupContract>> Groups, Func<IReadOnlyList<EgressContract>> Egress, Func<string, ResetResultContract?> Reset)
{
    /// <summary>Nothing is warmed up: there is nothing to note, and nothing to look for.</summary>
    public required Func<bool> IsQuiet { get; init; }

    /// <summary>Mail that waits for a warm-up and for nothing else: nobody is to wonder at it.</summary>
    public IReadOnlyList<string> Notes() =>
        IsQuiet() ? [] : [.. Egress().Where(e => e.WarmUp is { Waiting: > 0 }).Select(e => $"{e.WarmUp!.Waiting} {(e.WarmUp.Waiting == 1 ? "message waits" : "messages wait")} for the warm-up of {e.Name}, because no other address may take {(e.WarmUp.Waiting == 1 ? "it" : "them")}: see 'postern egress'")];
}
