using System.Net;
using Postern.Diagnosis.Probes;
using Postern.Diagnosis.Probes.Native;

namespace Postern.Tests.Diagnosis.Probes;

public sealed class NativeTests
{
    // Recorded on Linux 6.18, x86-64: cmsg_len, level, type, then sock_extended_err and the offender's address.
    private const string Header4 = "3000000000000000000000000b000000";
    private const string Prohibited4 = Header4 + "7100000002030d00000000000000000002000000cb0071060000000000000000";
    private const string Expired4 = Header4 + "71000000020b0000000000000000000002000000cb0071020000000000000000";
    private const string Header6 = "3c000000000000002900000019000000";
    private const string Prohibited6 = Header6 + "0d0000000301010000000000000000000a0000000000000020010db800230000000000000000000200000000";
    private const string Timestamp = "2000000000000000010000001d000000" + "00000000000000000000000000000000";
    private const string SynSent = "020000000000000140420f00000000000c020000580000000100000000000000000000000000000000000000080c3a0000000000080c3a00080c3a00dc050000f0fa00000000000090d00300ffffff7f0a000000b405000003000000000000000000000000000000";

    public static bool IsSameMachine => BitConverter.IsLittleEndian && nint.Size == 8;

    [Theory(Skip = "recorded on a 64-bit little-endian machine", SkipUnless = nameof(IsSameMachine))]
    [InlineData(Prohibited4, 113, (byte)ErrorOrigin.Icmp, 3, 13, "203.0.113.6")]
    [InlineData(Expired4, 113, (byte)ErrorOrigin.Icmp, 11, 0, "203.0.113.2")]
    [InlineData(Prohibited6, 13, (byte)ErrorOrigin.Icmp6, 1, 1, "2001:db8:23::2")]
    [InlineData(Timestamp + Prohibited4, 113, (byte)ErrorOrigin.Icmp, 3, 13, "203.0.113.6")]
    public void Recorded_error_tells_type_code_and_sender(string hex, int errno, byte origin, int type, int code, string offender)
    {
        Assert.True(ExtendedError.TryParse(Convert.FromHexString(hex), out var error));
        Assert.Equal(new ExtendedError(errno, (ErrorOrigin)origin, type, code, IPAddress.Parse(offender)), error);
    }

    [Theory(Skip = "recorded on a 64-bit little-endian machine", SkipUnless = nameof(IsSameMachine))]
    [InlineData("")]
    [InlineData(Timestamp)]
    [InlineData("ffffffffffffffff000000000b000000" + "7100000002030d000000000000000000")]
    [InlineData("0000000000000000000000000b000000" + "7100000002030d000000000000000000")]
    [InlineData("1800000000000000000000000b000000" + "7100000002030d00")]
    public void Control_data_without_a_whole_error_tells_nothing(string hex) => Assert.False(ExtendedError.TryParse(Convert.FromHexString(hex), out _));

    [Fact(Skip = "recorded on a 64-bit little-endian machine", SkipUnless = nameof(IsSameMachine))]
    public void Error_cut_anywhere_or_with_any_byte_changed_is_never_read_beyond_its_end()
    {
        byte[] whole = Convert.FromHexString(Timestamp + Prohibited6);
        for (int length = 0; length < whole.Length; length++) ExtendedError.TryParse(whole.AsSpan(0, length), out _);
        for (int at = 0; at < whole.Length; at++)
        {
            for (int value = 0; value < 256; value++)
            {
                byte[] changed = [.. whole];
                changed[at] = (byte)value;
                ExtendedError.TryParse(changed, out _);
            }
        }

        Assert.True(ExtendedError.TryParse(whole.AsSpan(0, whole.Length - 12), out var nameless) is false || nameless.Offender is null);
    }

    [Fact(Skip = "recorded on a 64-bit little-endian machine", SkipUnless = nameof(IsSameMachine))]
    public void Tcp_info_tells_state_round_trip_and_what_was_sent_again()
    {
        byte[] bytes = Convert.FromHexString(SynSent);
        Assert.Equal(new TcpInfo(true, null, 0), TcpInfo.Parse(bytes));
        (bytes[0], bytes[68], bytes[69], bytes[100]) = (1, 0x10, 0x27, 2);
        Assert.Equal(new TcpInfo(false, TimeSpan.FromMilliseconds(10), 2), TcpInfo.Parse(bytes));
        Assert.Null(TcpInfo.Parse(bytes.AsSpan(0, 103)));
    }

    [Theory]
    [InlineData(64, 1)]
    [InlineData(61, 4)]
    [InlineData(128, 1)]
    [InlineData(113, 16)]
    [InlineData(255, 1)]
    [InlineData(240, 16)]
    public void Distance_is_counted_from_the_nearest_initial_value(int ttl, int distance) => Assert.Equal(distance, AnswerTtl.DistanceOf(ttl));

    [Fact]
    public void Bracketing_finds_every_time_to_live_in_four_rounds()
    {
        for (int ttl = 1; ttl <= 255; ttl++)
        {
            int low = 0, high = 256, asked = 0;
            for (int round = 0; round < 5 && high - low > 1; round++)
            {
                int[] minimums = round == 0 ? [44, 52, 58, 62, 65, 129] : AnswerTtl.Cuts(low, high);
                asked += minimums.Length;
                (low, high) = AnswerTtl.Narrow(low, high, [.. minimums.Select(m => (m, ttl >= m))]);
            }

            // Distances beyond 30 do not occur; there the bracket may stay open.
            bool occurs = AnswerTtl.DistanceOf(ttl) <= 31;
            if (occurs) Assert.Equal((ttl, ttl + 1), (low, high));
            Assert.True(asked <= 24, $"{asked} connects for {ttl}");
        }
    }

    [Fact]
    public void One_lost_answer_below_a_proof_does_not_matter() =>
        Assert.Equal((62, 65), AnswerTtl.Narrow(0, 256, [(44, true), (52, false), (58, true), (62, true), (65, false), (129, false)]));
}
