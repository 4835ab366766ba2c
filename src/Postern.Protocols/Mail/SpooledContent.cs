using Microsoft.Win32.SafeHandles;
using Postern.Protocols.Smtp;

namespace Postern.Protocols.Mail;

/// <summary>
/// A message made by us on the way out: in memory up to 1 MiB, beyond it in a temporary file that is deleted when this is disposed (or when the process
/// ends). Written front to back, then read at random. Not durable and not meant to be: the original is what is kept.
/// </summary>
internal sealed class SpooledContent(string folder) : MessageContent, IDisposable
{
    private const int MaxMemoryBytes = 1 << 20;
    private MemoryStream? _memory = new();
    private SafeFileHandle? _file;
    private long _length;

    public override long Length => _length;

    /// <summary>What is written here has been made 7-bit.</summary>
    public override bool HasEightBit => false;

    public bool IsOnDisk => _file is not null;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        if (_memory is { } memory && memory.Length + bytes.Length > MaxMemoryBytes)
        {
            _file = File.OpenHandle(Path.Combine(folder, $"convert-{Guid.NewGuid():N}.tmp"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
            await RandomAccess.WriteAsync(_file, memory.GetBuffer().AsMemory(0, (int)memory.Length), 0, cancel);
            _memory = null;
        }
        if (_file is null) _memory!.Write(bytes.Span);
        else await RandomAccess.WriteAsync(_file, bytes, _length, cancel);
        _length += bytes.Length;
    }

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        if (offset >= _length) return new(0);
        if (_file is { } file) return RandomAccess.ReadAsync(file, buffer, offset, cancel);
        int length = (int)Math.Min(buffer.Length, _length - offset);
        _memory!.GetBuffer().AsMemory((int)offset, length).CopyTo(buffer);
        return new(length);
    }

    public void Dispose() => _file?.Dispose();
}
