namespace Postern.Fuzz;

/// <summary>One parser with what must hold for every input. <paramref name="Run"/> throws <see cref="BrokenInvariantException"/>, or anything else, when it does not.</summary>
/// <param name="Words">What such input is made of; mutations insert them.</param>
internal sealed record FuzzTarget(string Name, Action<ReadOnlyMemory<byte>> Run, params IReadOnlyList<string> Words);

/// <summary>An input for which a promise of the code does not hold.</summary>
internal sealed class BrokenInvariantException(string message) : Exception(message);

internal static class Must
{
    public static void Hold(bool claim, string otherwise)
    {
        if (!claim) throw new BrokenInvariantException(otherwise);
    }

    /// <summary>The value of a call that, on input in memory, has nothing to wait for.</summary>
    public static T Now<T>(ValueTask<T> call)
    {
        // A pending call would be finished by another thread; waiting for it here is what a fuzzer may do and a server may not.
        return call.IsCompleted ? call.Result : call.AsTask().GetAwaiter().GetResult();
    }

    public static void Now(ValueTask call)
    {
        if (call.IsCompleted) call.GetAwaiter().GetResult();
        else call.AsTask().GetAwaiter().GetResult();
    }
}
