namespace Postern.Tests;

/// <summary>For tests that measure the process (memory, time): they run one at a time, after all others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
