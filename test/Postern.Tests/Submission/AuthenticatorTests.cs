using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Submission;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Submission;

public sealed class AuthenticatorTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!")]
    [InlineData("$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA", "Hello world!")]
    [InlineData("$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1", "Hello world!")]
    [InlineData("{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr", "secret")]
    public void Known_forms_of_hashes_are_verified(string hash, string password)
    {
        if (hash.StartsWith("{SSHA}", StringComparison.Ordinal))
        {
            byte[] salt = [1, 2, 3, 4];
            hash = "{SSHA}" + Convert.ToBase64String([.. System.Security.Cryptography.SHA1.HashData([.. Encoding.UTF8.GetBytes(password), .. salt]), .. salt]);
        }
        Assert.True(PasswordHash.IsHash(hash));
        Assert.True(PasswordHash.Verify(hash, Encoding.UTF8.GetBytes(password)));
        Assert.False(PasswordHash.Verify(hash, Encoding.UTF8.GetBytes(password + "x")));
        Assert.False(PasswordHash.Verify(hash[..^6], Encoding.UTF8.GetBytes(password)));
    }

    [Fact]
    public void A_made_hash_describes_itself_and_is_verified()
    {
        string hash = PasswordHash.Create("pässword", 1000);
        Assert.Matches(@"^\$pbkdf2-sha256\$1000\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$", hash);
        Assert.True(PasswordHash.Verify(hash, "pässword"u8));
        Assert.True(PasswordHash.Verify(hash.Replace('+', '.'), "pässword"u8));
        Assert.False(PasswordHash.Verify(hash, "password"u8));
        Assert.False(PasswordHash.Verify("$pbkdf2-sha256$x$y$z", "password"u8));
        Assert.NotEqual(hash, PasswordHash.Create("pässword", 1000));
    }

    [Theory]
    [InlineData("$2b$12$abcdefghijklmnopqrstuv", true)]
    [InlineData("$y$j9T$x", true)]
    [InlineData("$argon2id$v=19$x", true)]
    [InlineData("plain", false)]
    [InlineData("$ecret", false)]
    [InlineData("$6$a$b", false)]
    public void Foreign_hashes_are_not_taken_for_passwords(string secret, bool foreign) => Assert.Equal(foreign, PasswordHash.IsForeignHash(secret));

    [Fact]
    public async Task Plain_and_hashed_secrets_let_in_only_their_user()
    {
        var authenticator = Make(20, ("plain", "öne"), ("hashed", PasswordHash.Create("two", 1000)), ("foreign", "$2b$12$x"));
        Assert.Equal(("plain", "235 2.7.0 Authentication successful"), Facts(await TryAsync(authenticator, "plain", "öne")));
        Assert.Equal("hashed", (await TryAsync(authenticator, "hashed", "two")).User);
        Assert.Equal("hashed", (await TryAsync(authenticator, "hashed", "two", authorizationId: "hashed")).User);
        const string wrong = "535 5.7.8 Authentication failed: user name or password is wrong";
        Assert.Equal((null, wrong), Facts(await TryAsync(authenticator, "plain", "one")));
        Assert.Equal((null, wrong), Facts(await TryAsync(authenticator, "hashed", "one")));
        Assert.Equal((null, wrong), Facts(await TryAsync(authenticator, "nobody", "two")));
        Assert.Equal((null, wrong), Facts(await TryAsync(authenticator, "foreign", "$2b$12$x")));
        Assert.Equal((null, wrong), Facts(await TryAsync(authenticator, "Plain", "öne")));
        Assert.Null((await TryAsync(authenticator, "plain", "öne", authorizationId: "root")).User);
    }

    [Fact]
    public async Task Failures_are_answered_ever_later_and_then_refused_for_ten_minutes()
    {
        var authenticator = Make(6, ("app", "right"));
        int[] expected = [1, 2, 4, 8, 8, 8];
        foreach (int seconds in expected)
        {
            var attempt = VerifyAsync(authenticator, "app", "wrong");
            _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.False(attempt.IsCompleted);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Null((await attempt).User);
        }
        var refused = await VerifyAsync(authenticator, "app", "right");
        Assert.Equal("421 4.7.0 Too many failed AUTH attempts from 192.0.2.1; try again in ten minutes", refused.Reply.ToString());
        Assert.True(refused.Close);
        Assert.Equal("app", (await VerifyAsync(authenticator, "app", "right", "192.0.2.2")).User);
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("app", (await VerifyAsync(authenticator, "app", "right")).User);
    }

    [Fact]
    public async Task Many_attempts_at_once_gain_nothing()
    {
        var authenticator = Make(3, ("app", "right"));
        var attempts = Enumerable.Range(0, 10).Select(_ => VerifyAsync(authenticator, "app", "wrong")).ToArray();
        Assert.Equal(7, attempts.Count(a => a.IsCompletedSuccessfully && a.Result.Close));
        _time.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(3, (await Task.WhenAll(attempts)).Count(a => !a.Close));
    }

    [Fact]
    public void The_table_is_bounded_and_one_IPv6_host_is_one_entry()
    {
        var throttle = new AuthThrottle(_time);
        for (uint i = 0; i < AuthThrottle.MaxAddresses + 5; i++)
        {
            var address = new IPAddress(i + 1);
            Assert.True(throttle.TryBegin(address, 2));
            throttle.Failed(address);
        }
        Assert.InRange(throttle.Count, 1, AuthThrottle.MaxAddresses);
        Assert.True(throttle.TryBegin(IPAddress.Parse("2001:db8::1"), 2));
        Assert.True(throttle.TryBegin(IPAddress.Parse("2001:db8::2"), 2));
        Assert.False(throttle.TryBegin(IPAddress.Parse("2001:db8::3"), 2));
        Assert.True(throttle.TryBegin(IPAddress.Parse("2001:db8:0:1::3"), 2));
    }

    private Authenticator Make(int maxFailures, params (string Name, string Secret)[] users) => new(new PosternConfig
    {
        Limits = new LimitsConfig { MaxAuthFailures = maxFailures },
        User = [.. users.Select(u => new UserConfig { Name = u.Name, Password = new Secret(u.Secret, "") })],
    }, _time);

    /// <summary>Moves the clock until the answer is there.</summary>
    private async Task<AuthOutcome> TryAsync(Authenticator authenticator, string user, string password, string authorizationId = "")
    {
        var attempt = VerifyAsync(authenticator, user, password, authorizationId: authorizationId);
        while (!attempt.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(8));
            await Task.Yield();
        }
        return await attempt;
    }

    private static Task<AuthOutcome> VerifyAsync(Authenticator authenticator, string user, string password, string address = "192.0.2.1", string authorizationId = "")
    {
        var session = new SessionContext { Remote = new IPEndPoint(IPAddress.Parse(address), 1), Local = new IPEndPoint(IPAddress.Loopback, 25), Listener = "l", SessionNumber = 1 };
        return authenticator.VerifyAsync(session, authorizationId, user, Encoding.UTF8.GetBytes(password), default).AsTask();
    }

    private static (string?, string) Facts(AuthOutcome outcome) => (outcome.User, outcome.Reply.ToString());
}
