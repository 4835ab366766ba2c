using Postern.Core.Queue.Embedded;

namespace Postern.Tests.Queue;

/// <summary>A folder in memory on a disk of limited size, which others may fill and which may fail.</summary>
internal sealed class SmallDisk(long bytes) : StorageFolder
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, byte[]> _files = [];

    /// <summary>Bytes that other programs have written to the disk.</summary>
    public long TakenByOthers { get; set; }

    /// <summary>Every write and sync fails, as of a disk that has gone.</summary>
    public bool IsBroken { get; set; }

    public override string Path => "/small";

    public override long FreeBytes
    {
        get { lock (_gate) return bytes - TakenByOthers - _files.Values.Sum(f => (long)f.Length); }
    }

    public override StorageFile Create(string name)
    {
        lock (_gate) _files[name] = [];
        return new File(this) { Name = name };
    }

    public override StorageFile Open(string name)
    {
        lock (_gate) return _files.ContainsKey(name) ? new File(this) { Name = name } : throw new FileNotFoundException(name);
    }

    public override void Rename(string from, string to)
    {
        lock (_gate)
        {
            _files.Remove(from, out byte[]? data);
            _files[to] = data!;
        }
    }

    public override void Delete(string name)
    {
        lock (_gate) _files.Remove(name);
    }

    public override void Sync() => Check();

    public override IReadOnlyList<string> List()
    {
        lock (_gate) return [.. _files.Keys];
    }

    private void Check()
    {
        if (IsBroken) throw new IOException("the disk has gone");
    }

    /// <summary>Follows its renames: an open file is not a name.</summary>
    private sealed class File(SmallDisk disk) : StorageFile
    {
        private byte[]? _data;
        public required string Name { get; init; }

        private byte[] Data
        {
            get { lock (disk._gate) return _data ??= disk._files[Name]; }
        }

        public override long Length => Data.Length;

        public override void Preallocate(long length, bool written)
        {
            disk.Check();
            lock (disk._gate)
            {
                if (disk.FreeBytes < length) throw new IOException($"cannot reserve {length} bytes (errno 28)");
                disk._files[Name] = _data = new byte[length];
            }
        }

        public override void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            disk.Check();
            bytes.CopyTo(Data.AsSpan((int)offset));
        }

        public override void Sync() => disk.Check();

        public override int Read(Span<byte> buffer, long offset)
        {
            int take = (int)Math.Clamp(Data.Length - offset, 0, buffer.Length);
            Data.AsSpan((int)offset, take).CopyTo(buffer);
            return take;
        }

        public override void Dispose() { }
    }
}
