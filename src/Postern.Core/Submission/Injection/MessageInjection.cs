using Postern.Core.Queue;
using Postern.Core.Submission.Pickup;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission.Injection;

/// <summary>A message being handed in. Not thread safe. Disposing it before it is completed drops it.</summary>
public sealed class MessageInjection : IAsyncDisposable
{
    private readonly QueueBody _body;
    private readonly CrlfWriter _lines;
    private bool _isOver;

    internal MessageInjection(QueueBody body)
    {
        _body = body;
        _lines = new CrlfWriter(body.WriteAsync);
    }

    /// <summary>The id it will have.</summary>
    public MessageId Id => _body.Id;

    /// <summary>It will be refused; more of it need not be written.</summary>
    public bool HasFailed => _body.HasFailed;

    /// <summary>Line ends of any kind become CRLF. Waits for the disk when it falls behind.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel) => _lines.WriteAsync(bytes, cancel);

    /// <summary>A positive reply means that the message is on stable storage.</summary>
    public async ValueTask<SmtpReply> CompleteAsync(CancellationToken cancel)
    {
        await _lines.FlushAsync(cancel).ConfigureAwait(false);
        _isOver = true;
        return await _body.CompleteAsync(cancel).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Dispose();
        if (_isOver) return;
        _isOver = true;
        await _body.AbandonAsync().ConfigureAwait(false);
    }
}
