using System.Net;
using Microsoft.AspNetCore.Http;
using Postern.Access;

namespace Postern.Tests.Access;

public sealed class OriginTests
{
    private static string? Problem(string method, bool byCookie, params (string Name, string Value)[] headers)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = method;
        http.Request.Scheme = "http";
        http.Request.Host = new HostString("127.0.0.1", 8025);
        foreach (var (name, value) in headers) http.Request.Headers[name] = value;
        return OriginGuard.Problem(http.Request, byCookie);
    }

    [Fact]
    public void A_program_that_says_nothing_of_pages_may_act() => Assert.Null(Problem("POST", false));

    [Fact]
    public void Our_own_page_may_act() => Assert.Null(Problem("POST", true, ("Origin", "http://127.0.0.1:8025"), ("Sec-Fetch-Site", "same-origin")));

    [Theory]
    [InlineData("http://evil.example.org")]
    [InlineData("http://127.0.0.1:8026")]
    [InlineData("http://127.0.0.1")]
    [InlineData("null")]
    [InlineData("file:///tmp/x.html")]
    public void A_page_of_another_origin_may_not_even_look(string origin)
    {
        Assert.NotNull(Problem("POST", false, ("Origin", origin)));
        Assert.NotNull(Problem("GET", false, ("Origin", origin)));
    }

    [Theory]
    [InlineData("cross-site")]
    [InlineData("same-site")]
    public void What_a_page_of_another_site_makes_the_browser_fetch_is_refused(string site)
    {
        Assert.NotNull(Problem("POST", false, ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")));
        Assert.NotNull(Problem("GET", true, ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")));
        Assert.NotNull(Problem("GET", true, ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")));
    }

    [Fact]
    public void A_link_of_another_site_leads_here() => Assert.Null(Problem("GET", true, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")));

    [Theory]
    [InlineData("POST", null)]
    [InlineData("GET", "websocket")]
    public void A_session_that_does_not_say_which_page_it_is_cannot_act(string method, string? upgrade)
    {
        (string, string)[] headers = upgrade is null ? [] : [("Upgrade", upgrade)];
        Assert.NotNull(Problem(method, true, headers));
        Assert.Null(Problem(method, false, headers));
    }

    [Fact]
    public void Behind_a_proxy_that_speaks_TLS_its_own_page_is_ours()
    {
        var http = new DefaultHttpContext();
        http.Request.Method = "POST";
        http.Request.Scheme = "http";
        http.Request.Host = new HostString("relay.example.net");
        http.Request.Headers.Origin = "https://relay.example.net";
        Assert.Null(OriginGuard.Problem(http.Request, byCookie: true));
    }

    [Theory]
    [InlineData("/api/v1/queue/actions", "POST")]
    [InlineData("/api/v1/events/stream", "GET")]
    [InlineData("/sign-in", "POST")]
    public async Task Another_sites_page_reaches_no_route(string path, string method)
    {
        await using var rig = await AccessRig.StartAsync();
        using var answer = await rig.SendAsync(new HttpMethod(method), path, null, method == "POST" ? new { action = "hold", all = true } : null, ("Origin", "http://evil.example.org"), ("Sec-Fetch-Site", "cross-site"));
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Empty(rig.Store.Updates);
        var told = Assert.Single(await rig.Events.UntilAsync("audit.refused"));
        Assert.Equal("it was sent by a page of http://evil.example.org", told.GetProperty("data").GetProperty("outcome").GetString());
    }

    [Theory]
    [InlineData("evil.example.org", 421)]
    [InlineData("relay.example.net", 200)]
    [InlineData("mail.example.org", 200)]
    [InlineData("a.dash.example.org", 200)]
    [InlineData("dash.example.org", 421)]
    [InlineData("localhost", 200)]
    [InlineData("192.0.2.1", 200)]
    [InlineData("[2001:db8::1]", 200)]
    public async Task The_server_answers_to_its_own_names_only(string host, int status)
    {
        await using var rig = await AccessRig.StartAsync("[http]\nhosts = [\"mail.example.org\", \"*.dash.example.org\"]");
        Assert.Equal(status, (int)(await rig.GetAsync("/health/live", null, ("Host", host))).StatusCode);
    }

    [Fact]
    public async Task Every_answer_tells_browsers_what_pages_may_do()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        foreach (string path in new[] { "/sign-in", "/api/v1/status", "/nothing" })
        {
            using var answer = await rig.GetAsync(path);
            string policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
            Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.Equal(["nosniff"], answer.Headers.GetValues("X-Content-Type-Options"));
            Assert.Equal(["same-origin"], answer.Headers.GetValues("Referrer-Policy"));
            Assert.True(answer.Headers.CacheControl!.NoStore);
        }
    }
}
