using System.Globalization;
using System.Text;

namespace Postern.Lab.Peers;

/// <summary>What a scripted peer does in one step.</summary>
public enum StepKind : byte
{
    Send,       // bytes to the client
    Expect,     // one line from the client that must match
    Body,       // lines from the client up to and with the lone dot
    Octets,     // that many bytes from the client, whatever they are (BDAT)
    Pause,      // silence for a time
    Cut,        // orderly close (FIN), at once
    Reset,      // close with RST
    Hold,       // silence until the client goes away
    Quiet,      // the client must not have sent anything yet: it waits for a reply
    StartTls,   // the TLS handshake, as the server
}

/// <summary>One step of a conversation.</summary>
/// <param name="Pattern">For Expect: the line without its CRLF, <c>*</c> standing for anything; case does not count.</param>
/// <param name="Count">For Octets.</param>
public sealed record ScriptStep(StepKind Kind, ReadOnlyMemory<byte> Bytes = default, string Pattern = "", TimeSpan Time = default, long Count = 0);

/// <summary>
/// A conversation as data, from the server's side. The text form has one step per line; empty lines and those that begin with # say nothing:
/// <code>
/// S: 220 lab.test ready      send this and CRLF
/// S~ 250 half a rep          send this without CRLF
/// C: EHLO *                  expect a line
/// body                       expect lines up to the lone dot
/// octets 12                  expect 12 bytes
/// pause 50ms                 also 2s
/// cut | reset | hold | quiet | starttls
/// </code>
/// In what is sent, <c>\r</c>, <c>\n</c>, <c>\\</c> and <c>\xHH</c> stand for bytes; other text is UTF-8. When the steps are over the connection is closed in order.
/// </summary>
public sealed class Script
{
    public Script(params IReadOnlyList<ScriptStep> steps) => Steps = steps;

    public IReadOnlyList<ScriptStep> Steps { get; }

    /// <exception cref="FormatException">A line that is no step.</exception>
    public static Script Parse(string text)
    {
        var steps = new List<ScriptStep>();
        foreach (string raw in text.Split('\n'))
        {
            string line = raw.Trim('\r', ' ', '\t');
            if (line.Length > 0 && line[0] != '#') steps.Add(ParseStep(line, raw));
        }
        return new Script(steps);
    }

    /// <summary>This conversation, then that one on the same connection.</summary>
    public Script Then(Script next) => new([.. Steps, .. next.Steps]);

    private static ScriptStep ParseStep(string line, string raw)
    {
        if (line.StartsWith("S:", StringComparison.Ordinal)) return new(StepKind.Send, Unescape(After(raw, "S:") + "\\r\\n"));
        if (line.StartsWith("S~", StringComparison.Ordinal)) return new(StepKind.Send, Unescape(After(raw, "S~")));
        if (line.StartsWith("C:", StringComparison.Ordinal)) return new(StepKind.Expect, Pattern: After(raw, "C:"));
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (words[0], words.Length) switch
        {
            ("body", 1) => new(StepKind.Body),
            ("octets", 2) => new(StepKind.Octets, Count: long.Parse(words[1], CultureInfo.InvariantCulture)),
            ("pause", 2) => new(StepKind.Pause, Time: ParseTime(words[1])),
            ("cut", 1) => new(StepKind.Cut),
            ("reset", 1) => new(StepKind.Reset),
            ("hold", 1) => new(StepKind.Hold),
            ("quiet", 1) => new(StepKind.Quiet),
            ("starttls", 1) => new(StepKind.StartTls),
            _ => throw new FormatException($"not a step of a script: {line}"),
        };
    }

    /// <summary>What follows the mark and one space; spaces at the end belong to it.</summary>
    private static string After(string raw, string mark)
    {
        string rest = raw.TrimEnd('\r')[(raw.IndexOf(mark, StringComparison.Ordinal) + mark.Length)..];
        return rest.StartsWith(' ') ? rest[1..] : rest;
    }

    private static TimeSpan ParseTime(string text)
    {
        bool milliseconds = text.EndsWith("ms", StringComparison.Ordinal);
        double value = double.Parse(text.AsSpan(0, text.Length - (milliseconds ? 2 : 1)), CultureInfo.InvariantCulture);
        return milliseconds ? TimeSpan.FromMilliseconds(value) : TimeSpan.FromSeconds(value);
    }

    private static byte[] Unescape(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                int length = char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(text, i, length));
                i += length - 1;
                continue;
            }
            char escaped = ++i < text.Length ? text[i] : throw new FormatException("a script line ends in a lone \\");
            if (escaped == 'x')
            {
                bytes.Add(byte.Parse(text.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                i += 2;
                continue;
            }
            bytes.Add(escaped switch { 'r' => (byte)'\r', 'n' => (byte)'\n', '0' => (byte)0, '\\' => (byte)'\\', _ => throw new FormatException($"unknown escape \\{escaped} in a script") });
        }
        return [.. bytes];
    }
}
