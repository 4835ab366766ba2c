using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postern.Access;

namespace Postern.Tests.Access;

/// <summary>A person with a browser and a token.</summary>
public sealed class SignInTests
{
    private static readonly (string, string)[] Browser = [("Accept", "text/html,application/xhtml+xml"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Dest", "document")];

    private static (string, string)[] With(string cookies, AccessRig rig) => [("Cookie", cookies), ("Origin", rig.Address.GetLeftPart(UriPartial.Authority)), ("Sec-Fetch-Site", "same-origin")];

    [Fact]
    public async Task A_browser_that_is_not_signed_in_is_led_to_the_page_and_back()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        using var first = await rig.GetAsync("/api/v1/status?x=1", null, Browser);
        Assert.Equal(HttpStatusCode.Redirect, first.StatusCode);
        Assert.Equal("/sign-in?next=%2Fapi%2Fv1%2Fstatus%3Fx%3D1", first.Headers.Location!.ToString());
        using var page = await rig.GetAsync(first.Headers.Location.ToString(), null, Browser);
        string html = await page.Content.ReadAsStringAsync(AccessRig.Cancel);
        Assert.Contains("""<input type="hidden" name="next" value="/api/v1/status?x=1">""", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", html, StringComparison.Ordinal);
        using var signed = await rig.SignInAsync(AccessRig.Reader, "/api/v1/status?x=1");
        Assert.Equal((HttpStatusCode.SeeOther, "/api/v1/status?x=1"), (signed.StatusCode, signed.Headers.Location!.ToString()));
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/v1/status", null, ("Cookie", AccessRig.Cookies(signed)))).StatusCode);
        var told = Assert.Single(await rig.Events.UntilAsync("audit.signed-in")).GetProperty("data");
        Assert.Equal(("look", "read", "token"), (told.GetProperty("who").GetString(), told.GetProperty("role").GetString(), told.GetProperty("way").GetString()));
    }

    [Fact]
    public async Task The_cookie_is_kept_from_scripts_and_other_sites_and_says_nothing()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        using var signed = await rig.SignInAsync(AccessRig.Reader);
        string cookie = Assert.Single(signed.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("postern-session=", cookie, StringComparison.Ordinal);
        Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(AccessRig.Reader, Uri.UnescapeDataString(cookie), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_may_do_what_its_token_may()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        string reader = AccessRig.Cookies(await rig.SignInAsync(AccessRig.Reader)), operate = AccessRig.Cookies(await rig.SignInAsync(AccessRig.Operator));
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.ActAsync(null, With(reader, rig))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await rig.ActAsync(null, With(operate, rig))).StatusCode);
        Assert.Single(rig.Store.Updates);
    }

    [Fact]
    public async Task Another_sites_page_cannot_use_a_session()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        string session = AccessRig.Cookies(await rig.SignInAsync(AccessRig.Admin));
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.ActAsync(null, ("Cookie", session), ("Origin", "https://evil.example.org"))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.ActAsync(null, ("Cookie", session))).StatusCode);
        Assert.Empty(rig.Store.Updates);
    }

    [Fact]
    public async Task A_session_ends_when_its_token_is_changed_or_taken_away()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        string session = AccessRig.Cookies(await rig.SignInAsync(AccessRig.Reader));
        rig.Access.Apply(AccessRig.Config(AccessRig.Token("look", "operate", AccessRig.Reader)));
        Assert.Equal(HttpStatusCode.OK, (await rig.ActAsync(null, With(session, rig))).StatusCode);
        rig.Access.Apply(AccessRig.Config(AccessRig.Token("look", "read", "changed-token-0123456789")));
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync("/api/v1/status", null, ("Cookie", session))).StatusCode);
        rig.Access.Apply(AccessRig.Config(AccessRig.Token("other", "read", AccessRig.Reader)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync("/api/v1/status", null, ("Cookie", session))).StatusCode);
    }

    [Fact]
    public async Task A_session_ends_after_its_time_and_outlives_a_restart()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        string keys = Directory.CreateTempSubdirectory("postern-keys-").FullName;
        string session;
        await using (var rig = await AccessRig.StartAsync(AccessRig.Tokens, clock, keys)) session = AccessRig.Cookies(await rig.SignInAsync(AccessRig.Reader));
        await using (var again = await AccessRig.StartAsync(AccessRig.Tokens, clock, keys))
        {
            clock.Advance(TimeSpan.FromHours(11));
            Assert.Equal(HttpStatusCode.OK, (await again.GetAsync("/api/v1/status", null, ("Cookie", session))).StatusCode);
            clock.Advance(TimeSpan.FromHours(2));
            Assert.Equal(HttpStatusCode.Unauthorized, (await again.GetAsync("/api/v1/status", null, ("Cookie", session))).StatusCode);
        }
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(keys));
        Directory.Delete(keys, recursive: true);
    }

    [Theory]
    [InlineData(AccessRig.Sender, 403, "for handing in mail only")]
    [InlineData("wrong-token-0123456789", 403, "not known here")]
    [InlineData("", 403, "not known here")]
    public async Task A_token_that_may_not_look_signs_nobody_in(string token, int status, string words)
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        using var answer = await rig.SignInAsync(token);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Empty(AccessRig.Cookies(answer));
        Assert.Contains(words, await answer.Content.ReadAsStringAsync(AccessRig.Cancel), StringComparison.Ordinal);
        await rig.Events.UntilAsync("audit.refused");
    }

    [Fact]
    public async Task Who_guesses_at_the_page_has_to_wait()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        for (int i = 0; i < 10; i++) Assert.Equal(HttpStatusCode.Forbidden, (await rig.SignInAsync($"guess-number-{i}-0123456789")).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await rig.SignInAsync(AccessRig.Admin)).StatusCode);
        using var program = await rig.GetAsync("/api/v1/status", AccessRig.Admin);
        Assert.Equal(HttpStatusCode.TooManyRequests, program.StatusCode);
        Assert.Equal(TimeSpan.FromMinutes(10), program.Headers.RetryAfter!.Delta);
    }

    [Theory]
    [InlineData("//evil.example.org", "/")]
    [InlineData("/\\evil.example.org", "/")]
    [InlineData("https://evil.example.org/", "/")]
    [InlineData("javascript:alert(1)", "/")]
    [InlineData("/messages?state=held", "/messages?state=held")]
    [InlineData("/sign-in", "/")]
    [InlineData("/a\r\nSet-Cookie: x=y", "/")]
    [InlineData("", "/")]
    public void Signing_in_leads_to_pages_of_this_server_only(string next, string leads) => Assert.Equal(leads, SignInPages.Local(next));

    [Fact]
    public async Task Signing_out_ends_the_session_of_the_browser()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        string session = AccessRig.Cookies(await rig.SignInAsync(AccessRig.Reader));
        using var left = await rig.SendAsync(HttpMethod.Post, "/sign-out", null, "", With(session, rig));
        Assert.Equal((HttpStatusCode.SeeOther, "/sign-in"), (left.StatusCode, left.Headers.Location!.ToString()));
        Assert.Equal("postern-session=", AccessRig.Cookies(left));
    }

    [Fact]
    public async Task Where_nobody_has_to_sign_in_the_page_leads_on()
    {
        await using var rig = await AccessRig.StartAsync();
        using var answer = await rig.GetAsync("/sign-in?next=/messages");
        Assert.Equal("/messages", answer.Headers.Location!.ToString());
    }
}
