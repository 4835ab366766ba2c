namespace Postern.Hosting.Windows;

/// <summary>
/// The log of a process without a console: a file that is set aside when it has grown, with a bounded number kept. Written by the log's one task; not thread safe.
/// </summary>
/// <param name="folder">Made when it does not exist.</param>
/// <param name="mostBytes">Size at which the file becomes postern.log.1, that one postern.log.2, and so on.</param>
/// <param name="kept">Files set aside at most.</param>
internal sealed class ServiceLog(string folder, long mostBytes = 10L << 20, int kept = 5) : Stream
{
    private FileStream? _file;

    private string Name(int number) => Path.Combine(folder, number == 0 ? "postern.log" : $"postern.log.{number}");

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        var file = Open();
        file.Write(bytes);
        if (file.Length < mostBytes) return;
        file.Dispose();
        _file = null;
        SetAside();
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        Write(bytes.Span);
        return ValueTask.CompletedTask;
    }

    public override void Flush() => _file?.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _file?.Dispose();
        _file = null;
        base.Dispose(disposing);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    private FileStream Open()
    {
        if (_file is not null) return _file;
        Directory.CreateDirectory(folder);
        // Others may read it while it grows, and take it away.
        return _file = new FileStream(Name(0), FileMode.Append, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0);
    }

    private void SetAside()
    {
        try
        {
            File.Delete(Name(kept));
            for (int i = kept - 1; i >= 0; i--)
                if (File.Exists(Name(i))) File.Move(Name(i), Name(i + 1));
        }
        catch (IOException)
        {
            // Somebody has one of them open: the file grows on, and the next line tries again.
        }
    }
}
