using System.Globalization;

namespace Postern.Benchmarks.Store;

/// <summary>What a process uses of the machine, as Linux tells. Zero elsewhere.</summary>
/// <param name="PssBytes">Resident memory, shared pages divided among those who share them.</param>
/// <param name="PrivateBytes">Resident memory that nobody shares.</param>
/// <param name="AnonymousBytes">The part of it that no file backs: the heaps.</param>
internal readonly record struct ProcessUse(long PssBytes, long PrivateBytes, long AnonymousBytes)
{
    public static ProcessUse Of(int process)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/smaps_rollup");
        if (!OperatingSystem.IsLinux() || !File.Exists(path)) return default;
        string[] lines = File.ReadAllLines(path);
        return new ProcessUse(Field(lines, "Pss:"), Field(lines, "Private_Clean:") + Field(lines, "Private_Dirty:"), Field(lines, "Anonymous:"));
    }

    public static ProcessUse OfThis() => Of(Environment.ProcessId);

    public override string ToString() => $"PSS {Show.MiB(PssBytes)}, private {Show.MiB(PrivateBytes)}, heaps {Show.MiB(AnonymousBytes)}";

    private static long Field(string[] lines, string name)
    {
        string? line = Array.Find(lines, l => l.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
