using Postern.Core.Routing;

namespace Postern.Tests.Routing;

public sealed class DomainNameTests
{
    [Theory]
    [InlineData("BÜCHER.example.", "xn--bcher-kva.example")]
    [InlineData("例え。test", "xn--r8jz45g.test")]
    [InlineData("bu\u0308cher.example", null)]
    [InlineData("ｅxample.org", null)]
    [InlineData("\u0130.test", null)]
    public void Name_that_would_have_to_be_normalised_first_is_refused_not_sent_elsewhere(string domain, string? expected) =>
        Assert.Equal(expected, DomainName.Normalise(domain));
}
