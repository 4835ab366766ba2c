namespace Postern.Core.Configuration;

/// <summary>What a configuration may refer to besides itself; the process's own by default, given by tests.</summary>
/// <param name="Environment">Value of an environment variable, null when not set.</param>
/// <param name="Variables">All names of environment variables.</param>
/// <param name="WorkingFolder">Where relative paths of options and variables begin, and of the defaults.</param>
public sealed record ConfigSurroundings(Func<string, string?> Environment, IReadOnlyCollection<string> Variables, string WorkingFolder)
{
    public static ConfigSurroundings OfProcess() => new(
        System.Environment.GetEnvironmentVariable,
        [.. System.Environment.GetEnvironmentVariables().Keys.Cast<string>()],
        Directory.GetCurrentDirectory());

    /// <summary>Paths of a file are relative to that file's folder, so that the relay may be started from anywhere.</summary>
    internal string Resolve(string path, ConfigOrigin at)
    {
        string folder = at.Line > 0 && Path.GetDirectoryName(Path.GetFullPath(at.Source, WorkingFolder)) is { } parent ? parent : WorkingFolder;
        return Path.GetFullPath(path, folder);
    }
}
