using System.Buffers;
using System.Net.Sockets;
using System.Text;

namespace Postern.Protocols.Smtp;

/// <summary>Outcome of one command: the peer's reply, or why there is none.</summary>
public readonly record struct StageResult(SmtpReply? Reply, StageFailure? Failure);

/// <summary>
/// The byte side of a client session: one read buffer, one write buffer (both pooled, and given back while the session rests), one timer.
/// Failures come back as <see cref="StageFailure"/>; nothing here throws for network trouble.
/// </summary>
internal sealed class PeerWire(Stream stream, StageTimeouts timeouts, TimeProvider time) : IAsyncDisposable
{
    private const int ReadBytes = 4096;
    private const int WriteBytes = 16 * 1024;

    private readonly SmtpReplyParser _parser = new();
    private byte[]? _in;
    private int _start, _end;
    private byte[]? _out;
    private int _pending;
    private CancellationTokenSource? _deadline;

    public Stream Stream { get; private set; } = stream;

    /// <summary>True when bytes came that no command asked for.</summary>
    public bool HasUnreadBytes => _end > _start;

    /// <summary>What came and is no whole reply, printable, at most 1,000 characters; empty when nothing did.</summary>
    public string UnreadText => HasUnreadBytes ? Printable(_in.AsSpan(_start, Math.Min(_end - _start, 1000))) : "";

    /// <summary>What came begins as a record of TLS does: an alert or a handshake (RFC 8446 section 5.1).</summary>
    public bool IsTlsRecord => _end - _start >= 3 && _in![_start] is 0x15 or 0x16 && _in[_start + 1] == 3;

    /// <summary>Where the next bytes to be sent go; flush when it is too small.</summary>
    public Span<byte> Room => (_out ??= ArrayPool<byte>.Shared.Rent(WriteBytes)).AsSpan(_pending);

    public void Advance(int bytes) => _pending += bytes;

    /// <summary>TLS now lies over the stream; what was read in clear is gone (RFC 3207 section 4.2).</summary>
    public void Replace(Stream encrypted)
    {
        Stream = encrypted;
        _start = _end = 0;
    }

    /// <summary>Queues a line, sending what waits when it does not fit.</summary>
    public async ValueTask<StageFailure?> WriteAsync(string line, ClientStage stage, CancellationToken cancel)
    {
        if (TryWrite(line)) return null;
        if (await FlushAsync(stage, cancel) is { } failure) return failure;
        return TryWrite(line) ? null : new StageFailure(stage, Speaker.Us, FailureKind.LocalError, $"a command of {line.Length} characters is longer than any server takes");
    }

    public async ValueTask<StageFailure?> FlushAsync(ClientStage stage, CancellationToken cancel)
    {
        if (_pending == 0) return null;
        var deadline = Arm(stage);
        var registration = Follow(cancel, deadline);
        try
        {
            await Stream.WriteAsync(_out.AsMemory(0, _pending), deadline.Token);
            _pending = 0;
            return null;
        }
        catch (Exception e) when (IsNetworkTrouble(e))
        {
            return Failed(e, stage, cancel);
        }
        finally
        {
            await registration.DisposeAsync();
            Disarm();
        }
    }

    /// <summary>Reads one reply; exactly one of the two is set.</summary>
    /// <param name="patience">Less than the stage's own time; null for that.</param>
    public async ValueTask<StageResult> ReadReplyAsync(ClientStage stage, CancellationToken cancel, TimeSpan? patience = null)
    {
        if (TryParse(stage, out var early)) return early;
        var limit = patience < timeouts.Of(stage) ? patience : null;
        var deadline = Arm(stage, limit);
        var registration = Follow(cancel, deadline);
        try
        {
            while (true)
            {
                MakeRoom();
                int read = await Stream.ReadAsync(_in.AsMemory(_end), deadline.Token);
                if (read == 0) return new StageResult(null, Closed(stage));
                _end += read;
                if (TryParse(stage, out var result)) return result;
            }
        }
        catch (Exception e) when (IsNetworkTrouble(e))
        {
            return new StageResult(null, Failed(e, stage, cancel, limit));
        }
        finally
        {
            await registration.DisposeAsync();
            Disarm();
        }
    }

    /// <summary>
    /// After a failed write: the reply that came before the connection broke, or the failure given. Many servers say why ("552 too big") and hang up without
    /// reading on; their words then lie unread in the socket. Only a broken connection is read, which ends at once: one that is merely stuck might not.
    /// </summary>
    public async ValueTask<StageResult> ReadLastWordsAsync(StageFailure failure, CancellationToken cancel)
    {
        if (TryParse(failure.Stage, out var early)) return early;
        if (failure.Kind is not (FailureKind.ConnectionReset or FailureKind.ConnectionClosed)) return new StageResult(null, failure);
        var result = await ReadReplyAsync(ClientStage.Quit, cancel);
        return result.Reply is null ? new StageResult(null, failure) : result;
    }

    /// <summary>A reply that has come already, without waiting.</summary>
    private bool TryParse(ClientStage stage, out StageResult result)
    {
        result = default;
        if (_start == _end) return false;
        var parsed = _parser.TryParse(_in.AsSpan(_start, _end - _start), out var reply, out int consumed);
        if (parsed == ReplyParse.NeedMore) return false;
        if (parsed == ReplyParse.NotSmtp)
        {
            var row = ClientStageTable.Of(stage);
            string seen = Printable(_in.AsSpan(_start, Math.Min(_end - _start, 80)));
            result = new StageResult(null, new StageFailure(stage, Speaker.Peer, FailureKind.NotSmtp, $"while {row.Phrase}: not an SMTP reply: \"{seen}\"", null, row.MayDuplicate));
            return true;
        }

        _start += consumed;
        if (_start == _end) _start = _end = 0;
        result = new StageResult(reply, null);
        return true;
    }

    /// <summary>Gives the buffers back; call when the session rests.</summary>
    public void Rest()
    {
        if (_in is not null && _start == _end)
        {
            ArrayPool<byte>.Shared.Return(_in);
            _in = null;
            _start = _end = 0;
        }

        if (_out is not null && _pending == 0)
        {
            ArrayPool<byte>.Shared.Return(_out);
            _out = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _start = _end = _pending = 0;
        Rest();
        _deadline?.Dispose();
        _deadline = null;
        try
        {
            await Stream.DisposeAsync();
        }
        catch (Exception e) when (IsNetworkTrouble(e))
        {
            // A stream that cannot even say good-bye is closed all the same.
        }
    }

    private static bool IsNetworkTrouble(Exception e) => e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;

    private StageFailure Failed(Exception error, ClientStage stage, CancellationToken cancel, TimeSpan? patience = null)
    {
        var row = ClientStageTable.Of(stage);
        if (cancel.IsCancellationRequested)
            return new StageFailure(stage, Speaker.Us, FailureKind.Cancelled, $"given up while {row.Phrase}: the relay is stopping", null, row.MayDuplicate);
        if (error is OperationCanceledException && patience is { } waited)
            return new StageFailure(stage, Speaker.Network, FailureKind.TimedOut, $"no answer for {Seconds(waited)} while {row.Phrase}, on a session that had been answered at once before (given up before timeouts.{row.TimeoutName}: nothing of the message had been handed over)", null, row.MayDuplicate);
        if (error is OperationCanceledException)
            return new StageFailure(stage, Speaker.Network, FailureKind.TimedOut, $"timed out after {Seconds(timeouts.Of(stage))} while {row.Phrase} (timeouts.{row.TimeoutName})", null, row.MayDuplicate);
        if ((error as SocketException ?? error.InnerException as SocketException) is { } socket)
            return new StageFailure(stage, Speaker.Network, SocketFailure.KindOf(socket.SocketErrorCode), $"{SocketFailure.Words(socket)} while {row.Phrase}", null, row.MayDuplicate);
        return new StageFailure(stage, Speaker.Network, FailureKind.ConnectionReset, $"the connection broke while {row.Phrase}: {error.Message}", null, row.MayDuplicate);
    }

    private static StageFailure Closed(ClientStage stage)
    {
        var row = ClientStageTable.Of(stage);
        return new StageFailure(stage, Speaker.Peer, FailureKind.ConnectionClosed, $"the peer closed the connection while {row.Phrase}", null, row.MayDuplicate);
    }

    private bool TryWrite(string line)
    {
        if (Encoding.UTF8.GetMaxByteCount(line.Length) > Room.Length && Encoding.UTF8.GetByteCount(line) > Room.Length) return false;
        Advance(Encoding.UTF8.GetBytes(line, Room));
        return true;
    }

    private void MakeRoom()
    {
        _in ??= ArrayPool<byte>.Shared.Rent(ReadBytes);
        if (_end < _in.Length) return;
        if (_start > 0)
        {
            _in.AsSpan(_start, _end - _start).CopyTo(_in);
            _end -= _start;
            _start = 0;
            return;
        }

        // The parser calls anything above its limit not SMTP, so this ends.
        var larger = ArrayPool<byte>.Shared.Rent(_in.Length * 2);
        _in.AsSpan(0, _end).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_in);
        _in = larger;
    }

    private CancellationTokenSource Arm(ClientStage stage, TimeSpan? patience = null)
    {
        // One source serves the whole session; it is only made anew after it has fired.
        if (_deadline is null || _deadline.IsCancellationRequested)
        {
            _deadline?.Dispose();
            _deadline = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        }

        _deadline.CancelAfter(patience ?? timeouts.Of(stage));
        return _deadline;
    }

    private void Disarm() => _deadline?.CancelAfter(Timeout.InfiniteTimeSpan);

    private static CancellationTokenRegistration Follow(CancellationToken cancel, CancellationTokenSource deadline) =>
        cancel.CanBeCanceled ? cancel.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), deadline) : default;

    private static string Seconds(TimeSpan span) => span.TotalSeconds >= 1 ? $"{span.TotalSeconds:0.#} s" : $"{span.TotalMilliseconds:0} ms";

    private static string Printable(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (byte b in bytes) text.Append(b is >= 32 and < 127 ? (char)b : b is (byte)'\r' or (byte)'\n' ? ' ' : '?');
        return text.ToString().Trim();
    }
}
