using System.Net;

namespace Postern.Tests.Access;

/// <summary>A reverse proxy before the server, which signs people in.</summary>
public sealed class ProxyHeaderTests
{
    private const string Trusted = "[http.proxy]\nnetworks = [\"127.0.0.1\"]\nuser_header = \"X-Forwarded-User\"\ngroups_header = \"X-Forwarded-Groups\"\nread = [\"staff\"]\noperate = [\"mail-operators\", \"jo\"]\nadmin = [\"mail-admins\"]\n";
    private const string Foreign = "[http.proxy]\nnetworks = [\"192.0.2.10\"]\nuser_header = \"X-Forwarded-User\"\nread = [\"*\"]\n";

    [Theory]
    [InlineData("ann", "staff", 200, 403)]
    [InlineData("ann", "sales, staff,mail-operators", 200, 200)]
    [InlineData("jo", "", 200, 200)]
    [InlineData("eve", "sales", 403, 403)]
    [InlineData("eve", "STAFF", 403, 403)]
    public async Task The_groups_that_the_proxy_names_give_the_role(string user, string groups, int read, int act)
    {
        await using var rig = await AccessRig.StartAsync(Trusted);
        Assert.Equal(read, (int)(await rig.GetAsync("/api/v1/status", null, ("X-Forwarded-User", user), ("X-Forwarded-Groups", groups))).StatusCode);
        Assert.Equal(act, (int)(await rig.ActAsync(null, ("X-Forwarded-User", user), ("X-Forwarded-Groups", groups))).StatusCode);
    }

    [Fact]
    public async Task The_header_from_anybody_else_is_refused_and_told()
    {
        await using var rig = await AccessRig.StartAsync(Foreign + AccessRig.Tokens);
        using var forged = await rig.GetAsync("/api/v1/status", AccessRig.Admin, ("X-Forwarded-User", "ann"));
        Assert.Equal(HttpStatusCode.Forbidden, forged.StatusCode);
        Assert.Contains("127.0.0.1 is none of them", await forged.Content.ReadAsStringAsync(AccessRig.Cancel), StringComparison.Ordinal);
        Assert.Equal("audit.refused", Assert.Single(await rig.Events.UntilAsync("audit.refused")).GetProperty("type").GetString());
        // Without the header he is who his token says.
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/v1/status", AccessRig.Reader)).StatusCode);
    }

    [Fact]
    public async Task Two_users_in_one_request_are_nobody()
    {
        await using var rig = await AccessRig.StartAsync(Trusted);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.GetAsync("/api/v1/status", null, ("X-Forwarded-User", "jo"), ("X-Forwarded-User", "ann"))).StatusCode);
    }

    [Fact]
    public async Task Somebody_whom_the_proxy_does_not_name_has_to_say_who_he_is()
    {
        await using var rig = await AccessRig.StartAsync(Trusted);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync("/api/v1/status")).StatusCode);
    }

    [Fact]
    public async Task The_client_that_the_proxy_names_is_the_one_that_is_told_of_and_throttled()
    {
        await using var rig = await AccessRig.StartAsync(Trusted + AccessRig.Tokens);
        for (int i = 0; i < 11; i++) await rig.GetAsync("/api/v1/status", "guess-0123456789-0123456789", ("X-Forwarded-For", "198.51.100.7"));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await rig.GetAsync("/api/v1/status", AccessRig.Reader, ("X-Forwarded-For", "198.51.100.7"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/v1/status", AccessRig.Reader, ("X-Forwarded-For", "198.51.100.8"))).StatusCode);
        Assert.Equal("198.51.100.7", (await rig.Events.UntilAsync("audit.refused"))[0].GetProperty("data").GetProperty("from").GetString());
    }

    [Fact]
    public async Task Forwarded_headers_of_anybody_else_are_not_believed()
    {
        await using var rig = await AccessRig.StartAsync(Foreign + AccessRig.Tokens);
        await rig.GetAsync("/api/v1/status", "guess-0123456789-0123456789", ("X-Forwarded-For", "198.51.100.7"));
        Assert.Equal("127.0.0.1", (await rig.Events.UntilAsync("audit.refused"))[0].GetProperty("data").GetProperty("from").GetString());
    }

    [Fact]
    public async Task A_proxy_that_speaks_TLS_makes_the_session_a_secure_one()
    {
        await using var rig = await AccessRig.StartAsync(Trusted + AccessRig.Tokens);
        using var signed = await rig.SendAsync(HttpMethod.Post, "/sign-in", null, $"token={AccessRig.Reader}&next=/", ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "relay.example.net"), ("Origin", "https://relay.example.net"));
        Assert.Equal(HttpStatusCode.SeeOther, signed.StatusCode);
        Assert.Contains("; secure", Assert.Single(signed.Headers.GetValues("Set-Cookie")), StringComparison.OrdinalIgnoreCase);
    }
}
