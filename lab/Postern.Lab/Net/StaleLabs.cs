using System.Text;
using Postern.Lab.Daemons;

namespace Postern.Lab.Net;

/// <summary>
/// Labs that outlived their runner. Each lab holds a lock on a file that bears its prefix; the kernel lets go of it when the process is gone, however that
/// came about, so a lock that can be had marks a lab that nobody owns.
/// </summary>
internal static class StaleLabs
{
    private const string Folder = "/run/postern-lab";

    /// <summary>Marks a prefix as ours. Keep what is returned until <see cref="Release"/>.</summary>
    public static (string Prefix, FileStream Mark) Take(string prefix)
    {
        Directory.CreateDirectory(Folder);
        return (prefix, new FileStream(Path.Combine(Folder, prefix), FileMode.Create, FileAccess.ReadWrite, FileShare.None));
    }

    public static void Release(FileStream mark)
    {
        File.Delete(mark.Name);
        mark.Dispose();
    }

    /// <summary>Takes away every lab whose runner is gone. Returns how many there were.</summary>
    public static async Task<int> SweepAsync()
    {
        if (!Directory.Exists(Folder)) return 0;
        int swept = 0;
        foreach (string file in Directory.GetFiles(Folder, "ptl*"))
        {
            FileStream mark;
            try
            {
                mark = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                continue; // alive
            }
            string prefix = Path.GetFileName(file) + ".";
            var spaces = Directory.Exists("/run/netns") ? Directory.GetFiles("/run/netns", prefix + "*").Select(f => new NetSpace(Path.GetFileName(f))).ToArray() : [];
            await RemoveAsync(spaces);
            Release(mark);
            swept++;
        }
        return swept;
    }

    /// <summary>Ends every process inside the namespaces, then removes them.</summary>
    public static async Task RemoveAsync(IReadOnlyList<NetSpace> spaces)
    {
        var there = spaces.Where(s => File.Exists(s.File)).ToArray();
        if (there.Length == 0) return;
        foreach (int process in ProcessesIn(there))
            await RunningProgram.RunAsync("kill", ["-KILL", process.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await RunningProgram.RunAsync("ip", ["-force", "-batch", "-"], Encoding.ASCII.GetBytes(string.Concat(there.Select(s => $"netns del {s.Name}\n"))));
    }

    private static List<int> ProcessesIn(IReadOnlyList<NetSpace> spaces)
    {
        var identities = spaces.Select(IdentityOf).ToHashSet();
        identities.Remove(null);
        var found = new List<int>();
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder.AsSpan()), out int id) || id == Environment.ProcessId) continue;
            try
            {
                if (identities.Contains(File.ResolveLinkTarget($"{folder}/ns/net", returnFinalTarget: false)?.Name)) found.Add(id);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Ended meanwhile, or a process of the kernel's.
            }
        }
        return found;
    }

    /// <summary>Null for a namespace that was made only in part (its file is there, its mount is not).</summary>
    private static string? IdentityOf(NetSpace space)
    {
        try
        {
            return space.Identity;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
