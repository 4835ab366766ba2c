using System.Buffers;
using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Protocols.Mail;

/// <summary>How an entity is treated when the message is made 7-bit.</summary>
internal enum EntityKind : byte { Leaf, Multipart, Message }

/// <summary>One entity of a message: where its header section and its body lie in the bytes.</summary>
internal sealed class MimeEntityOutline
{
    public required ContentHeaders Headers { get; init; }
    public required EntityKind Kind { get; init; }
    public required long HeaderStart { get; init; }

    /// <summary>Where the header section ends and the empty line begins.</summary>
    public required long HeaderEnd { get; init; }
    public required MimeEntityOutline? Parent { get; init; }

    /// <summary>True for the message itself and for the one inside a message/rfc822: those must say MIME-Version.</summary>
    public required bool IsMessageRoot { get; init; }
    public long BodyStart { get; init; }
    public long BodyEnd { get; set; }

    /// <summary>Bytes above 127 in the body itself; for a multipart in what stands before, between and after its parts.</summary>
    public long EightBitBytes { get; set; }
    public bool HasLongLine { get; set; }
}

/// <summary>
/// Finds the entities of a message in one pass over its bytes, in bounded memory: lines longer than the buffer are followed without being held; at most
/// 10,000 entities, 50 levels, 256 KiB of headers each. Strict: what two readers might understand differently is a <see cref="Problem"/>, not a guess.
/// </summary>
internal sealed class MimeOutline
{
    private const int MaxEntities = 10_000;
    private const int MaxDepth = 50;
    private const int MaxHeaderBytes = 256 << 10;
    private const int HeadBytes = 256;
    private const int MaxLineBytes = 998;

    private readonly List<MimeEntityOutline> _entities = [];
    private readonly Stack<(MimeEntityOutline Multipart, byte[] Delimiter)> _open = new();
    private readonly ArrayBufferWriter<byte> _header = new();
    private readonly byte[] _head = new byte[HeadBytes];
    private bool _inHeader = true;
    private bool _nextIsMessageRoot = true;
    private MimeEntityOutline? _parent;     // of the header section being read
    private MimeEntityOutline? _current;    // whose body is being read; null in a header section
    private long _headerStart;
    private long _lineStart;
    private long _lineLength;
    private long _lineEightBitBytes;
    private bool _lastWasCr;

    public IReadOnlyList<MimeEntityOutline> Entities => _entities;

    /// <summary>Why the structure is not clear; null when it is.</summary>
    public string? Problem { get; private set; }

    public static async ValueTask<MimeOutline> ReadAsync(MessageContent content, CancellationToken cancel)
    {
        var outline = new MimeOutline();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
        try
        {
            long offset = 0;
            while (outline.Problem is null && await content.ReadAsync(offset, buffer, cancel) is > 0 and var length)
            {
                outline.Take(buffer.AsSpan(0, length));
                offset += length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        outline.End();
        return outline;
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0 && Problem is null)
        {
            int newline = bytes.IndexOf((byte)'\n');
            int length = newline < 0 ? bytes.Length : newline + 1;
            var piece = bytes[..length];
            bool ends = newline >= 0 && (newline > 0 ? piece[newline - 1] == '\r' : _lastWasCr);
            TakePiece(piece);
            // A reader that takes a lone LF for a line end would see other parts than we do.
            if (newline >= 0 && !ends && _open.Count > 0) Problem = "LF stands alone in a multipart";
            bytes = bytes[length..];
            if (ends) EndLine(withLineEnd: true);
        }
    }

    private void TakePiece(ReadOnlySpan<byte> piece)
    {
        if (_lineLength < HeadBytes) piece[..(int)Math.Min(piece.Length, HeadBytes - _lineLength)].CopyTo(_head.AsSpan((int)_lineLength));
        _lineLength += piece.Length;
        if (!Ascii.IsValid(piece)) _lineEightBitBytes += piece.Length - CountAscii(piece);
        _lastWasCr = piece[^1] == '\r';
        if (!_inHeader) return;
        if (_header.WrittenCount + piece.Length > MaxHeaderBytes) Problem = "a header section in it is too long";
        else _header.Write(piece);
    }

    private static int CountAscii(ReadOnlySpan<byte> bytes)
    {
        int count = 0;
        foreach (byte b in bytes) count += 1 - (b >> 7);
        return count;
    }

    private void EndLine(bool withLineEnd)
    {
        int contentLength = (int)Math.Min(_lineLength - (withLineEnd ? 2 : 0), HeadBytes);
        var line = _lineLength <= HeadBytes ? _head.AsSpan(0, contentLength) : default;
        if (!(line.StartsWith("--"u8) && TryDelimiter(line)))
        {
            if (!_inHeader) NoteBodyLine();
            else if (contentLength == 0 && withLineEnd) EndHeader();
        }
        _lineStart += _lineLength;
        _lineLength = 0;
        _lineEightBitBytes = 0;
        _lastWasCr = false;
    }

    private void NoteBodyLine()
    {
        _current!.EightBitBytes += _lineEightBitBytes;
        _current.HasLongLine |= _lineLength > MaxLineBytes + 2;
    }

    /// <summary>True when the line is a delimiter of an open multipart; the outer ones end the inner ones (RFC 2046 section 5.1.2).</summary>
    private bool TryDelimiter(ReadOnlySpan<byte> line)
    {
        if (_open.Count == 0) return false;
        line = line.TrimEnd(" \t"u8);
        int levels = 0;
        foreach (var (multipart, delimiter) in _open)
        {
            bool last = line.Length == delimiter.Length + 2 && line.EndsWith("--"u8) && line[..^2].SequenceEqual(delimiter);
            if (last || line.SequenceEqual(delimiter))
            {
                Delimit(multipart, levels, last);
                return true;
            }
            levels++;
        }
        return false;
    }

    private void Delimit(MimeEntityOutline multipart, int levels, bool last)
    {
        // A part whose header section runs into the delimiter has no empty line and no body.
        if (_inHeader) CloseHeader(_lineStart, bodyStart: _lineStart, trim: _lineStart - _headerStart);
        // The CRLF before the delimiter belongs to it (RFC 2046 section 5.1.1).
        if (_current is { } ended) ended.BodyEnd = Math.Max(ended.BodyStart, _lineStart - 2);
        for (; levels > 0; levels--) _open.Pop();
        if (last)
        {
            _open.Pop();
            _inHeader = false;
            _current = multipart;
            return;
        }
        BeginHeader(multipart, _lineStart + _lineLength, isMessageRoot: false);
    }

    private void BeginHeader(MimeEntityOutline? parent, long start, bool isMessageRoot)
    {
        _header.ResetWrittenCount();
        _inHeader = true;
        _current = null;
        _parent = parent;
        _headerStart = start;
        _nextIsMessageRoot = isMessageRoot;
    }

    private void EndHeader() => CloseHeader(_lineStart, _lineStart + _lineLength, _lineStart - _headerStart);

    private void CloseHeader(long headerEnd, long bodyStart, long trim)
    {
        var headers = ContentHeaders.Parse(_header.WrittenSpan[..(int)trim]);
        string type = headers.Type ?? (_parent?.Headers.Type == "multipart/digest" && !headers.HasContentType ? "message/rfc822" : "text/plain");
        var kind = headers.IsMultipart ? EntityKind.Multipart : type is "message/rfc822" or "message/news" ? EntityKind.Message : EntityKind.Leaf;
        // Forbidden (RFC 2045 section 6.4), and some readers decode it while others do not.
        if (kind != EntityKind.Leaf && headers.TransferEncoding is not (null or "7bit" or "8bit" or "binary")) Problem = "a multipart or message in it says that it is encoded";
        var entity = new MimeEntityOutline
        {
            Headers = headers, Kind = kind, HeaderStart = _headerStart, HeaderEnd = headerEnd, Parent = _parent,
            IsMessageRoot = _nextIsMessageRoot, BodyStart = bodyStart,
        };
        _entities.Add(entity);
        if (_entities.Count > MaxEntities) Problem = "it has too many parts";
        _inHeader = false;
        _current = entity;
        if (bodyStart == headerEnd) return;
        if (kind == EntityKind.Message) BeginHeader(entity, bodyStart, isMessageRoot: true);
        if (kind == EntityKind.Multipart) Open(entity);
    }

    private void Open(MimeEntityOutline multipart)
    {
        if (multipart.Headers.Boundary is not { Length: > 0 and < 200 } boundary) Problem = "a multipart in it has no usable boundary";
        else if (_open.Count >= MaxDepth) Problem = "its parts are nested too deep";
        else Push(multipart, Encoding.Latin1.GetBytes("--" + boundary.TrimEnd()));
    }

    private void Push(MimeEntityOutline multipart, byte[] delimiter)
    {
        foreach (var (_, other) in _open)
            if (other.AsSpan().SequenceEqual(delimiter)) Problem = "a multipart in it has the boundary of one around it";
        _open.Push((multipart, delimiter));
    }

    private void End()
    {
        if (Problem is not null) return;
        if (_lineLength > 0) EndLine(withLineEnd: false);
        if (_inHeader) CloseHeader(_lineStart, bodyStart: _lineStart, trim: _lineStart - _headerStart);
        if (_current is { } ended) ended.BodyEnd = _lineStart;
    }
}
