using System.Buffers.Text;

namespace Postern.Protocols.Mail;

/// <summary>The date-time of header fields (RFC 5322 section 3.3), always in UTC: <c>Thu, 01 Jan 2026 00:00:00 +0000</c>.</summary>
public static class MailDate
{
    /// <summary>Exact length of what <see cref="Write"/> writes.</summary>
    public const int Length = 31;

    // By hand: DateTimeOffset's "r" ends in GMT, which is obsolete syntax (RFC 5322 section 4.3), and a custom format allocates.
    private static ReadOnlySpan<byte> Days => "SunMonTueWedThuFriSat"u8;
    private static ReadOnlySpan<byte> Months => "JanFebMarAprMayJunJulAugSepOctNovDec"u8;

    /// <summary>Writes <see cref="Length"/> bytes and returns that number. Throws ArgumentException when there is no room.</summary>
    public static int Write(Span<byte> target, DateTimeOffset time)
    {
        var utc = time.UtcDateTime;
        "ddd, 00 mmm 0000 00:00:00 +0000"u8.CopyTo(target);
        Days.Slice((int)utc.DayOfWeek * 3, 3).CopyTo(target);
        TwoDigits(target[5..], utc.Day);
        Months.Slice((utc.Month - 1) * 3, 3).CopyTo(target[8..]);
        Utf8Formatter.TryFormat(utc.Year, target[12..], out _, new('D', 4));
        TwoDigits(target[17..], utc.Hour);
        TwoDigits(target[20..], utc.Minute);
        TwoDigits(target[23..], utc.Second);
        return Length;
    }

    private static void TwoDigits(Span<byte> target, int value)
    {
        target[0] = (byte)('0' + value / 10);
        target[1] = (byte)('0' + value % 10);
    }
}
