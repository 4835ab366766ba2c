using System.Net.Security;
using System.Security.Authentication;

namespace Postern.Protocols.Smtp;

/// <summary>
/// One SMTP session in the server's role (RFC 5321 and the extensions that EHLO names). It speaks, the handler decides. Time limits are kept by
/// <see cref="CheckDeadlines"/>, so a session owns no timer, and no buffer while it waits for a command outside a transaction.
/// </summary>
public sealed partial class SmtpServerSession(Stream transport, SessionContext context, SessionOptions options, ISubmissionHandler handler, TimeProvider time)
{
    private const int MaxAuthLineBytes = 12288;
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(10);

    private enum Wait { None, Input, Output, Handshake }

    private readonly CancellationTokenSource _waits = new();
    private readonly long _started = time.GetTimestamp();
    private readonly SessionReplies _replies = SessionReplies.For(options);
    private Stream _stream = transport;
    private SessionWire _wire = new(Math.Max(MaxAuthLineBytes + 2, options.MaxCommandBytes + 2));
    private CancellationToken _abort;
    private volatile SessionPhase _phase;
    private volatile Wait _wait;
    private volatile bool _stopRequested;
    private int _ending;
    private long _waitingSince = time.GetTimestamp();
    private long _transactionStarted;
    private int _errors, _messages, _recipients;
    private bool _recipientsRefused, _closing;

    public SessionPhase Phase => _phase;

    /// <summary>Speaks until the session is over. Trouble of the network or the protocol ends it quietly; only a bug of the handler is thrown.</summary>
    public async Task RunAsync(CancellationToken abort)
    {
        _abort = abort;
        using var registration = abort.UnsafeRegister(static s => ((SmtpServerSession)s!)._waits.Cancel(), this);
        bool connected = false;
        try
        {
            if (options.ImplicitTls && !await SecureAsync().ConfigureAwait(false)) return;
            connected = true;
            await GreetAsync().ConfigureAwait(false);
            while (!_closing) await NextCommandAsync().ConfigureAwait(false);
            await PartAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException or AuthenticationException)
        {
            // The client, the network or the listener ended it.
        }
        finally
        {
            if (connected) await EndAsync().ConfigureAwait(false);
            _phase = SessionPhase.Closed;
            _wire.Drop();
            await _stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>421 after the current transaction, or at once when the session is idle. From any thread.</summary>
    public void RequestStop()
    {
        _stopRequested = true;
        Interlocked.MemoryBarrier();
        if (_wait == Wait.Input && _phase <= SessionPhase.Ready) End(RejectionReason.Stopping);
    }

    /// <summary>To be called about once per second, from any thread: ends what waited too long.</summary>
    public void CheckDeadlines(long nowTimestamp)
    {
        var wait = _wait;
        if (wait == Wait.None || _phase == SessionPhase.Closed) return;
        var waited = time.GetElapsedTime(Volatile.Read(ref _waitingSince), nowTimestamp);
        if (wait == Wait.Output)
        {
            // A client that takes nothing cannot be told anything.
            if (waited > (Volatile.Read(ref _ending) == 0 ? options.IdleTimeout : CloseGrace)) _stream.Dispose();
            return;
        }
        if (waited > options.IdleTimeout) End(RejectionReason.IdleTimeout);
        else if (_phase >= SessionPhase.Sender && time.GetElapsedTime(Volatile.Read(ref _transactionStarted), nowTimestamp) > options.TransactionTimeout) End(RejectionReason.TransactionTimeout);
        else if (time.GetElapsedTime(_started, nowTimestamp) > options.SessionTimeout) End(RejectionReason.SessionTimeout);
    }

    private void End(RejectionReason reason)
    {
        if (Interlocked.CompareExchange(ref _ending, (int)reason, 0) != 0) return;
        try
        {
            _waits.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself in this moment.
        }
    }

    private async ValueTask GreetAsync()
    {
        var refusal = await handler.ConnectAsync(context, _abort).ConfigureAwait(false);
        await SendAsync(refusal ?? _replies.Greeting).ConfigureAwait(false);
        if (refusal is { Code: 421 or >= 500 }) _closing = true;
    }

    private async ValueTask NextCommandAsync()
    {
        var (line, reason) = await ReadLineAsync(options.MaxCommandBytes).ConfigureAwait(false);
        if (reason == RejectionReason.None) await DispatchAsync(line).ConfigureAwait(false);
        else await RejectAsync(reason).ConfigureAwait(false);
    }

    /// <summary>A line without its end. It stays valid until the next read, as it is not yet taken away from under the reader.</summary>
    private async ValueTask<(ReadOnlyMemory<byte> Line, RejectionReason Reason)> ReadLineAsync(int maxBytes)
    {
        bool tooLong = false;
        int searched = 0;
        while (true)
        {
            var input = _wire.Input;
            if (!tooLong && searched == 0 && !input.IsEmpty && _phase != SessionPhase.Closed && Foreign(input.Span) is not RejectionReason.None and var foreign) return (default, foreign);
            int newline = input.Span[searched..].IndexOf((byte)'\n');
            if (newline >= 0)
            {
                int length = searched + newline + 1;
                _wire.Advance(length);
                var verb = !tooLong && length > 5 ? SmtpCommandParser.ParseVerb(input.Span[..5], out _) : SmtpVerb.Unknown;
                bool isAuth = verb == SmtpVerb.Auth && length <= MaxAuthLineBytes;
                bool crlf = length > 1 && input.Span[length - 2] == '\r';
                var reason = tooLong || (length > maxBytes && !isAuth) ? RejectionReason.LineTooLong
                    : !crlf && !options.NormaliseBareNewlines ? RejectionReason.BareNewline : RejectionReason.None;
                // A BDAT that is not read as one would leave its octets to be read as commands.
                if (reason != RejectionReason.None) return (default, verb == SmtpVerb.Bdat ? RejectionReason.BdatSyntax : reason);
                return (input[..(length - (crlf ? 2 : 1))], RejectionReason.None);
            }
            searched = input.Length;
            if (input.Length >= Math.Max(maxBytes, MaxAuthLineBytes))
            {
                tooLong = true;
                _wire.Advance(input.Length);
                searched = 0;
            }
            await FillAsync(large: false).ConfigureAwait(false);
        }
    }

    // A first byte that no command begins with needs no line: a TLS hello may have none.
    private static RejectionReason Foreign(ReadOnlySpan<byte> input) => input[0] switch
    {
        0x16 => RejectionReason.TlsOnPlaintext,
        (byte)'\r' or (byte)'\n' or (byte)'\t' => RejectionReason.None,
        < 32 or > 126 => RejectionReason.Binary,
        _ => RejectionReason.None,
    };

    /// <summary>Sends what is gathered and reads at least a byte; throws when the session is to end.</summary>
    private async ValueTask FillAsync(bool large)
    {
        await FlushAsync().ConfigureAwait(false);
        bool idle = _wire.IsEmpty && _phase <= SessionPhase.Ready;
        if (idle) _wire.Release();
        Volatile.Write(ref _waitingSince, time.GetTimestamp());
        _wait = Wait.Input;
        Interlocked.MemoryBarrier();
        if (_stopRequested && _phase <= SessionPhase.Ready) End(RejectionReason.Stopping);
        int count;
        try
        {
            if (idle) await _stream.ReadAsync(Memory<byte>.Empty, _waits.Token).ConfigureAwait(false);
            count = await _stream.ReadAsync(_wire.Room(large), _waits.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_ending != 0 && !_abort.IsCancellationRequested)
        {
            _wait = Wait.None;
            await CloseWithAsync((RejectionReason)_ending).ConfigureAwait(false);
            throw;
        }
        finally
        {
            _wait = Wait.None;
        }
        if (count == 0) throw new IOException("the client closed the connection");
        _wire.Filled(count);
    }

    private async ValueTask CloseWithAsync(RejectionReason reason)
    {
        options.Rejected?.Invoke(context, reason);
        await SendAsync(RejectionReplies.For(reason)).ConfigureAwait(false);
        await PartAsync().ConfigureAwait(false);
    }

    /// <summary>Sends what is gathered, and over TLS that nothing follows: without close_notify (RFC 8446 section 6.1) a client takes the end for a truncation.</summary>
    private async ValueTask PartAsync()
    {
        await FlushAsync().ConfigureAwait(false);
        if (_stream is not SslStream { IsAuthenticated: true } tls) return;
        Volatile.Write(ref _waitingSince, time.GetTimestamp());
        _wait = Wait.Output;
        try
        {
            await tls.ShutdownAsync().ConfigureAwait(false);
        }
        finally
        {
            _wait = Wait.None;
        }
    }

    private ValueTask RejectAsync(RejectionReason reason)
    {
        options.Rejected?.Invoke(context, reason);
        if (reason is RejectionReason.Http or RejectionReason.TlsOnPlaintext or RejectionReason.Binary or RejectionReason.BdatSyntax
            or RejectionReason.PipelinedAfterStartTls or RejectionReason.PipelinedAfterData) _closing = true;
        return ReplyAsync(RejectionReplies.For(reason));
    }

    /// <summary>Sends a reply and keeps the session's rules on it: 421 and 521 close, too many 5xx do too.</summary>
    private async ValueTask ReplyAsync(SmtpReply reply)
    {
        await SendAsync(reply).ConfigureAwait(false);
        if (reply.Code is 421 or 521) _closing = true;
        if (!reply.IsPermanent || _closing || options.MaxErrors <= 0 || ++_errors < options.MaxErrors) return;
        _closing = true;
        options.Rejected?.Invoke(context, RejectionReason.TooManyErrors);
        await SendAsync(RejectionReplies.For(RejectionReason.TooManyErrors)).ConfigureAwait(false);
    }

    private ValueTask SendAsync(SmtpReply reply) => _wire.TryWrite(reply.Wire.Span) ? default : SendLargeAsync(reply);

    private async ValueTask SendLargeAsync(SmtpReply reply)
    {
        await FlushAsync().ConfigureAwait(false);
        if (!_wire.TryWrite(reply.Wire.Span)) await WriteAsync(reply.Wire).ConfigureAwait(false);
    }

    private ValueTask FlushAsync() => _wire.HasPending ? FlushPendingAsync() : default;

    private async ValueTask FlushPendingAsync()
    {
        await WriteAsync(_wire.Pending).ConfigureAwait(false);
        _wire.Flushed();
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        Volatile.Write(ref _waitingSince, time.GetTimestamp());
        _wait = Wait.Output;
        try
        {
            await _stream.WriteAsync(bytes, _abort).ConfigureAwait(false);
            if (_stream is SslStream) await _stream.FlushAsync(_abort).ConfigureAwait(false);
        }
        finally
        {
            _wait = Wait.None;
        }
    }

    private async ValueTask EndAsync()
    {
        await AbandonAsync().ConfigureAwait(false);
        if (_phase >= SessionPhase.Sender) await handler.ResetAsync(context).ConfigureAwait(false);
        await handler.DisconnectAsync(context).ConfigureAwait(false);
    }
}
