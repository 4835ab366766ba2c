namespace Postern.Cli;

/// <summary>What every command returns to the shell.</summary>
internal static class ExitCode
{
    public const int Good = 0;

    /// <summary>The command did its work and found a problem.</summary>
    public const int ProblemFound = 1;

    /// <summary>Wrong usage or configuration.</summary>
    public const int WrongUsage = 2;

    /// <summary>It could not be determined: the relay is not running, does not answer.</summary>
    public const int NotDetermined = 3;
}

/// <summary>Ends a command with one line on standard error: what is wrong, where, and how to mend it.</summary>
internal sealed class CommandException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
