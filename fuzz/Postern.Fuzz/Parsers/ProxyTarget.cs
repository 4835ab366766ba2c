using System.Net.Sockets;
using Postern.Protocols.Smtp;

namespace Postern.Fuzz.Parsers;

/// <summary>PROXY headers: the same however they are cut, never a byte too many read, and a problem or two ends, never both.</summary>
internal static class ProxyTarget
{
    public static readonly FuzzTarget Target = new("proxy", Run,
        "PROXY TCP4 192.0.2.1 192.0.2.2 1025 25\r\n", "PROXY TCP6 2001:db8::1 2001:db8::2 1025 25\r\n", "PROXY UNKNOWN\r\n", "\r\n\r\n\0\r\nQUIT\n", "!\u0011\0\u000c", "!!\0$", " \0\0\0", "EHLO x\r\n", " 0", " 65535", " 65536", "::ffff:192.0.2.1");

    private static void Run(ReadOnlyMemory<byte> input)
    {
        var (whole, rest) = Read(input, 0);
        foreach (int way in Cuts.Ways.Skip(1))
        {
            var (cut, cutRest) = Read(input, way);
            Must.Hold(Equals(cut, whole), $"cut in way {way} it is {cut}, whole {whole}");
            Must.Hold(cutRest == rest, $"cut in way {way} {cutRest} bytes are left, whole {rest}");
        }
        Must.Hold(whole.Problem is null || whole.Source is null && whole.Destination is null, "a problem and an address");
        Must.Hold(whole.Source is null == whole.Destination is null, "one end only");
        if (whole.Source is not { } source) return;
        Must.Hold(source.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 && source.AddressFamily == whole.Destination!.AddressFamily, "ends of different families");
        Must.Hold(rest < input.Length, "nothing was read");
    }

    private static (ProxyHeaderResult Result, int Left) Read(ReadOnlyMemory<byte> input, int way)
    {
        using var stream = new CutStream(input, way);
        var result = Must.Now(ProxyProtocol.ReadAsync(stream, CancellationToken.None));
        using var rest = new MemoryStream();
        if (result.Problem is null) stream.CopyTo(rest);
        return (result, (int)rest.Length);
    }
}
