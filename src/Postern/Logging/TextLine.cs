using System.Buffers;
using System.Globalization;
using System.Text;

namespace Postern.Logging;

/// <summary>A line for people and files: time, level, the event's words, key=value; values with spaces or signs are quoted, control characters escaped, so one event is always one line.</summary>
internal static class TextLine
{
    private static readonly SearchValues<char> _plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:;/_-+@<>[]()*%#~!?&$^|'");

    public static void Write(IBufferWriter<byte> output, in LogLine line)
    {
        Span<byte> time = stackalloc byte[32];
        line.At.TryFormat(time, out int written, "yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        output.Write(time[..written]);
        output.Write(LevelWord(line.Level));
        Escape(output, line.Phrase);
        if (line.Pairs is { } pairs)
        {
            for (int i = 0; i < pairs.Count - 1; i++) WritePair(output, line.Template!.KeyOf(pairs[i].Key), pairs[i].Value, line.Template.FormatOf(pairs[i].Key));
        }
        if (line.Exception is { } exception) WritePair(output, "exception", line.Level >= LogLevel.Error ? exception.ToString() : $"{exception.GetType().Name}: {exception.Message}", null);
        output.Write("\n"u8);
    }

    private static ReadOnlySpan<byte> LevelWord(LogLevel level) => level switch
    {
        LogLevel.Information => " info  "u8,
        LogLevel.Warning => " warn  "u8,
        LogLevel.Error or LogLevel.Critical => " error "u8,
        _ => " debug "u8,
    };

    private static void WritePair(IBufferWriter<byte> output, string key, object? value, string? format)
    {
        if (value is null) return;
        output.Write(" "u8);
        Encoding.UTF8.GetBytes(key, output);
        output.Write("="u8);
        if (value is int or long or double && value is IUtf8SpanFormattable number)
        {
            var span = output.GetSpan(64);
            if (number.TryFormat(span, out int length, format, CultureInfo.InvariantCulture))
            {
                output.Advance(length);
                return;
            }
        }
        string text = LogValue.Text(value, format);
        if (text.Length > 0 && text.AsSpan().IndexOfAnyExcept(_plain) < 0)
        {
            Encoding.UTF8.GetBytes(text, output);
            return;
        }
        output.Write("\""u8);
        Escape(output, text, quoted: true);
        output.Write("\""u8);
    }

    private static void Escape(IBufferWriter<byte> output, string text, bool quoted = false)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (quoted && rune.Value is '"' or '\\') output.Write("\\"u8);
            if (rune.Value == '\n') output.Write("\\n"u8);
            else if (Rune.IsControl(rune)) Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"), output);
            else output.Advance(rune.EncodeToUtf8(output.GetSpan(4)));
        }
    }
}
