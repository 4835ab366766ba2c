namespace Postern.Protocols.Smtp;

/// <summary>
/// Dot-stuffing (RFC 5321 section 4.5.2) over fragments: doubles a dot that begins a line, and knows whether the text ended with CRLF.
/// A struct with the last two bytes for state; the copying is vectorised, whole runs of lines at a time.
/// </summary>
internal struct DataWriter
{
    private byte _last, _beforeLast;
    private bool _any;

    /// <summary>What must follow the content: CRLF only where it is missing, then the lone dot.</summary>
    public readonly ReadOnlySpan<byte> Terminator => !_any || (_last == '\n' && _beforeLast == '\r') ? ".\r\n"u8 : "\r\n.\r\n"u8;

    private readonly bool AtLineStart => !_any || _last == '\n';

    /// <summary>Copies as much as fits. A dot and its double are never split.</summary>
    public void Copy(ReadOnlySpan<byte> source, Span<byte> target, out int consumed, out int written)
    {
        consumed = written = 0;
        while (consumed < source.Length)
        {
            var rest = source[consumed..];
            if (rest[0] == '.' && AtLineStart)
            {
                if (target.Length - written < 2) return;
                target[written++] = (byte)'.';
            }
            else if (written == target.Length)
            {
                return;
            }

            int line = rest.IndexOf("\n."u8);
            int take = Math.Min(line < 0 ? rest.Length : line + 1, target.Length - written);
            rest[..take].CopyTo(target[written..]);
            Remember(rest[..take]);
            consumed += take;
            written += take;
        }
    }

    private void Remember(ReadOnlySpan<byte> copied)
    {
        _beforeLast = copied.Length > 1 ? copied[^2] : _last;
        _last = copied[^1];
        _any = true;
    }
}
