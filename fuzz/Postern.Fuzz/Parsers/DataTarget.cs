using Postern.Protocols.Smtp;

namespace Postern.Fuzz.Parsers;

/// <summary>
/// The end of DATA and dot-stuffing against a plain second implementation: the data end at CRLF.CRLF and nowhere else, however they are cut; a bare
/// newline is always noticed; what our own client stuffs, our server unstuffs; what is normalised has no bare newline left.
/// </summary>
internal static class DataTarget
{
    public static readonly FuzzTarget Target = new("data", Run, "\r\n.\r\n", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r\n..\r\n", "\r\n.a", "\r\r\n", "\n\n", ".", "..");

    private sealed record Reading(byte[] Body, int Consumed, bool Ended, bool Bare, bool Long);

    private static void Run(ReadOnlyMemory<byte> input)
    {
        foreach (bool normalise in (bool[])[false, true])
        {
            var whole = Read(input, 0, normalise);
            foreach (int way in Cuts.Ways.Skip(1))
            {
                var cut = Read(input, way, normalise);
                Must.Hold(cut with { Body = whole.Body } == whole && cut.Body.AsSpan().SequenceEqual(whole.Body), $"cut in way {way} (normalise {normalise}) it is read otherwise");
            }
            Against(input.Span, whole, normalise);
        }
        RoundTrip(input);
    }

    private static void Against(ReadOnlySpan<byte> input, Reading reading, bool normalise)
    {
        int end = input.StartsWith(".\r\n"u8) ? 0 : input.IndexOf("\r\n.\r\n"u8) is >= 0 and var at ? at + 2 : -1;
        Must.Hold(reading.Ended == end >= 0, $"ended: {reading.Ended}, but the end stands at {end}");
        if (end < 0) return;
        Must.Hold(reading.Consumed == end + 3, $"the data end at {end + 3}, it read {reading.Consumed}");
        bool bare = HasBareNewline(input[..end]);
        if (!normalise) Must.Hold(reading.Bare == bare, $"bare newline noticed: {reading.Bare}, there: {bare}");
        if (!bare) Must.Hold(reading.Body.AsSpan().SequenceEqual(Unstuffed(input[..end])), "the body is unstuffed otherwise");
        else if (normalise) Must.Hold(!HasBareNewline(reading.Body), "a normalised body has a bare newline");
    }

    /// <summary>Our client's stuffing into small buffers, then our server's reading, for a message that could have been accepted.</summary>
    private static void RoundTrip(ReadOnlyMemory<byte> input)
    {
        byte[] content = EightBitTarget.AsAccepted(input.Span);
        foreach (int room in (int[])[2, 3, 17, 4096])
        {
            var wire = new MemoryStream();
            var writer = new DataWriter();
            byte[] buffer = new byte[room];
            foreach (var piece in Cuts.Of(content, room % 3))
            {
                for (var left = piece; !left.IsEmpty;)
                {
                    writer.Copy(left.Span, buffer, out int consumed, out int written);
                    Must.Hold(consumed > 0, "the writer does not go on");
                    wire.Write(buffer, 0, written);
                    left = left[consumed..];
                }
            }
            wire.Write(writer.Terminator);
            var reading = Read(wire.ToArray(), 3, normalise: false);
            byte[] expected = content.Length == 0 || content.AsSpan().EndsWith("\r\n"u8) ? content : [.. content, (byte)'\r', (byte)'\n'];
            Must.Hold(reading.Ended && reading.Consumed == wire.Length, $"what the client sends ends at {reading.Consumed} of {wire.Length}");
            Must.Hold(reading.Body.AsSpan().SequenceEqual(expected), "what the client stuffs is unstuffed otherwise");
        }
    }

    private static Reading Read(ReadOnlyMemory<byte> input, int way, bool normalise)
    {
        var reader = new BodyReader(transparency: true, normalise, maxLineBytes: 1000, isBinary: false);
        var body = new MemoryStream();
        int total = 0;
        foreach (var piece in Cuts.Of(input, way))
        {
            for (var left = piece; !left.IsEmpty;)
            {
                var step = reader.Next(left.Span);
                body.Write(step.Insert.Span);
                body.Write(left.Span.Slice(step.Start, step.Length));
                total += step.Consumed;
                left = left[step.Consumed..];
                if (step.IsEnd) return new Reading(body.ToArray(), total, true, reader.HasBareNewline, reader.HasLongLine);
            }
        }
        // Not ended: how much of an open line is held back depends on the cut, and nobody will ever see it.
        return new Reading([], total, false, false, false);
    }

    private static bool HasBareNewline(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == '\r' && (i + 1 == bytes.Length || bytes[i + 1] != '\n')) return true;
            if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) return true;
        }
        return false;
    }

    private static byte[] Unstuffed(ReadOnlySpan<byte> data)
    {
        var body = new List<byte>(data.Length);
        for (int i = 0; i < data.Length; i++)
            if (data[i] != '.' || i > 0 && data[i - 1] != '\n') body.Add(data[i]);
        return [.. body];
    }
}
