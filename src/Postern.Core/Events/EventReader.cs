namespace Postern.Core.Events;

/// <summary>Reads the files of an event log, also while they are written to, by this process or another.</summary>
internal static class EventReader
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>At most <paramref name="most"/> events after <paramref name="after"/>, in order; those that are no longer kept are passed over.</summary>
    /// <param name="until">Id of the last one wanted.</param>
    public static IReadOnlyList<RelayEvent> Read(string folder, long after, long until, int most)
    {
        var found = new List<RelayEvent>();
        var firsts = EventFiles.Firsts(folder);
        int start = Math.Max(0, firsts.FindLastIndex(f => f <= after + 1));
        for (int i = start; i < firsts.Count && found.Count < most; i++) Read(EventFiles.PathOf(folder, firsts[i]), after, until, most, found);
        return found;
    }

    /// <summary>Adds the events with an id above <paramref name="after"/> and up to <paramref name="until"/> to <paramref name="into"/>, until that has <paramref name="most"/>.</summary>
    public static void Read(string path, long after, long until, int most, List<RelayEvent> into)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
        }
        catch (FileNotFoundException)
        {
            // Forgotten while we looked.
            return;
        }
        using (file)
        {
            byte[] buffer = new byte[BufferBytes];
            int held = 0;
            while (into.Count < most)
            {
                if (held == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
                int read = file.Read(buffer, held, buffer.Length - held);
                if (read == 0) return;
                held += read;
                int used = Take(buffer.AsSpan(0, held), after, until, most, into);
                buffer.AsSpan(used, held - used).CopyTo(buffer);
                held -= used;
                if (held > RelayEvent.MaxBytes + 1024) return;
            }
        }
    }

    private static int Take(ReadOnlySpan<byte> bytes, long after, long until, int most, List<RelayEvent> into)
    {
        int at = 0;
        while (into.Count < most)
        {
            int length = bytes[at..].IndexOf((byte)'\n');
            if (length < 0) break;
            // Copied only when it is wanted: most of a file lies before the place that is looked for.
            var line = bytes.Slice(at, length);
            at += length + 1;
            if (length == 0 || !RelayEvent.TryReadId(line, out long id)) continue;
            if (id > until) break;
            if (id > after) into.Add(new RelayEvent(id, line.ToArray()));
        }
        return at;
    }
}
