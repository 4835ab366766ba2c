using Postern.Cli;

namespace Postern.Tests.Cli;

public sealed class UpstreamUrlTests
{
    private static Dictionary<string, string> Read(string url, string? password = null) =>
        UpstreamUrl.Read(url, 0, name => name == UpstreamUrl.PasswordVariable ? password : null).ToDictionary(o => o.Path["upstream[0].".Length..], o => o.Value);

    [Theory]
    [InlineData("smtp://mail.example.com", "mail.example.com:25", "opportunistic")]
    [InlineData("mail.example.com:2500", "mail.example.com:2500", "opportunistic")]
    [InlineData("smtp://u:p@mail.example.com", "mail.example.com:587", "required")]
    [InlineData("smtps://u:p@mail.example.com", "mail.example.com:465", "implicit")]
    [InlineData("smtp://[2001:db8::1]:25", "[2001:db8::1]:25", "opportunistic")]
    public void A_url_gives_address_and_tls(string url, string address, string tls)
    {
        var keys = Read(url);
        Assert.Equal(address, keys["address"]);
        Assert.Equal(tls, keys["tls"]);
    }

    [Fact]
    public void User_and_password_may_be_percent_encoded()
    {
        var keys = Read("smtp://me%40example.org:a%2Fb@mail.example.com");
        Assert.Equal("me@example.org", keys["auth.user"]);
        Assert.Equal("a/b", keys["auth.password"]);
    }

    [Fact]
    public void The_password_may_come_from_the_environment() => Assert.Equal("secret", Read("smtp://me@mail.example.com", "secret")["auth.password"]);

    [Fact]
    public void A_missing_password_is_said_without_showing_the_rest()
    {
        var problem = Assert.Throws<CommandException>(() => Read("smtp://me@mail.example.com"));
        Assert.Equal("--upstream …@mail.example.com: the password for me is missing; put it into the environment variable POSTERN_UPSTREAM_PASSWORD", problem.Message);
        Assert.Equal(2, problem.ExitCode);
    }

    [Theory]
    [InlineData("http://mail.example.com")]
    [InlineData("smtp://")]
    [InlineData("smtp://mail.example.com/path")]
    public void What_is_no_such_url_is_refused(string url) => Assert.Equal(2, Assert.Throws<CommandException>(() => Read(url)).ExitCode);
}
