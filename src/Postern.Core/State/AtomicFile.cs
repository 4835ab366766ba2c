using Postern.Core.Queue.Embedded;

namespace Postern.Core.State;

/// <summary>Small files that are written whole: a new one beside the old one, synced, renamed over it. After a power cut there is the old one or the new one, never half of either.</summary>
internal static class AtomicFile
{
    /// <summary>Makes the folder where it is missing.</summary>
    /// <exception cref="IOException">The disk does not take it (or <see cref="UnauthorizedAccessException"/>); the old file is as it was.</exception>
    public static void Write(string folder, string name, Action<Stream> write)
    {
        Directory.CreateDirectory(folder);
        var disk = new DiskFolder(folder);
        string made = name + ".new";
        using (var file = File.Create(Path.Combine(disk.Path, made)))
        {
            write(file);
            file.Flush(flushToDisk: true);
        }
        disk.Rename(made, name);
        disk.Sync();
    }
}
