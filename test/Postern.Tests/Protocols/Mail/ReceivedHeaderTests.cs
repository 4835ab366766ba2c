using System.Net;
using System.Text;
using CsCheck;
using Postern.Protocols.Mail;
using Postern.Protocols.Tls;

namespace Postern.Tests.Protocols.Mail;

public sealed class ReceivedHeaderTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 9, 5, 7, TimeSpan.FromHours(2));

    [Fact]
    public void Says_everything_known_of_a_secured_authenticated_client()
    {
        string line = Write(new ReceivedFacts("app.example.org", IPAddress.Parse("2001:db8::7"), "relay.example.net", "ESMTPSA", "00abc", new TlsObservation("TLSv1.3", "TLS_AES_256_GCM_SHA384"), "to@example.org", At));
        Assert.Equal(
            "Received: from app.example.org ([IPv6:2001:db8::7])\r\n" +
            "\tby relay.example.net (Postern) with ESMTPSA id 00abc\r\n" +
            "\tfor <to@example.org>\r\n" +
            "\ttls TLS_AES_256_GCM_SHA384 (TLSv1.3);\r\n" +
            "\tSun, 01 Mar 2026 07:05:07 +0000\r\n", line);
    }

    [Fact]
    public void Leaves_out_what_is_not_known()
    {
        Assert.Equal(
            "Received: from [192.0.2.1] ([192.0.2.1])\r\n\tby relay.example.net (Postern) with SMTP id 1;\r\n\tSun, 01 Mar 2026 07:05:07 +0000\r\n",
            Write(new ReceivedFacts(null, IPAddress.Parse("::ffff:192.0.2.1"), "relay.example.net", "SMTP", "1", null, null, At)));
        Assert.Equal(
            "Received: by relay.example.net (Postern) id 1;\r\n\tSun, 01 Mar 2026 07:05:07 +0000\r\n",
            Write(new ReceivedFacts(null, null, "relay.example.net", "", "1", null, null, At)));
    }

    [Fact]
    public void A_client_cannot_break_out_of_the_field()
    {
        string line = Write(new ReceivedFacts("evil)\r\nX: y (;", IPAddress.Loopback, "r", "ESMTP", "1", null, "a\r\nb@example.org", At));
        Assert.StartsWith("Received: from evil???X:?y??? ([127.0.0.1])\r\n\tby r ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("for", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_is_said_the_field_is_well_formed_and_fits() => Gen.Select(Gen.String, Gen.String, Gen.String).Sample((hello, name, to) =>
    {
        string line = Write(new ReceivedFacts(hello, IPAddress.IPv6Loopback, name, "ESMTP", "id", null, to, At));
        string[] lines = line.Split("\r\n");
        Assert.Equal("", lines[^1]);
        Assert.All(lines[1..^1], l => Assert.StartsWith("\t", l, StringComparison.Ordinal));
        Assert.All(lines, l => Assert.True(Encoding.UTF8.GetByteCount(l) <= 998));
        Assert.Equal(lines.Length - 1, line.Count(c => c == '\n'));
    });

    [Fact]
    public void The_longest_facts_fit()
    {
        string far = new('x', 5000);
        Assert.True(Write(new ReceivedFacts(far, IPAddress.Parse("2001:db8:1111:2222:3333:4444:5555:6666"), far, far, far, new TlsObservation(far, far), new string('y', 900), At)).Length <= ReceivedHeader.MaxBytes);
    }

    private static string Write(in ReceivedFacts facts)
    {
        byte[] target = new byte[ReceivedHeader.MaxBytes];
        return Encoding.UTF8.GetString(target, 0, ReceivedHeader.Write(target, facts));
    }
}
