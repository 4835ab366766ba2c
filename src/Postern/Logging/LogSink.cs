using System.Buffers;
using System.Globalization;
using System.Text;

namespace Postern.Logging;

/// <summary>
/// Collects lines in memory and writes them to a stream in batches on a thread of its own, so that logging costs the relay a copy and never a system call.
/// When the reader of the stream stalls, lines are dropped beyond 4 MiB and counted, and a line says so once the stream moves again: mail matters more than its log.
/// </summary>
internal sealed class LogSink : IDisposable
{
    internal const int MaxBufferedBytes = 4 << 20;
    private static readonly TimeSpan _gather = TimeSpan.FromMilliseconds(20);

    private readonly Stream _stream;
    private readonly Func<long, string> _droppedNotice;
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _arrived = new();
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _writer;
    private ArrayBufferWriter<byte> _filling = new(4096);
    private ArrayBufferWriter<byte> _spare = new(4096);
    private long _dropped;

    /// <param name="droppedNotice">Makes the line that says how many were dropped.</param>
    public LogSink(Stream stream, Func<long, string> droppedNotice)
    {
        _stream = stream;
        _droppedNotice = droppedNotice;
        _writer = new Thread(Run) { IsBackground = true, Name = "log" };
        _writer.Start();
    }

    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Copies one whole line, its end included.</summary>
    public void Append(ReadOnlySpan<byte> line)
    {
        lock (_lock)
        {
            if (_filling.WrittenCount + line.Length > MaxBufferedBytes)
            {
                _dropped++;
                return;
            }
            _filling.Write(line);
        }
        if (!_arrived.IsSet) _arrived.Set();
    }

    /// <summary>Writes what is left, waiting at most two seconds for a stalled reader.</summary>
    public void Dispose()
    {
        _stop.Set();
        _arrived.Set();
        if (!_writer.Join(TimeSpan.FromSeconds(2))) return;
        _arrived.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        bool stopping;
        do
        {
            _arrived.Wait();
            // Gather what arrives in the next moment: one write for many lines under load, and a delay nobody sees.
            stopping = _stop.Wait(_gather);
            _arrived.Reset();
            if (!WriteBatch()) return;
        }
        while (!stopping);
    }

    private bool WriteBatch()
    {
        long dropped;
        lock (_lock)
        {
            (_filling, _spare) = (_spare, _filling);
            dropped = _dropped;
            _dropped = 0;
        }
        try
        {
            _stream.Write(_spare.WrittenSpan);
            if (dropped > 0) _stream.Write(Encoding.UTF8.GetBytes(_droppedNotice(dropped)));
            _stream.Flush();
        }
        catch (IOException)
        {
            return false; // the reader is gone for good; the relay goes on without a log
        }
        if (_spare.Capacity > 256 * 1024) _spare = new ArrayBufferWriter<byte>(4096);
        else _spare.ResetWrittenCount();
        return true;
    }
}
