using System.Net;
using Microsoft.AspNetCore.Components.Authorization;
using Postern.Access;
using Postern.Api;
using Postern.Core.Queue;
using Postern.Dashboard;
using Postern.Tests.Delivery;

namespace Postern.Tests.Access;

/// <summary>The pages, and what is done on them.</summary>
public sealed class PagesTests
{
    private static readonly (string, string)[] Browser = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Dest", "document")];

    private sealed class Somebody(Caller? caller) : AuthenticationStateProvider
    {
        public override Task<AuthenticationState> GetAuthenticationStateAsync() => Task.FromResult(new AuthenticationState(caller?.ToPrincipal() ?? new()));
    }

    private static async Task<DashboardActions> PageAsync(AccessRig rig, Caller? caller)
    {
        var view = new RelayView("0", () => "relay.test", DeliveryRig.Start, () => rig.Store, () => [], () => [], () => []);
        var actions = new DashboardActions(view, new QueueDesk(() => rig.Store, TimeProvider.System), new Somebody(caller), rig.Access);
        await actions.LoadAsync();
        return actions;
    }

    private static async Task<Caller> CallerAsync(AccessRig rig, string token) => (await rig.Access.Tokens.VerifyAsync(token, IPAddress.Loopback, AccessRig.Cancel)).Caller!;

    private static readonly QueueActionContract Hold = new() { Action = "hold", Sender = "*@example.net" };

    [Fact]
    public async Task A_page_is_shown_to_who_is_signed_in_and_leads_others_to_the_sign_in_page()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        using var stranger = await rig.GetAsync("/", null, Browser);
        Assert.Equal((HttpStatusCode.Redirect, "/sign-in"), (stranger.StatusCode, stranger.Headers.Location!.ToString()));
        string session = AccessRig.Cookies(await rig.SignInAsync(AccessRig.Reader));
        using var page = await rig.GetAsync("/", null, [.. Browser, ("Cookie", session)]);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        string html = await page.Content.ReadAsStringAsync(AccessRig.Cancel);
        Assert.Contains("title=\"look\">look</span>", html, StringComparison.Ordinal);
        Assert.Contains("action=\"/sign-out\"", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/_blazor/negotiate?negotiateVersion=1")]
    [InlineData("GET", "/_blazor?id=x")]
    public async Task Another_sites_page_cannot_open_the_socket_of_a_page(string method, string path)
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        string session = AccessRig.Cookies(await rig.SignInAsync(AccessRig.Admin));
        (string, string)[] socket = [("Cookie", session), ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")];
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.SendAsync(new HttpMethod(method), path, null, null, [.. socket, ("Origin", "https://evil.example.org")])).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.SendAsync(new HttpMethod(method), path, null, null, socket)).StatusCode);
    }

    [Fact]
    public async Task A_page_begins_its_connection_and_nobody_is_told_of_an_action()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        string session = AccessRig.Cookies(await rig.SignInAsync(AccessRig.Reader));
        using var begun = await rig.SendAsync(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1", null, null, ("Cookie", session), ("Origin", rig.Address.GetLeftPart(UriPartial.Authority)), ("Sec-Fetch-Site", "same-origin"));
        Assert.Equal(HttpStatusCode.OK, begun.StatusCode);
        await rig.ActAsync(AccessRig.Operator);
        Assert.Equal("act", Assert.Single(await rig.Events.UntilAsync("audit.action")).GetProperty("subject").GetString());
    }

    [Fact]
    public async Task An_action_on_a_page_is_told_with_who_did_it()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        var page = await PageAsync(rig, await CallerAsync(rig, AccessRig.Operator) with { From = "198.51.100.7" });
        Assert.True(page.CanOperate);
        Assert.False(page.CanAdmin);
        await page.QueueAsync(Hold with { DryRun = true }, AccessRig.Cancel);
        await page.QueueAsync(Hold, AccessRig.Cancel);
        Assert.Equal(QueueAction.Hold, Assert.Single(rig.Store.Updates).Action);
        var told = Assert.Single(await rig.Events.UntilAsync("audit.action")).GetProperty("data");
        Assert.Equal("""{"who":"act","role":"operate","way":"token","from":"198.51.100.7","did":"queue.hold","on":"sender=*@example.net","count":0,"outcome":"done"}""", told.GetRawText());
    }

    [Fact]
    public async Task A_page_refuses_what_the_role_does_not_allow_whatever_it_showed()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        foreach (var caller in new[] { await CallerAsync(rig, AccessRig.Reader), await CallerAsync(rig, AccessRig.Sender), null })
        {
            var page = await PageAsync(rig, caller);
            Assert.False(page.CanOperate);
            await Assert.ThrowsAsync<UnauthorizedAccessException>(() => page.QueueAsync(Hold, AccessRig.Cancel));
        }
        Assert.Empty(rig.Store.Updates);
        await rig.Events.UntilAsync("audit.refused", 3);
    }

    [Fact]
    public async Task An_open_page_loses_what_its_token_loses()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        var page = await PageAsync(rig, await CallerAsync(rig, AccessRig.Operator));
        Assert.True(page.CanOperate);
        rig.Access.Apply(AccessRig.Config(AccessRig.Token("act", "operate", "another-token-0123456789")));
        Assert.False(page.CanOperate);
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => page.QueueAsync(Hold, AccessRig.Cancel));
    }
}
