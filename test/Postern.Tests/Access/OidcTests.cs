using System.Net;
using Postern.Access;

namespace Postern.Tests.Access;

/// <summary>Signing in at a real provider on loopback, with the real handler: discovery, PKCE, signatures, userinfo.</summary>
public sealed class OidcTests : IAsyncLifetime
{
    private OidcProvider _provider = null!;

    public async ValueTask InitializeAsync() => _provider = await OidcProvider.StartAsync();

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    private Task<AccessRig> StartAsync(string more = "") => AccessRig.StartAsync(
        $"[http.oidc]\nauthority = \"{_provider.Issuer}\"\nclient_id = \"{OidcProvider.ClientId}\"\nclient_secret = \"{OidcProvider.Secret}\"\nscopes = [\"profile\", \"groups\"]\nread = [\"staff\"]\noperate = [\"mail-operators\"]\n{more}");

    /// <summary>A browser: follows redirects between the two, keeping the relay's cookies.</summary>
    private static async Task<(HttpResponseMessage Answer, string Cookies)> BrowseAsync(AccessRig rig, string path, Func<Uri, Uri>? tamper = null)
    {
        var jar = new CookieContainer();
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = jar });
        browser.DefaultRequestHeaders.Add("Accept", "text/html");
        var next = new Uri(rig.Address, path);
        for (int i = 0; ; i++)
        {
            Assert.True(i < 12, $"redirected without end: {next}");
            var answer = await browser.GetAsync(next, AccessRig.Cancel);
            if (answer.StatusCode is not (HttpStatusCode.Redirect or HttpStatusCode.SeeOther)) return (answer, jar.GetCookieHeader(rig.Address));
            next = new Uri(next, answer.Headers.Location!);
            if (tamper is not null && next.AbsolutePath == OidcSignIn.CallbackPath) next = tamper(next);
        }
    }

    [Fact]
    public async Task A_person_signs_in_there_and_has_the_role_of_the_group()
    {
        await using var rig = await StartAsync();
        _provider.Groups = ["sales", "mail-operators"];
        var (page, cookies) = await BrowseAsync(rig, "/sign-in/provider?next=/api/v1/status");
        Assert.Equal((HttpStatusCode.OK, "/api/v1/status"), (page.StatusCode, page.RequestMessage!.RequestUri!.AbsolutePath));
        Assert.Equal(["authorize scope=openid profile groups", "token with PKCE"], _provider.Seen);
        (string, string)[] ours = [("Cookie", cookies), ("Origin", rig.Address.GetLeftPart(UriPartial.Authority))];
        Assert.Equal(HttpStatusCode.OK, (await rig.ActAsync(null, ours)).StatusCode);
        var told = (await rig.Events.UntilAsync("audit.action"))[0].GetProperty("data");
        Assert.Equal(("ann", "operate", "oidc", "queue.hold"), (told.GetProperty("who").GetString(), told.GetProperty("role").GetString(), told.GetProperty("way").GetString(), told.GetProperty("did").GetString()));
    }

    [Fact]
    public async Task The_page_to_sign_in_at_names_the_provider()
    {
        await using var rig = await StartAsync(AccessRig.Tokens);
        using var page = await rig.GetAsync("/sign-in?next=/messages");
        string html = await page.Content.ReadAsStringAsync(AccessRig.Cancel);
        Assert.Contains("""href="/sign-in/provider?next=%2Fmessages">Sign in with 127.0.0.1</a>""", html, StringComparison.Ordinal);
        Assert.Contains("<label for=\"token\">", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_without_a_group_of_ours_is_told_so_and_not_signed_in()
    {
        await using var rig = await StartAsync();
        _provider.Groups = ["sales"];
        var (page, cookies) = await BrowseAsync(rig, "/sign-in/provider");
        Assert.Equal(HttpStatusCode.Forbidden, page.StatusCode);
        Assert.Contains("as ann, but have no role here", await page.Content.ReadAsStringAsync(AccessRig.Cancel), StringComparison.Ordinal);
        Assert.DoesNotContain("postern-session", cookies, StringComparison.Ordinal);
        Assert.Equal("ann has no role by the claim groups", (await rig.Events.UntilAsync("audit.refused"))[0].GetProperty("data").GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task A_provider_that_is_away_is_said_to_be_so_on_the_page_and_in_the_log()
    {
        await using var rig = await StartAsync();
        await _provider.DisposeAsync();
        using var answer = await rig.GetAsync("/sign-in/provider");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("The provider does not answer", await answer.Content.ReadAsStringAsync(AccessRig.Cancel), StringComparison.Ordinal);
        Assert.StartsWith("the provider cannot be asked: ", (await rig.Events.UntilAsync("audit.refused"))[0].GetProperty("data").GetProperty("outcome").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", rig.Logged(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_group_that_loses_its_role_loses_it_in_open_sessions_too()
    {
        await using var rig = await StartAsync();
        _provider.Groups = ["staff"];
        var (_, cookies) = await BrowseAsync(rig, "/sign-in/provider?next=/health/live");
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/v1/status", null, ("Cookie", cookies))).StatusCode);
        rig.Access.Apply(AccessRig.Config($"[http.oidc]\nauthority = \"{_provider.Issuer}\"\nclient_id = \"{OidcProvider.ClientId}\"\nread = [\"others\"]\n"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync("/api/v1/status", null, ("Cookie", cookies))).StatusCode);
    }

    [Fact]
    public async Task A_token_with_the_wrong_signature_signs_nobody_in()
    {
        await using var rig = await StartAsync();
        _provider.Groups = ["mail-operators"];
        _provider.IsForged = true;
        var (page, cookies) = await BrowseAsync(rig, "/sign-in/provider");
        Assert.Equal(HttpStatusCode.Forbidden, page.StatusCode);
        Assert.DoesNotContain("postern-session", cookies, StringComparison.Ordinal);
        await rig.Events.UntilAsync("audit.refused");
    }

    [Fact]
    public async Task An_answer_that_this_browser_has_not_asked_for_signs_nobody_in()
    {
        await using var rig = await StartAsync();
        _provider.Groups = ["mail-operators"];
        Uri? stolen = null;
        await BrowseAsync(rig, "/sign-in/provider", uri => stolen = uri);
        // The attacker's own code in the victim's browser, which has no correlation cookie (login CSRF).
        var (page, cookies) = await BrowseAsync(rig, stolen!.PathAndQuery);
        Assert.Equal(HttpStatusCode.Forbidden, page.StatusCode);
        Assert.DoesNotContain("postern-session", cookies, StringComparison.Ordinal);
    }
}
