using System.Buffers.Binary;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Protocols.Smtp.Server;

public class ProxyProtocolTests
{
    private const string Signature = "\r\n\r\n\0\r\nQUIT\n";
    private const string V4 = "\u00c0\u0000\u0002\u0009\u00c0\u0000\u0002\u0001\u0013\u0088\u0000\u0019";
    private const string V6 = "\u0020\u0001\u000d\u00b8\0\0\0\0\0\0\0\0\0\0\0\u0009\u0020\u0001\u000d\u00b8\0\0\0\0\0\0\0\0\0\0\0\u0001\u0013\u0088\u0000\u0019";

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.9 192.0.2.1 5000 25\r\n", "192.0.2.9:5000", "192.0.2.1:25")]
    [InlineData("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255:65535", "0.0.0.0:0")]
    [InlineData("PROXY TCP6 2001:db8::9 2001:db8::1 5000 25\r\n", "[2001:db8::9]:5000", "[2001:db8::1]:25")]
    [InlineData("PROXY TCP6 ::ffff:192.0.2.9 ::1 5000 25\r\n", "[::ffff:192.0.2.9]:5000", "[::1]:25")]
    [InlineData("PROXY UNKNOWN\r\n", null, null)]
    [InlineData("PROXY UNKNOWN ffff::1 ffff::2 1 2 and more\r\n", null, null)]
    public Task Version_1_is_read_to_its_end(string header, string? source, string? destination) => Good(header, source, destination);

    [Theory]
    [InlineData('\u0011', V4, "192.0.2.9:5000", "192.0.2.1:25")]
    [InlineData('\u0021', V6, "[2001:db8::9]:5000", "[2001:db8::1]:25")]
    [InlineData('\u0011', V4 + "\u0004\0\u0003abc\u0020\0\0", "192.0.2.9:5000", "192.0.2.1:25")]
    [InlineData('\u0000', "", null, null)]
    [InlineData('\u0000', "\u0004\0\u0001x", null, null)]
    public Task Version_2_is_read_to_its_end_and_TLVs_are_skipped(char family, string body, string? source, string? destination) =>
        Good(V2('\u0021', family, body), source, destination);

    [Theory]
    [InlineData('\u0000', "")]
    [InlineData('\u0011', V4)]
    public Task A_health_check_of_the_proxy_itself_keeps_its_own_address(char family, string body) => Good(V2('\u0020', family, body), null, null);

    [Theory]
    [InlineData("", "the connection closed before a PROXY header")]
    [InlineData("PROXY", "the connection closed within the PROXY header")]
    [InlineData("PROXY TCP4 192.0.2.9", "the connection closed within the PROXY header")]
    [InlineData("EHLO client.test\r\n", "no PROXY header")]
    [InlineData("proxy TCP4 192.0.2.9 192.0.2.1 5000 25\r\n", "no PROXY header")]
    [InlineData("PROXY  TCP4 192.0.2.9 192.0.2.1 5000 25\r\n", "a PROXY v1 header with another protocol than TCP4, TCP6 or UNKNOWN")]
    [InlineData("PROXY TCP5 192.0.2.9 192.0.2.1 5000 25\r\n", "a PROXY v1 header with another protocol than TCP4, TCP6 or UNKNOWN")]
    [InlineData("PROXY TCP4 192.0.2.9 192.0.2.1 5000\r\n", "a PROXY v1 header without exactly two addresses and two ports")]
    [InlineData("PROXY TCP4 192.0.2.9 192.0.2.1 5000 25 \r\n", "a PROXY v1 header without exactly two addresses and two ports")]
    [InlineData("PROXY TCP4 2001:db8::9 192.0.2.1 5000 25\r\n", "a PROXY v1 header with an address that is not valid")]
    [InlineData("PROXY TCP6 192.0.2.9 192.0.2.1 5000 25\r\n", "a PROXY v1 header with an address that is not valid")]
    [InlineData("PROXY TCP4 192.0.2 192.0.2.1 5000 25\r\n", "a PROXY v1 header with an address that is not valid")]
    [InlineData("PROXY TCP4 0192.0.2.9 192.0.2.1 5000 25\r\n", "a PROXY v1 header with an address that is not valid")]
    [InlineData("PROXY TCP4 192.0.2.9 192.0.2.1 65536 25\r\n", "a PROXY v1 header with a port that is not valid")]
    [InlineData("PROXY TCP4 192.0.2.9 192.0.2.1 -1 25\r\n", "a PROXY v1 header with a port that is not valid")]
    [InlineData("PROXY TCP4 192.0.2.9 192.0.2.1 5000 25\nEHLO client.test\r\n", "a PROXY v1 header without exactly two addresses and two ports")]
    [InlineData("PROXY TCP4 192.0.2.\u00b2 192.0.2.1 5000 25\r\n", "a PROXY v1 header that is not ASCII")]
    [InlineData("PROXY UNKNOWN 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 \r\n", "a PROXY v1 header longer than 107 bytes")]
    [InlineData(Signature, "the connection closed within the PROXY header")]
    [InlineData(Signature + "\u0021\u0011\0\u000c1234", "the connection closed within the PROXY header")]
    [InlineData(Signature + "\u0011\u0011\0\0", "a PROXY header of another version than 1 or 2")]
    [InlineData(Signature + "\u0022\u0011\0\0", "a PROXY v2 header with another command than LOCAL or PROXY")]
    [InlineData(Signature + "\u0021\u0012\0\0", "a PROXY v2 header for another protocol than TCP")]
    [InlineData(Signature + "\u0021\u0031\0\0", "a PROXY v2 header with another family than IPv4 or IPv6")]
    [InlineData(Signature + "\u0021\u0011\0\u000b12345678901", "a PROXY v2 header too short for its addresses")]
    [InlineData(Signature + "\u0021\u0021\0\u000c123456789012", "a PROXY v2 header too short for its addresses")]
    [InlineData(Signature + "\u0021\u0011\u0008\u0001", "a PROXY v2 header longer than 2048 bytes")]
    public async Task What_is_no_header_is_told(string wire, string problem)
    {
        foreach (var (how, pieces) in WireRun.Feeds(WireRun.Bytes(wire)))
        {
            var result = await ProxyProtocol.ReadAsync(new ScriptStream(pieces), default);
            Assert.True(new ProxyHeaderResult(null, null, problem) == result, $"{how}: {result}");
        }
    }

    private static async Task Good(string header, string? source, string? destination)
    {
        foreach (var (how, pieces) in WireRun.Feeds(WireRun.Bytes(header + "EHLO")))
        {
            var stream = new ScriptStream(pieces);
            var result = await ProxyProtocol.ReadAsync(stream, default);
            Assert.Equal((how, source, destination, null), (how, result.Source?.ToString(), result.Destination?.ToString(), result.Problem));
            byte[] rest = new byte[5];
            Assert.Equal((how, 4), (how, await stream.ReadAtLeastAsync(rest, 5, throwOnEndOfStream: false)));
            Assert.Equal("EHLO", System.Text.Encoding.ASCII.GetString(rest, 0, 4));
        }
    }

    private static string V2(char command, char family, string body)
    {
        byte[] length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)body.Length);
        return Signature + command + family + System.Text.Encoding.Latin1.GetString(length) + body;
    }
}
