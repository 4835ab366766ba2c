using System.Text;

namespace Postern.Protocols.Mail;

/// <summary>What the content fields of one MIME entity say, and where its Content-Transfer-Encoding field stands (RFC 2045).</summary>
internal sealed record ContentHeaders
{
    /// <summary>"text/plain", lower case; null when there is no usable Content-Type.</summary>
    public string? Type { get; private set; }
    public bool HasContentType { get; private set; }
    public string? Boundary { get; private set; }

    /// <summary>Lower case; null when there is none.</summary>
    public string? TransferEncoding { get; private set; }

    /// <summary>Of the field with its line ends, relative to the header section; length 0 when there is none.</summary>
    public int EncodingStart { get; private set; }
    public int EncodingLength { get; private set; }
    public bool HasMimeVersion { get; private set; }
    public bool IsDkimSigned { get; private set; }

    /// <summary>True when a byte of the section is above 127: only SMTPUTF8 can carry it.</summary>
    public bool HasEightBit { get; private set; }

    /// <summary>Why the section cannot be understood well enough to be changed; null when it can.</summary>
    public string? Problem { get; private set; }

    public bool IsMultipart => Type?.StartsWith("multipart/", StringComparison.Ordinal) is true;

    /// <param name="section">The header section up to and without the empty line.</param>
    public static ContentHeaders Parse(ReadOnlySpan<byte> section)
    {
        var headers = new ContentHeaders();
        headers.HasEightBit = !Ascii.IsValid(section);
        if (section.Count((byte)'\n') != section.Count("\r\n"u8) || section.Count((byte)'\r') != section.Count("\r\n"u8))
            headers.Problem = "CR or LF stands alone in its headers";
        for (int at = 0; at < section.Length;)
        {
            int end = EndOfField(section, at);
            headers.Take(section[at..end], at);
            at = end;
        }
        return headers;
    }

    private void Take(ReadOnlySpan<byte> field, int start)
    {
        int colon = field.IndexOf((byte)':');
        if (colon <= 0 || field[0] is (byte)' ' or (byte)'\t')
        {
            Problem ??= "a line of its headers is no header";
            return;
        }
        var name = Encoding.Latin1.GetString(field[..colon]).TrimEnd();
        if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
        {
            if (HasContentType) Problem ??= "it has two Content-Type headers";
            HasContentType = true;
            TakeType(Encoding.Latin1.GetString(field[(colon + 1)..]));
        }
        else if (name.Equals("Content-Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
        {
            if (EncodingLength > 0) Problem ??= "it has two Content-Transfer-Encoding headers";
            (EncodingStart, EncodingLength) = (start, field.Length);
            TakeEncoding(Encoding.Latin1.GetString(field[(colon + 1)..]));
        }
        else if (name.Equals("MIME-Version", StringComparison.OrdinalIgnoreCase)) HasMimeVersion = true;
        else if (name.Equals("DKIM-Signature", StringComparison.OrdinalIgnoreCase)) IsDkimSigned = true;
    }

    private void TakeType(string value)
    {
        var tokens = new MimeTokens(value);
        if (tokens.Token() is not { } type || !tokens.Skip('/') || tokens.Token() is not { } subtype)
        {
            Problem ??= "a Content-Type in it cannot be read";
            return;
        }
        Type = $"{type}/{subtype}".ToLowerInvariant();
        while (tokens.Skip(';') && !tokens.AtEnd)
        {
            if (tokens.Token() is not { } name || !tokens.Skip('=') || tokens.Value() is not { } text) break;
            if (!name.Equals("boundary", StringComparison.OrdinalIgnoreCase)) continue;
            if (Boundary is not null) Problem ??= "a Content-Type in it has two boundaries";
            Boundary ??= text;
        }
        if (!tokens.AtEnd) Problem ??= "a Content-Type in it cannot be read";
    }

    private void TakeEncoding(string value)
    {
        var tokens = new MimeTokens(value);
        TransferEncoding = tokens.Token()?.ToLowerInvariant();
        if (TransferEncoding is null || !tokens.AtEnd) Problem ??= "a Content-Transfer-Encoding in it cannot be read";
    }

    private static int EndOfField(ReadOnlySpan<byte> section, int at)
    {
        while (at < section.Length)
        {
            int newline = section[at..].IndexOf("\r\n"u8);
            if (newline < 0) return section.Length;
            at += newline + 2;
            if (at < section.Length && section[at] is not ((byte)' ' or (byte)'\t')) break;
        }
        return at;
    }
}

/// <summary>Reads the tokens of a structured header: comments and folding skipped (RFC 2045 section 5.1, RFC 5322 section 3.2).</summary>
internal ref struct MimeTokens(ReadOnlySpan<char> text)
{
    private ReadOnlySpan<char> _rest = text;

    /// <summary>True when nothing but comments and white space is left.</summary>
    public bool AtEnd
    {
        get
        {
            SkipComments();
            return _rest.IsEmpty;
        }
    }

    /// <summary>Null when no token stands here.</summary>
    public string? Token()
    {
        SkipComments();
        int length = 0;
        while (length < _rest.Length && _rest[length] > ' ' && _rest[length] < '\x7f' && !"()<>@,;:\\\"/[]?=".Contains(_rest[length])) length++;
        return length == 0 ? null : Cut(length);
    }

    /// <summary>A token, or a quoted string without its quotes.</summary>
    public string? Value()
    {
        SkipComments();
        if (_rest.IsEmpty || _rest[0] != '"') return LooseToken();
        var value = new StringBuilder();
        int i = 1;
        for (; i < _rest.Length && _rest[i] != '"'; i++)
        {
            if (_rest[i] == '\\' && i + 1 < _rest.Length) i++;
            else if (_rest[i] is '\r' or '\n') continue;
            value.Append(_rest[i]);
        }
        _rest = _rest[Math.Min(i + 1, _rest.Length)..];
        return value.ToString();
    }

    public bool Skip(char c)
    {
        SkipComments();
        if (_rest.IsEmpty || _rest[0] != c) return false;
        _rest = _rest[1..];
        return true;
    }

    /// <summary>Real boundaries hold = and / without quotes; what ends them is ; or white space.</summary>
    private string? LooseToken()
    {
        int length = 0;
        while (length < _rest.Length && _rest[length] is > ' ' and < '\x7f' and not ';' and not '"' and not '(') length++;
        return length == 0 ? null : Cut(length);
    }

    private string Cut(int length)
    {
        string token = _rest[..length].ToString();
        _rest = _rest[length..];
        return token;
    }

    private void SkipComments()
    {
        int depth = 0;
        int i = 0;
        for (; i < _rest.Length; i++)
        {
            char c = _rest[i];
            if (c == '(') depth++;
            else if (depth > 0 && c == ')') depth--;
            else if (depth > 0 && c == '\\') i++;
            else if (depth == 0 && c is not (' ' or '\t' or '\r' or '\n')) break;
        }
        _rest = _rest[Math.Min(i, _rest.Length)..];
    }
}
