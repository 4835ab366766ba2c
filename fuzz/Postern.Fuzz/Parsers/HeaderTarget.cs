using Postern.Protocols.Mail;

namespace Postern.Fuzz.Parsers;

/// <summary>The header scanner says the same however the message is cut, and the section it finds consists of whole lines.</summary>
internal static class HeaderTarget
{
    public static readonly FuzzTarget Target = new("header", Run, "Received: from a by b; x", "Message-ID: <a@b>", "Date: now", "X:", "Subject : x", "\r\n ", "\r\n\t", "\r\n\r\n", "received:", "\n\n");

    private sealed record Findings(int Fields, int Received, bool MessageId, bool Date, bool Ended, HeaderProblem Problem, long Bytes, long End);

    private static void Run(ReadOnlyMemory<byte> input)
    {
        var whole = Scan(input, 0);
        foreach (int way in Cuts.Ways)
        {
            var cut = Scan(input, way);
            Must.Hold(cut == whole, $"cut in way {way} it finds {cut}, whole {whole}");
        }
        if (!whole.Ended) return;
        Must.Hold(whole.End >= 0 && whole.End <= input.Length, $"the section ends at {whole.End} of {input.Length}");
        Must.Hold(whole.End == 0 || input.Span[(int)whole.End - 1] == '\n', $"the section ends at {whole.End}, not at a line's end");
        Must.Hold(whole.Fields > 0 || whole.End == 0, "a section without fields is not empty");
    }

    private static Findings Scan(ReadOnlyMemory<byte> input, int way)
    {
        var scanner = new HeaderScanner(new HeaderLimits(4096, 50, 10));
        long before = 0, end = -1;
        foreach (var piece in Cuts.Of(input, way))
        {
            int at = scanner.Scan(piece.Span);
            if (at != int.MinValue && end < 0) end = before + at;
            before += piece.Length;
        }
        return new Findings(scanner.Fields, scanner.Received, scanner.HasMessageId, scanner.HasDate, scanner.HasEnded, scanner.Problem, scanner.Bytes, end);
    }
}
