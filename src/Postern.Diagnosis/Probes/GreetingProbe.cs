using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Probes;

/// <summary>
/// Hears what every host of the target says first, and goes on to EHLO, STARTTLS and the certificate; then QUIT. One connection each, from each of our
/// addresses to the target; never MAIL. A point that cannot be connected to gives its <see cref="TcpFact"/>.
/// </summary>
internal static class GreetingProbe
{
    private const int MaxPoints = 12;

    /// <summary>Siblings that are still silent so long after the target is done are left to themselves.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan PeerConnect = TimeSpan.FromMilliseconds(3500);

    public static async ValueTask<IReadOnlyList<Fact>> RunAsync(ProbeContext context, CancellationToken cancel)
    {
        if (NetTarget.Find(context) is not { } target) return [];
        using var hurry = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var first = new GreetingDialogue(context, target, context.ConnectTimeout).RunAsync(cancel);
        var patience = context.ConnectTimeout < PeerConnect ? context.ConnectTimeout : PeerConnect;
        var others = ConnectPlan.OwnPort(context, target).Skip(1).Take(MaxPoints - 1).Select(p => OtherAsync(new GreetingDialogue(context, p, patience), hurry.Token, cancel)).ToList();
        Task rest = Task.WhenAll(others);
        await ((Task)first).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await rest.WaitAsync(Afterwards, context.Time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await hurry.CancelAsync();
        await rest.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return [.. await first, .. (await Task.WhenAll(others)).SelectMany(f => f)];
    }

    /// <summary>What an interrupted dialogue came to says nothing of the host: it is dropped.</summary>
    private static async Task<IReadOnlyList<Fact>> OtherAsync(GreetingDialogue dialogue, CancellationToken hurry, CancellationToken cancel)
    {
        try
        {
            return await dialogue.RunAsync(hurry);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return [];
        }
    }
}
