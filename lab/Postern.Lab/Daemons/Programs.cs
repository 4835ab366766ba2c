namespace Postern.Lab.Daemons;

/// <summary>Finds the real programs that the lab runs. What is missing is a sentence for a skipped test, never an exception half-way through one.</summary>
public static class Programs
{
    private static readonly string[] SystemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"];

    /// <summary>Folder of programs that cannot be installed side by side: $POSTERN_TEST_TOOLS, else postern-test in the user's cache folder.</summary>
    public static string Tools { get; } = Environment.GetEnvironmentVariable("POSTERN_TEST_TOOLS") is { Length: > 0 } given
        ? given
        : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "postern-test");

    /// <summary>Full path of an installed program (the path and the system's sbin folders); null when it is not there.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Concat(SystemFolders)
            .Where(folder => folder.Length > 0)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    /// <summary>Full path of a file of an unpacked Debian package; null when it is not there.</summary>
    public static string? FindUnpacked(string package, string path)
    {
        string full = Path.Combine(Tools, package, path);
        return File.Exists(full) ? full : null;
    }

    /// <summary>Null when all are there, else what to say: "smtp-sink is not installed".</summary>
    public static string? Missing(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            if (Find(name) is null) return $"{name} is not installed";
        return null;
    }

    /// <summary>Null when we are root, which daemons need that change their user.</summary>
    public static string? NotRoot => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? null : "needs root on Linux";
}
