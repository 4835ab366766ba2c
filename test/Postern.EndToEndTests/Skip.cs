namespace Postern.EndToEndTests;

internal static class Skip
{
    /// <summary>Skips the test when there is a reason: a program that is not there, a right that we do not have.</summary>
    public static void When(string? reason)
    {
        if (reason is not null) Assert.Skip("SKIPPED: " + reason);
    }
}
