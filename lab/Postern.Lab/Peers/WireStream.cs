using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Postern.Lab.Peers;

/// <summary>
/// One side of a connection read by lines or bytes, keeping every byte that arrived (after TLS) when asked to. Not thread safe.
/// </summary>
internal sealed class WireStream(Stream transport, MemoryStream? record) : IAsyncDisposable
{
    private const int MaxLineBytes = 1 << 20;
    private readonly byte[] _buffer = new byte[64 << 10];
    private Stream _stream = transport;
    private int _start;
    private int _end;

    /// <summary>True when bytes arrived that were not asked for yet: the client did not wait for a reply.</summary>
    public bool HasBuffered => _end > _start;

    public bool IsTls => _stream is SslStream;

    /// <summary>One line with its LF, or what came before the end of the stream; null at the end or above 1 MiB.</summary>
    public async ValueTask<byte[]?> ReadLineAsync(CancellationToken cancel)
    {
        byte[] line = [];
        while (true)
        {
            int at = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            int take = at >= 0 ? at + 1 : _end - _start;
            line = [.. line, .. _buffer.AsSpan(_start, take)];
            _start += take;
            if (at >= 0) return line;
            if (line.Length > MaxLineBytes) return null;
            if (!await FillAsync(cancel)) return line.Length > 0 ? line : null;
        }
    }

    /// <summary>At least one byte as it comes; 0 at the end. The memory is only valid until the next read.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadSomeAsync(int max, CancellationToken cancel)
    {
        if (_start == _end && !await FillAsync(cancel)) return default;
        int take = Math.Min(max, _end - _start);
        _start += take;
        return _buffer.AsMemory(_start - take, take);
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        await _stream.WriteAsync(bytes, cancel);
        await _stream.FlushAsync(cancel);
    }

    /// <summary>Becomes the server of a TLS session. What was read ahead is dropped, as RFC 3207 section 4.2 asks.</summary>
    public async Task StartTlsAsync(X509Certificate2 certificate, CancellationToken cancel)
    {
        _start = _end = 0;
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = tls;
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, cancel);
    }

    /// <summary>
    /// Ends our side with FIN and reads on until the client ends its own, for a second at most: closing with bytes unread would send RST, and what we
    /// said last (a 421 to a pipelining client) could be lost on its way.
    /// </summary>
    public async Task CloseAsync(Socket socket, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(1));
        try
        {
            if (_stream is SslStream tls) await tls.ShutdownAsync();
            socket.Shutdown(SocketShutdown.Send);
            while (!(await ReadSomeAsync(int.MaxValue, patience.Token)).IsEmpty) { }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // Already gone.
        }
        await _stream.DisposeAsync();
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async ValueTask<bool> FillAsync(CancellationToken cancel)
    {
        _start = 0;
        _end = 0;
        _end = await _stream.ReadAsync(_buffer, cancel);
        record?.Write(_buffer, 0, _end);
        return _end > 0;
    }
}
