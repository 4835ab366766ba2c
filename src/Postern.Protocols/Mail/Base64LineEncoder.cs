using System.Buffers;
using System.Buffers.Text;

namespace Postern.Protocols.Mail;

/// <summary>Base64 in lines of 76 (RFC 2045 section 6.8), streaming. Use one instance for one part: feed it, then finish.</summary>
internal sealed class Base64LineEncoder(IBufferWriter<byte> output)
{
    private const int LineBytes = 57;
    private readonly byte[] _held = new byte[LineBytes];
    private int _heldLength;
    private bool _any;

    public void Encode(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int take = Math.Min(LineBytes - _heldLength, bytes.Length);
            bytes[..take].CopyTo(_held.AsSpan(_heldLength));
            _heldLength += take;
            bytes = bytes[take..];
            if (_heldLength == LineBytes) WriteLine();
        }
    }

    /// <summary>The last line has no CRLF after it: in a multipart, the one that follows belongs to the delimiter.</summary>
    public void Finish()
    {
        if (_heldLength > 0) WriteLine();
    }

    private void WriteLine()
    {
        if (_any) output.Write("\r\n"u8);
        var span = output.GetSpan(76);
        Base64.EncodeToUtf8(_held.AsSpan(0, _heldLength), span, out _, out int written);
        output.Advance(written);
        _heldLength = 0;
        _any = true;
    }
}
