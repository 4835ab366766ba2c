using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postern.Core.Queue.Embedded;

/// <summary>A folder of the file system.</summary>
internal sealed class DiskFolder(string path) : StorageFolder
{
    public override string Path { get; } = System.IO.Path.GetFullPath(path);

    public override StorageFile Create(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal)) Directory.CreateDirectory(System.IO.Path.GetDirectoryName(At(name))!);
        return new DiskFile(Open(name, FileMode.Create));
    }

    public override StorageFile Open(string name) => new DiskFile(Open(name, FileMode.Open));
    public override void Rename(string from, string to) => File.Move(At(from), At(to), overwrite: true);
    public override void Delete(string name) => File.Delete(At(name));

    public override void Sync()
    {
        // Windows journals its metadata and cannot flush a directory handle.
        if (OperatingSystem.IsWindows()) return;
        int descriptor = NativeDisk.open(Path, 0, 0);
        if (descriptor < 0) throw new IOException($"cannot open folder {Path} to sync it ({Marshal.GetLastPInvokeErrorMessage()})");
        try
        {
            if (NativeDisk.fsync(descriptor) != 0) throw new IOException($"cannot sync folder {Path} ({Marshal.GetLastPInvokeErrorMessage()})");
        }
        finally
        {
            _ = NativeDisk.close(descriptor);
        }
    }

    public override IReadOnlyList<string> List()
    {
        var names = new List<string>();
        foreach (string file in Directory.EnumerateFiles(Path)) names.Add(System.IO.Path.GetFileName(file));
        return names;
    }

    public override long FreeBytes => new DriveInfo(Path).AvailableFreeSpace;

    private string At(string name) => System.IO.Path.Combine(Path, name);

    private SafeFileHandle Open(string name, FileMode mode) =>
        File.OpenHandle(At(name), mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
}

internal sealed class DiskFile(SafeFileHandle handle) : StorageFile
{
    private const int ZeroBlockBytes = 1 << 20;

    public override long Length => RandomAccess.GetLength(handle);

    public override void Preallocate(long length, bool written)
    {
        if (OperatingSystem.IsLinux())
        {
            int error = NativeDisk.posix_fallocate(handle, 0, length);
            // 95 (EOPNOTSUPP), 22 (EINVAL): the file system cannot; writing the zeros reserves as well.
            if (error is not (0 or 95 or 22)) throw new IOException($"cannot reserve {length >> 20} MiB: {Marshal.GetPInvokeErrorMessage(error)}", error);
            if (error == 0 && !written) return;
        }
        byte[] zeros = new byte[ZeroBlockBytes];
        for (long at = 0; at < length; at += ZeroBlockBytes)
            RandomAccess.Write(handle, zeros.AsSpan(0, (int)Math.Min(ZeroBlockBytes, length - at)), at);
    }

    public override void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(handle, bytes, offset);

    public override void Sync()
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(handle);
            return;
        }
        // fdatasync: the length never changes after preallocation, so the inode's times need not be written with every group.
        if (NativeDisk.fdatasync(handle) != 0) throw new IOException($"fdatasync failed ({Marshal.GetLastPInvokeErrorMessage()})");
    }

    public override int Read(Span<byte> buffer, long offset)
    {
        int total = 0;
        while (total < buffer.Length)
        {
            int read = RandomAccess.Read(handle, buffer[total..], offset + total);
            if (read == 0) break;
            total += read;
        }
        return total;
    }

    public override void Dispose() => handle.Dispose();
}

internal static partial class NativeDisk
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fdatasync(SafeFileHandle handle);

    [LibraryImport("libc")]
    internal static partial int posix_fallocate(SafeFileHandle handle, long offset, long length);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fsync(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int descriptor);
}
