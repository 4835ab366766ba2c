namespace Postern.Core.Queue.Embedded;

/// <summary>
/// The only way the journal touches the disk, so that a test can record every write and sync and replay them as a power cut would leave them.
/// Names are relative to the folder; one may have a sub-folder, which Create makes. Throws IOException or UnauthorizedAccessException.
/// </summary>
internal abstract class StorageFolder
{
    /// <summary>For messages to the operator.</summary>
    public abstract string Path { get; }

    public abstract StorageFile Create(string name);
    public abstract StorageFile Open(string name);
    public abstract void Rename(string from, string to);
    public abstract void Delete(string name);

    /// <summary>Makes creations, renames and deletions before it stable.</summary>
    public abstract void Sync();

    public abstract IReadOnlyList<string> List();

    /// <summary>Bytes free on the disk for us.</summary>
    public abstract long FreeBytes { get; }
}

/// <summary>One file, read and written at offsets. Reads may run beside a write elsewhere in the file.</summary>
internal abstract class StorageFile : IDisposable
{
    public abstract long Length { get; }

    /// <summary>Reserves the space; the file reads as zeros.</summary>
    /// <param name="written">True: the zeros are written, so that later writes change no metadata and fdatasync is one flush.</param>
    public abstract void Preallocate(long length, bool written);

    public abstract void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Returns when all data written before it is stable. A failure leaves unknown what is: it must not be retried as if nothing had been.</summary>
    public abstract void Sync();

    /// <summary>Reads up to the buffer's length; less only at the end of the file.</summary>
    public abstract int Read(Span<byte> buffer, long offset);

    public abstract void Dispose();
}
