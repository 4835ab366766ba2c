using System.Text;

namespace Postern.Protocols.Smtp;

/// <summary>What <see cref="SmtpReplyParser.TryParse"/> came to.</summary>
public enum ReplyParse : byte { Complete, NeedMore, NotSmtp }

/// <summary>
/// Bytes to one <see cref="SmtpReply"/> (RFC 5321 section 4.2). Takes what real servers send: LF alone, a code without text, 8-bit text (UTF-8, else Latin-1),
/// codes that differ between lines (the last counts). Anything else is not SMTP. Keeps a few short replies for re-use: most are the same words every time.
/// </summary>
public sealed class SmtpReplyParser
{
    /// <summary>Bytes of a whole reply; more is taken for something that is not SMTP. RFC 5321 section 4.5.3.1.5 allows 512 a line.</summary>
    public const int MaxReplyBytes = 16 * 1024;

    private const int Remembered = 4;
    private const int RememberedBytes = 64;
    private readonly (byte[] Bytes, SmtpReply Reply)[] _seen = new (byte[], SmtpReply)[Remembered];
    private int _next;

    /// <param name="consumed">Bytes of the reply, line end included, when complete.</param>
    public ReplyParse TryParse(ReadOnlySpan<byte> input, out SmtpReply? reply, out int consumed)
    {
        reply = null;
        consumed = 0;
        int at = 0;
        while (true)
        {
            var rest = input[at..];
            if (!PlausibleStart(rest)) return ReplyParse.NotSmtp;
            int end = rest.IndexOf((byte)'\n');
            if (end < 0) return input.Length >= MaxReplyBytes ? ReplyParse.NotSmtp : ReplyParse.NeedMore;
            at += end + 1;
            if (at > MaxReplyBytes) return ReplyParse.NotSmtp;
            if (end < 3 || (end > 3 && rest[3] is not ((byte)' ' or (byte)'-' or (byte)'\r'))) return ReplyParse.NotSmtp;
            if (end == 3 || rest[3] != (byte)'-') break;
        }

        consumed = at;
        reply = Remember(input[..at]);
        return ReplyParse.Complete;
    }

    private static bool PlausibleStart(ReadOnlySpan<byte> line)
    {
        if (line.Length > 0 && line[0] is < (byte)'2' or > (byte)'5') return false;
        if (line.Length > 1 && !char.IsAsciiDigit((char)line[1])) return false;
        return line.Length <= 2 || char.IsAsciiDigit((char)line[2]);
    }

    private SmtpReply Remember(ReadOnlySpan<byte> bytes)
    {
        foreach (var (known, kept) in _seen)
        {
            if (known is not null && bytes.SequenceEqual(known)) return kept;
        }

        var reply = Build(bytes);
        if (bytes.Length <= RememberedBytes && !CarriesAnId(reply))
        {
            _seen[_next] = (bytes.ToArray(), reply);
            _next = (_next + 1) % Remembered;
        }

        return reply;
    }

    /// <summary>The reply to the end of data names the peer's queue id and never comes again.</summary>
    private static bool CarriesAnId(SmtpReply reply) => reply.Code == 250 && reply.Text.Contains("queued", StringComparison.OrdinalIgnoreCase);

    private static SmtpReply Build(ReadOnlySpan<byte> bytes)
    {
        var lines = new List<string>(1);
        EnhancedStatusCode? enhanced = null;
        int code = 0;
        while (bytes.Length > 0)
        {
            int end = bytes.IndexOf((byte)'\n');
            var line = bytes[..end].TrimEnd((byte)'\r');
            bytes = bytes[(end + 1)..];
            code = ((line[0] - '0') * 100) + ((line[1] - '0') * 10) + (line[2] - '0');
            string text = line.Length > 4 ? Decode(line[4..]) : "";
            if (TryEnhanced(text, code, out var found, out int length) && (enhanced is null || enhanced == found))
            {
                enhanced = found;
                text = text[length..];
            }

            lines.Add(text);
        }

        return new SmtpReply(code, enhanced is { } e && e.Class == code / 100 ? e : null, lines);
    }

    private static bool TryEnhanced(string text, int code, out EnhancedStatusCode enhanced, out int length)
    {
        int space = text.IndexOf(' ');
        length = space < 0 ? text.Length : space + 1;
        var word = space < 0 ? text.AsSpan() : text.AsSpan(0, space);
        // "#5.1.1" is how some appliances write it.
        if (word.Length > 0 && word[0] == '#') word = word[1..];
        return EnhancedStatusCode.TryParse(word, out enhanced) && enhanced.Class == code / 100;
    }

    private static string Decode(ReadOnlySpan<byte> text) =>
        System.Text.Unicode.Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : Encoding.Latin1.GetString(text);
}
