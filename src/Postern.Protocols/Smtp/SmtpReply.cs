using System.Text;

namespace Postern.Protocols.Smtp;

/// <summary>
/// One SMTP reply, ours or a peer's: a code, an optional enhanced code that agrees with it, one or more lines of text
/// (RFC 5321 section 4.2, RFC 2034). Immutable and safe to share; the wire form is made once, so a reply used often should be a static.
/// </summary>
public sealed class SmtpReply : IEquatable<SmtpReply>
{
    private byte[]? _wire;

    /// <param name="code">200-599.</param>
    /// <param name="enhanced">Its class must agree with the code's first digit; null where RFC 2034 has none (greeting, EHLO, 3xx).</param>
    /// <param name="lines">At least one line, without the code and without line ends; CR and LF inside are replaced by spaces.</param>
    public SmtpReply(int code, EnhancedStatusCode? enhanced, params IReadOnlyList<string> lines)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(code, 200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code, 599);
        if (enhanced is { } e && e.Class != code / 100)
            throw new ArgumentException($"enhanced code {e} does not agree with reply code {code}", nameof(enhanced));
        Code = code;
        Enhanced = enhanced;
        Lines = lines.Count == 0 ? [""] : [.. lines.Select(l => l.Replace('\r', ' ').Replace('\n', ' '))];
    }

    /// <summary>As the constructor, with the enhanced code as text ("5.7.1").</summary>
    public static SmtpReply Of(int code, string enhanced, params IReadOnlyList<string> lines) =>
        EnhancedStatusCode.TryParse(enhanced, out var e)
            ? new SmtpReply(code, e, lines)
            : throw new FormatException($"not an enhanced status code: {enhanced}");

    public int Code { get; }
    public EnhancedStatusCode? Enhanced { get; }
    public IReadOnlyList<string> Lines { get; }

    public bool IsPositive => Code < 300;
    public bool IsIntermediate => Code is >= 300 and < 400;
    public bool IsTransient => Code is >= 400 and < 500;
    public bool IsPermanent => Code >= 500;

    /// <summary>All lines joined by a space.</summary>
    public string Text => Lines.Count == 1 ? Lines[0] : string.Join(' ', Lines);

    /// <summary>The reply as sent, with CRLF; UTF-8. The enhanced code stands on every line (RFC 2034 section 4).</summary>
    public ReadOnlyMemory<byte> Wire => _wire ??= Encode();

    private byte[] Encode()
    {
        var text = new StringBuilder();
        for (int i = 0; i < Lines.Count; i++)
        {
            text.Append(Code).Append(i == Lines.Count - 1 ? ' ' : '-');
            if (Enhanced is { } e) text.Append(e).Append(' ');
            text.Append(Lines[i]).Append("\r\n");
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>One line for logs and bounces: code, enhanced code, text.</summary>
    public override string ToString() => Enhanced is { } e ? $"{Code} {e} {Text}" : $"{Code} {Text}";

    public bool Equals(SmtpReply? other) =>
        other is not null && Code == other.Code && Enhanced == other.Enhanced && Lines.SequenceEqual(other.Lines);

    public override bool Equals(object? obj) => Equals(obj as SmtpReply);
    public override int GetHashCode() => HashCode.Combine(Code, Enhanced, Lines[0]);
}
