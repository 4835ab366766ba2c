using System.Buffers;
using System.Text;
using Postern.Core.Queue;
using Postern.Protocols.Mail;

namespace Postern.Core.Submission;

/// <summary>
/// Puts Message-ID and Date behind the last header field where they are missing (RFC 6409 section 8), while the header streams by. To know where that
/// is, the head of a line that may be no field (at most <see cref="HeaderScanner.MaxNameBytes"/> + 1 bytes) is held back until it is known.
/// </summary>
internal sealed class MissingHeaders(MessageId id, string hostname)
{
    private readonly byte[] _held = new byte[HeaderScanner.MaxNameBytes + 2];
    private int _heldLength;
    private bool _done;

    /// <summary>Bytes added.</summary>
    public int Added { get; private set; }

    /// <param name="end">What the scanner answered for this piece.</param>
    /// <param name="scanner">A copy, for its findings.</param>
    public async ValueTask WriteAsync(IncomingMessage message, ReadOnlyMemory<byte> piece, int end, HeaderScanner scanner, TimeProvider time, CancellationToken cancel)
    {
        if (!scanner.HasEnded)
        {
            int undecided = scanner.UndecidedBytes;
            if (undecided <= piece.Length)
            {
                await ReleaseAsync(message, cancel).ConfigureAwait(false);
                await message.WriteAsync(piece[..^undecided], cancel).ConfigureAwait(false);
                piece = piece[^undecided..];
            }
            piece.Span.CopyTo(_held.AsSpan(_heldLength));
            _heldLength += piece.Length;
            return;
        }
        // Negative: the section ended before the held bytes, which then belong to what follows it.
        if (end >= 0)
        {
            await ReleaseAsync(message, cancel).ConfigureAwait(false);
            if (end > 0) await message.WriteAsync(piece[..end], cancel).ConfigureAwait(false);
            piece = piece[end..];
        }
        await AddAsync(message, scanner, time, cancel).ConfigureAwait(false);
        await ReleaseAsync(message, cancel).ConfigureAwait(false);
        await message.WriteAsync(piece, cancel).ConfigureAwait(false);
    }

    /// <summary>The message ended. One that ended within its header gets the fields behind it, unless its last line has no line end: then nothing can be added without changing it.</summary>
    public async ValueTask FinishAsync(IncomingMessage message, HeaderScanner scanner, TimeProvider time, CancellationToken cancel)
    {
        if (_done) return;
        await ReleaseAsync(message, cancel).ConfigureAwait(false);
        if (scanner.EndsWithLine) await AddAsync(message, scanner, time, cancel).ConfigureAwait(false);
    }

    private async ValueTask AddAsync(IncomingMessage message, HeaderScanner scanner, TimeProvider time, CancellationToken cancel)
    {
        _done = true;
        if (scanner.HasMessageId && scanner.HasDate) return;
        var fields = new ArrayBufferWriter<byte>(512);
        if (!scanner.HasMessageId) Encoding.UTF8.GetBytes($"Message-ID: <{id}@{hostname}>\r\n", fields);
        if (!scanner.HasDate)
        {
            fields.Write("Date: "u8);
            fields.Advance(MailDate.Write(fields.GetSpan(MailDate.Length), time.GetUtcNow()));
            fields.Write("\r\n"u8);
        }
        Added = fields.WrittenCount;
        await message.WriteAsync(fields.WrittenMemory, cancel).ConfigureAwait(false);
    }

    private async ValueTask ReleaseAsync(IncomingMessage message, CancellationToken cancel)
    {
        if (_heldLength == 0) return;
        int length = _heldLength;
        _heldLength = 0;
        await message.WriteAsync(_held.AsMemory(0, length), cancel).ConfigureAwait(false);
    }
}
