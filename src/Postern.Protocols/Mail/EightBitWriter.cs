using System.Buffers;
using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Protocols.Mail;

/// <summary>Copies the original and writes the changes that the policy allowed, front to back.</summary>
internal sealed class EightBitWriter(MessageContent original, SpooledContent spool)
{
    private const int ChunkBytes = 64 << 10;
    private readonly ArrayBufferWriter<byte> _encoded = new();
    private long _copied;

    public async ValueTask WriteAsync(IReadOnlyList<MimeEntityOutline> entities, CancellationToken cancel)
    {
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            foreach (var entity in entities)
            {
                if (NewEncoding(entity) is not { } encoding) continue;
                await LabelAsync(entity, encoding, chunk, cancel);
                if (entity.EightBitBytes > 0) await EncodeAsync(entity, base64: encoding == "base64", chunk, cancel);
            }
            await CopyToAsync(original.Length, chunk, cancel);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>Null where the entity keeps its label.</summary>
    private static string? NewEncoding(MimeEntityOutline entity)
    {
        if (entity is { Kind: EntityKind.Leaf, EightBitBytes: > 0 }) return EightBitPolicy.PrefersBase64(entity) ? "base64" : "quoted-printable";
        if (entity.Headers.TransferEncoding is not ("8bit" or "binary")) return null;
        // A composite must not claim 8bit when nothing in it is. A leaf's claim does no harm and stays, as does all that is under a signature.
        if (entity.Kind == EntityKind.Leaf) return null;
        for (var outer = entity.Parent; outer is not null; outer = outer.Parent)
            if (outer.Headers.Type is "multipart/signed" or "multipart/encrypted") return null;
        return "7bit";
    }

    private async ValueTask LabelAsync(MimeEntityOutline entity, string encoding, byte[] chunk, CancellationToken cancel)
    {
        var headers = entity.Headers;
        bool replaces = headers.EncodingLength > 0;
        await CopyToAsync(replaces ? entity.HeaderStart + headers.EncodingStart : entity.HeaderEnd, chunk, cancel);
        string field = $"Content-Transfer-Encoding: {encoding}\r\n";
        if (EightBitPolicy.CanLabel(entity)) field = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" + field;
        await spool.WriteAsync(Encoding.ASCII.GetBytes(field), cancel);
        _copied += headers.EncodingLength;
    }

    private async ValueTask EncodeAsync(MimeEntityOutline leaf, bool base64, byte[] chunk, CancellationToken cancel)
    {
        await CopyToAsync(leaf.BodyStart, chunk, cancel);
        var asBase64 = new Base64LineEncoder(_encoded);
        var asQuoted = new QuotedPrintableEncoder(_encoded);
        while (_copied < leaf.BodyEnd)
        {
            int length = await ReadAsync(leaf.BodyEnd, chunk, cancel);
            if (base64) asBase64.Encode(chunk.AsSpan(0, length));
            else asQuoted.Encode(chunk.AsSpan(0, length));
            await FlushAsync(cancel);
            _copied += length;
        }
        if (base64) asBase64.Finish();
        else asQuoted.Finish();
        // Nothing follows the body of a message that is no part: its last line is ended here.
        if (base64 && leaf.BodyEnd == original.Length) _encoded.Write("\r\n"u8);
        await FlushAsync(cancel);
    }

    private async ValueTask CopyToAsync(long end, byte[] chunk, CancellationToken cancel)
    {
        while (_copied < end)
        {
            int length = await ReadAsync(end, chunk, cancel);
            await spool.WriteAsync(chunk.AsMemory(0, length), cancel);
            _copied += length;
        }
    }

    private async ValueTask<int> ReadAsync(long end, byte[] chunk, CancellationToken cancel)
    {
        int length = await original.ReadAsync(_copied, chunk.AsMemory(0, (int)Math.Min(chunk.Length, end - _copied)), cancel);
        return length > 0 ? length : throw new IOException($"the message ended at byte {_copied} of {original.Length}");
    }

    private async ValueTask FlushAsync(CancellationToken cancel)
    {
        await spool.WriteAsync(_encoded.WrittenMemory, cancel);
        _encoded.ResetWrittenCount();
    }
}
