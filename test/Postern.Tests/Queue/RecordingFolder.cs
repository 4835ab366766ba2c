using Postern.Core.Queue.Embedded;

namespace Postern.Tests.Queue;

/// <summary>
/// A folder in memory that logs every write, sync, rename and deletion, and can be rebuilt as a power cut after any of them might have left it:
/// what was synced is there; of what was not, any subset, in any order, torn at sectors of 512 bytes. Names follow the order of the calls, cut anywhere after the last folder sync.
/// </summary>
internal sealed class RecordingFolder : StorageFolder
{
    private enum Kind { Write, Zero, Sync, Name, Unname, FolderSync }

    private sealed record Op(Kind Kind, int File, long Offset, byte[] Bytes, string Name);

    private readonly Lock _gate = new();
    private readonly List<Op> _log = [];
    private readonly Dictionary<string, int> _names = [];
    private readonly List<byte[]> _files = [];

    public override string Path => "/recording";
    public override long FreeBytes => long.MaxValue;

    public int Count
    {
        get { lock (_gate) return _log.Count; }
    }

    public override StorageFile Create(string name)
    {
        lock (_gate)
        {
            _files.Add([]);
            _names[name] = _files.Count - 1;
            _log.Add(new Op(Kind.Name, _files.Count - 1, 0, [], name));
            return new Recorded(this, _files.Count - 1);
        }
    }

    public override StorageFile Open(string name)
    {
        lock (_gate) return _names.TryGetValue(name, out int file) ? new Recorded(this, file) : throw new FileNotFoundException(name);
    }

    public override void Rename(string from, string to)
    {
        lock (_gate)
        {
            _names.Remove(from, out int file);
            _names[to] = file;
            _log.Add(new Op(Kind.Unname, file, 0, [], from));
            _log.Add(new Op(Kind.Name, file, 0, [], to));
        }
    }

    public override void Delete(string name)
    {
        lock (_gate)
        {
            _names.Remove(name, out int file);
            _log.Add(new Op(Kind.Unname, file, 0, [], name));
        }
    }

    public override void Sync()
    {
        lock (_gate) _log.Add(new Op(Kind.FolderSync, 0, 0, [], ""));
    }

    public override IReadOnlyList<string> List()
    {
        lock (_gate) return [.. _names.Keys.Where(n => !n.Contains('/'))];
    }

    public RecordingFolder AfterPowerCut(int operations, Random random)
    {
        var result = new RecordingFolder();
        lock (_gate)
        {
            int folderSync = -1;
            var fileSync = new Dictionary<int, int>();
            for (int i = 0; i < operations; i++)
            {
                if (_log[i].Kind == Kind.FolderSync) folderSync = i;
                if (_log[i].Kind == Kind.Sync) fileSync[_log[i].File] = i;
            }
            for (int i = 0; i < _files.Count; i++) result._files.Add([]);
            int lastName = random.Next(folderSync + 1, operations + 1);
            var unsynced = new List<Op>();
            for (int i = 0; i < operations; i++)
            {
                var op = _log[i];
                if (op.Kind is Kind.Write or Kind.Zero)
                {
                    if (i < fileSync.GetValueOrDefault(op.File, -1)) Apply(result, op, null);
                    else unsynced.Add(op);
                }
                // A rename is one operation of the file system: its second half is never cut off.
                if (i >= lastName && !(op.Kind == Kind.Name && i == lastName && i > 0 && _log[i - 1].Kind == Kind.Unname)) continue;
                if (op.Kind == Kind.Name) result._names[op.Name] = op.File;
                if (op.Kind == Kind.Unname) result._names.Remove(op.Name);
            }
            double share = random.Next(4) switch { 0 => 0, 1 => 1, _ => random.NextDouble() };
            foreach (var op in unsynced)
            {
                if (random.NextDouble() <= share) Apply(result, op, random.Next(3) == 0 ? random : null);
            }
        }
        return result;
    }

    private static void Apply(RecordingFolder folder, Op op, Random? tear)
    {
        long length = op.Kind == Kind.Zero ? op.Offset : op.Offset + op.Bytes.Length;
        byte[] data = folder._files[op.File];
        if (data.Length < length)
        {
            Array.Resize(ref data, (int)length);
            folder._files[op.File] = data;
        }
        if (op.Kind == Kind.Zero) return;
        for (long at = op.Offset; at < length;)
        {
            long end = Math.Min(length, (at / 512 + 1) * 512);
            if (tear is null || tear.Next(2) == 0) op.Bytes.AsSpan((int)(at - op.Offset), (int)(end - at)).CopyTo(data.AsSpan((int)at));
            at = end;
        }
    }

    private sealed class Recorded(RecordingFolder folder, int file) : StorageFile
    {
        public override long Length
        {
            get { lock (folder._gate) return folder._files[file].Length; }
        }

        public override void Preallocate(long length, bool written) => Log(new Op(Kind.Zero, file, length, [], ""));
        public override void Write(ReadOnlySpan<byte> bytes, long offset) => Log(new Op(Kind.Write, file, offset, bytes.ToArray(), ""));

        public override void Sync()
        {
            lock (folder._gate) folder._log.Add(new Op(Kind.Sync, file, 0, [], ""));
        }

        public override int Read(Span<byte> buffer, long offset)
        {
            lock (folder._gate)
            {
                byte[] data = folder._files[file];
                int take = (int)Math.Clamp(data.Length - offset, 0, buffer.Length);
                data.AsSpan((int)Math.Min(offset, data.Length), take).CopyTo(buffer);
                return take;
            }
        }

        public override void Dispose() { }

        private void Log(Op op)
        {
            lock (folder._gate)
            {
                folder._log.Add(op);
                Apply(folder, op, null);
            }
        }
    }
}
