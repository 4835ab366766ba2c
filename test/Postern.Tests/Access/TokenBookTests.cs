using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postern.Access;
using Postern.Core.Submission;
using Postern.Tests.Delivery;

namespace Postern.Tests.Access;

public sealed class TokenBookTests
{
    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.1"), There = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider _clock = new(DeliveryRig.Start);

    private TokenBook Book(string tokens) => new(new AccessRules(AccessRig.Config(tokens)), _clock);

    private static async Task<string> Verify(TokenBook book, string token, IPAddress? from = null)
    {
        var verdict = await book.VerifyAsync(token, from ?? Here, AccessRig.Cancel);
        return verdict.IsThrottled ? "throttled" : verdict.Caller?.Name ?? "unknown";
    }

    [Theory]
    [InlineData("pbkdf2")]
    [InlineData("{SSHA256}")]
    [InlineData("plain")]
    public async Task A_token_is_known_however_it_is_configured(string kind)
    {
        string configured = kind switch
        {
            "pbkdf2" => PasswordHash.Create(AccessRig.Reader, 1000),
            "plain" => AccessRig.Reader,
            _ => "{SSHA256}" + Convert.ToBase64String([.. System.Security.Cryptography.SHA256.HashData([.. System.Text.Encoding.UTF8.GetBytes(AccessRig.Reader), 1, 2, 3, 4]), 1, 2, 3, 4]),
        };
        using var book = Book(AccessRig.Token("look", "read", configured));
        Assert.Equal("look", await Verify(book, AccessRig.Reader));
        Assert.Equal("look", await Verify(book, AccessRig.Reader));
        Assert.Equal("unknown", await Verify(book, AccessRig.Reader + "x"));
        // The hash itself, read from a file that lies around, opens nothing.
        if (kind != "plain") Assert.Equal("unknown", await Verify(book, configured));
    }

    [Fact]
    public async Task An_empty_or_endless_token_is_not_looked_at()
    {
        using var book = Book(AccessRig.Tokens);
        Assert.Equal("unknown", await Verify(book, ""));
        Assert.Equal("unknown", await Verify(book, new string('x', TokenBook.LongestToken + 1)));
    }

    [Fact]
    public async Task An_address_that_guesses_is_not_heard_for_ten_minutes_even_when_it_guesses_right()
    {
        using var book = Book(AccessRig.Tokens);
        for (int i = 0; i < 10; i++) Assert.Equal("unknown", await Verify(book, $"guess-{i}"));
        Assert.Equal("throttled", await Verify(book, AccessRig.Reader));
        Assert.Equal("look", await Verify(book, AccessRig.Reader, There));
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("look", await Verify(book, AccessRig.Reader));
    }

    [Fact]
    public async Task A_token_that_was_right_from_there_before_is_heard_while_others_guess()
    {
        using var book = Book(AccessRig.Tokens);
        Assert.Equal("look", await Verify(book, AccessRig.Reader));
        for (int i = 0; i < 20; i++) await Verify(book, $"guess-{i}");
        Assert.Equal("look", await Verify(book, AccessRig.Reader));
        Assert.Equal("throttled", await Verify(book, AccessRig.Admin));
    }

    [Fact]
    public async Task Guesses_at_once_are_no_more_than_guesses_one_after_the_other()
    {
        using var book = Book(AccessRig.Token("slow", "read", PasswordHash.Create(AccessRig.Reader, 200_000)));
        string[] verdicts = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Verify(book, $"guess-{i}")));
        Assert.Equal(10, verdicts.Count(v => v == "unknown"));
        Assert.Equal(40, verdicts.Count(v => v == "throttled"));
    }
}
