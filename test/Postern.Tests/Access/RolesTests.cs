using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Postern.Access;
using Postern.Api;

namespace Postern.Tests.Access;

public sealed class RolesTests
{
    [Fact]
    public async Task Every_route_says_which_role_it_needs_or_that_it_is_open_to_all()
    {
        await using var rig = await AccessRig.StartAsync();
        var routes = rig.Server.Routes.OfType<RouteEndpoint>().ToList();
        Assert.True(routes.Count > 15, $"{routes.Count} routes: were they found?");
        Assert.Empty(routes.Where(r => r.Metadata.GetMetadata<NeededRole>() is null == r.Metadata.GetMetadata<PublicRoute>() is null).Select(r => r.RoutePattern.RawText));
    }

    [Fact]
    public async Task Only_health_style_sheets_and_signing_in_are_open_to_all()
    {
        await using var rig = await AccessRig.StartAsync();
        var open = rig.Server.Routes.OfType<RouteEndpoint>().Where(r => r.Metadata.GetMetadata<PublicRoute>() is not null).Select(r => r.RoutePattern.RawText).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["/_postern/{name}", "/health/live", "/health/ready", "/sign-in", "/sign-in/provider", "/sign-in/style.css", "/sign-out"], open);
    }

    [Fact]
    public async Task A_route_without_a_role_is_refused_to_everybody()
    {
        await using var rig = await AccessRig.StartAsync();
        var http = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        http.Request.Method = "GET";
        http.SetEndpoint(new RouteEndpoint(_ => Task.CompletedTask, Microsoft.AspNetCore.Routing.Patterns.RoutePatternFactory.Parse("/new"), 0, EndpointMetadataCollection.Empty, null));
        bool passed = false;
        await new AccessGate(rig.Access).InvokeAsync(http, _ =>
        {
            passed = true;
            return Task.CompletedTask;
        });
        Assert.False(passed);
        Assert.Equal(403, http.Response.StatusCode);
        Assert.Contains("route=/new", rig.Logged(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_loopback_without_tokens_everybody_may_do_everything()
    {
        await using var rig = await AccessRig.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/v1/status")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await rig.ActAsync()).StatusCode);
    }

    [Theory]
    [InlineData(AccessRig.Reader, 200, 403, 200)]
    [InlineData(AccessRig.Operator, 200, 200, 200)]
    [InlineData(AccessRig.Admin, 200, 200, 200)]
    [InlineData(AccessRig.Sender, 403, 403, 403)]
    [InlineData("no-such-token-0123456789", 401, 401, 401)]
    [InlineData(null, 401, 401, 401)]
    public async Task A_token_opens_what_its_role_allows(string? token, int read, int act, int metrics)
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        Assert.Equal(read, (int)(await rig.GetAsync("/api/v1/queue", token)).StatusCode);
        Assert.Equal(act, (int)(await rig.ActAsync(token)).StatusCode);
        Assert.Equal(act == 200 ? 1 : 0, rig.Store.Updates.Count);
        Assert.Equal(metrics, (int)(await rig.GetAsync("/metrics", token)).StatusCode);
        Assert.Equal(200, (int)(await rig.GetAsync("/health/ready")).StatusCode);
    }

    [Theory]
    [InlineData("Read", "Read", true)]
    [InlineData("Read", "Operate", false)]
    [InlineData("Read", "Send", false)]
    [InlineData("Operate", "Send", true)]
    [InlineData("Operate", "Admin", false)]
    [InlineData("Admin", "Send", true)]
    [InlineData("Admin", "Admin", true)]
    [InlineData("Send", "Send", true)]
    [InlineData("Send", "Read", false)]
    public void Roles_contain_each_other_but_send_has_nothing_else(string role, string needed, bool may) =>
        Assert.Equal(may, Caller.Allows(Enum.Parse<ApiRole>(role), Enum.Parse<ApiRole>(needed)));

    [Fact]
    public async Task What_is_refused_says_why_and_how_to_mend_it()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        using var unknown = await rig.GetAsync("/api/v1/status");
        Assert.Equal("Bearer", Assert.Single(unknown.Headers.WwwAuthenticate).Scheme);
        Assert.Contains("POSTERN_TOKEN", await unknown.Content.ReadAsStringAsync(AccessRig.Cancel), StringComparison.Ordinal);
        using var little = await rig.ActAsync(AccessRig.Reader);
        Assert.Contains("look has the role read, and this needs operate", await little.Content.ReadAsStringAsync(AccessRig.Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_that_does_not_exist_is_not_found_and_a_wrong_method_is_said_to_be_one()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.GetAsync("/api/v1/nothing")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await rig.SendAsync(HttpMethod.Delete, "/api/v1/status", AccessRig.Admin)).StatusCode);
    }

    [Fact]
    public async Task Another_configuration_holds_for_the_next_request()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/v1/status", AccessRig.Reader)).StatusCode);
        rig.Access.Apply(AccessRig.Config(AccessRig.Token("look", "read", "another-token-0123456789")));
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync("/api/v1/status", AccessRig.Reader)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync("/api/v1/status", AccessRig.Operator)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/v1/status", "another-token-0123456789")).StatusCode);
    }
}
