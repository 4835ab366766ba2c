using Postern.Diagnosis.Checks;

namespace Postern.Tests.Diagnosis.Checks;

public sealed class CheckTargetTests
{
    [Theory]
    [InlineData("example.org", "example.org", "example.org", 25)]
    [InlineData("Example.ORG.", "example.org", "example.org", 25)]
    [InlineData("you@example.org", "example.org", "example.org", 25)]
    [InlineData("<you@example.org>", "example.org", "example.org", 25)]
    [InlineData("bücher.example", "xn--bcher-kva.example", "xn--bcher-kva.example", 25)]
    [InlineData("smtp.example.com:587", "smtp.example.com:587", null, 587)]
    [InlineData("192.0.2.1", "192.0.2.1:25", null, 25)]
    [InlineData("192.0.2.1:2525", "192.0.2.1:2525", null, 2525)]
    [InlineData("2001:db8::1", "[2001:db8::1]:25", null, 25)]
    [InlineData("[2001:db8::1]:587", "[2001:db8::1]:587", null, 587)]
    public void A_domain_an_address_or_a_host_with_a_port_is_understood(string text, string name, string? domain, int port)
    {
        var target = CheckTarget.Parse(text, out string? problem);
        Assert.Null(problem);
        Assert.Equal((name, domain, port), (target!.Name, target.Domain, target.Port));
        Assert.Equal(domain is null ? 1 : 0, target.Hosts.Count);
    }

    [Fact]
    public void Port_465_means_tls_from_the_start() => Assert.True(CheckTarget.Parse("smtp.example.com:465", out _)!.IsImplicitTls);

    [Theory]
    [InlineData("smtp://smtp.example.com", "a URL; write the host and the port alone, such as smtp.example.com:587")]
    [InlineData("", "empty; name a domain, an address or host:port")]
    [InlineData("you@", "empty; name a domain, an address or host:port")]
    [InlineData("two words", "no domain; it has characters that a name cannot have")]
    [InlineData("-option.example.org", "no domain; it has characters that a name cannot have")]
    [InlineData("host:port", "no port: port; write host:port with a port from 1 to 65535")]
    [InlineData("host:0", "no port: 0; write host:port with a port from 1 to 65535")]
    [InlineData("ho st:25", "no host name; write host:port such as smtp.example.com:587")]
    public void What_is_no_target_is_told_with_its_remedy(string text, string expected)
    {
        Assert.Null(CheckTarget.Parse(text, out string? problem));
        Assert.Equal(expected, problem);
    }
}
