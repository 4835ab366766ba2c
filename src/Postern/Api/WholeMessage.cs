using System.Buffers;
using System.IO.Pipelines;
using Postern.Core.Submission.Injection;

namespace Postern.Api;

/// <summary>A message that comes whole: its header section is read into memory, up to a limit; the rest streams on.</summary>
internal sealed class WholeMessage(PipeReader body, int maxHeaderBytes)
{
    private readonly ArrayBufferWriter<byte> _head = new(8 << 10);
    private MessageHead? _read;

    /// <summary>Null when the header section is larger than the limit.</summary>
    public async ValueTask<MessageHead?> ReadHeadAsync(CancellationToken cancel)
    {
        while (true)
        {
            var result = await body.ReadAsync(cancel);
            foreach (var piece in result.Buffer) _head.Write(piece.Span);
            body.AdvanceTo(result.Buffer.End);
            if ((_read = MessageHead.Read(_head.WrittenSpan, result.IsCompleted)) is not null) return _read;
            if (result.IsCompleted || _head.WrittenCount > maxHeaderBytes) return null;
        }
    }

    /// <summary>Stops where the message is refused already.</summary>
    public async ValueTask CopyAsync(MessageInjection target, CancellationToken cancel)
    {
        foreach (var piece in _read!.Kept(_head.WrittenMemory)) await target.WriteAsync(piece, cancel);
        while (!target.HasFailed)
        {
            var result = await body.ReadAsync(cancel);
            foreach (var piece in result.Buffer) await target.WriteAsync(piece, cancel);
            body.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted) return;
        }
    }
}
