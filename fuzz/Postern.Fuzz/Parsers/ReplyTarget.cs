using Postern.Protocols.Smtp;

namespace Postern.Fuzz.Parsers;

/// <summary>An upstream's replies: complete at the same byte however many have come, never more than the limit, and what was understood keeps its meaning when written again.</summary>
internal static class ReplyTarget
{
    public static readonly FuzzTarget Target = new("reply", Run, "250 2.1.0 ok\r\n", "250-first\r\n", "550-5.1.1 no\r\n550 5.1.1 such\r\n", "421 4.7.0 later\r\n", "354 go\r\n", "220", "250\r\n", "5.1.1", "4.3.2 ", "ü", "\u00ff", "\n", "-", " ");

    private static void Run(ReadOnlyMemory<byte> input)
    {
        var parser = new SmtpReplyParser();
        var result = parser.TryParse(input.Span, out var reply, out int consumed);
        Must.Hold(result == ReplyParse.Complete == reply is not null, $"{result} with {reply}");
        if (result == ReplyParse.NotSmtp) return;
        int known = result == ReplyParse.Complete ? consumed : input.Length;
        for (int length = 0; length < known; length++)
            Must.Hold(parser.TryParse(input.Span[..length], out _, out _) == ReplyParse.NeedMore, $"{length} bytes are enough, {known} were needed");
        if (reply is null) return;
        Must.Hold(consumed > 0 && consumed <= Math.Min(input.Length, SmtpReplyParser.MaxReplyBytes), $"{consumed} of {input.Length} bytes");
        Must.Hold(parser.TryParse(input.Span[..consumed], out var again, out _) == ReplyParse.Complete && Equals(again, reply), "the second time it is another");
        Must.Hold(reply.Enhanced is not { } code || code.Class == reply.Code / 100, $"{reply.Code} with {reply.Enhanced}");
        if (reply.Wire.Length > SmtpReplyParser.MaxReplyBytes) return;
        Must.Hold(parser.TryParse(reply.Wire.Span, out var written, out int all) == ReplyParse.Complete && all == reply.Wire.Length, "its own form is refused");
        // Control characters became spaces, so the first form may show an enhanced code that the bytes did not; from then on nothing changes any more.
        Must.Hold(written!.Code == reply.Code && (written.Enhanced == reply.Enhanced || reply.Enhanced is null), $"'{reply}' is read back as '{written}'");
        if (written.Wire.Length > SmtpReplyParser.MaxReplyBytes) return;
        Must.Hold(parser.TryParse(written.Wire.Span, out var third, out _) == ReplyParse.Complete && (third!.Enhanced != written.Enhanced || Equals(third, written)), $"'{written}' is read back as '{third}'");
    }
}
