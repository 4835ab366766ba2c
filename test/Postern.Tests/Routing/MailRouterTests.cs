using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Routing;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Routing;

public sealed class MailRouterTests
{
    private static readonly UpstreamConfig A = new() { Name = "a", Address = "192.0.2.1:25" };
    private static readonly UpstreamConfig B = new() { Name = "b", Address = "192.0.2.2:25" };

    private static RouteDecision Route(PosternConfig config, string recipient, string sender = "me@example.net", string listener = "127.0.0.1:2525", string? user = null) =>
        new MailRouter(config, new FakeTimeProvider()).Route(new MailPath(sender), new MailPath(recipient), listener, user);

    [Fact]
    public void Without_routes_the_only_upstream_takes_everything() =>
        Assert.Equal("pool:a", Route(new PosternConfig { Upstream = [A] }, "you@example.org").Destination);

    [Fact]
    public void Without_routes_all_upstreams_form_one_pool() =>
        Assert.Equal("pool:a,b", Route(new PosternConfig { Upstream = [A, B] }, "you@example.org").Destination);

    [Fact]
    public void Without_routes_and_upstreams_the_recipient_is_refused_for_now() =>
        Assert.Equal(451, Route(new PosternConfig(), "you@example.org").Refusal!.Code);

    [Theory]
    [InlineData("you@example.org", "pool:a")]
    [InlineData("you@EXAMPLE.org", "pool:a")]
    [InlineData("you@sub.example.org", "pool:b")]
    [InlineData("you@a.sub.example.org.", "pool:b")]
    [InlineData("you@notexample.org", "mx:notexample.org@out1,out2")]
    [InlineData("you@Bücher.example", "mx:xn--bcher-kva.example@out1,out2")]
    [InlineData("you@[192.0.2.1]", "mx:[192.0.2.1]@out1,out2")]
    [InlineData("Postmaster", "mx:relay.example.net@out1,out2")]
    public void First_route_whose_domain_pattern_matches_is_used(string recipient, string destination)
    {
        var config = new PosternConfig
        {
            Server = new ServerConfig { Hostname = "relay.example.net" },
            Upstream = [A, B],
            Route =
            [
                new() { Match = new() { RecipientDomain = ["example.org"] }, Upstreams = ["a"] },
                new() { Match = new() { RecipientDomain = ["*.example.org"] }, Upstreams = ["b"] },
                new() { Via = RouteVia.Mx, Egress = ["out1", "out2"] },
            ],
        };
        Assert.Equal(destination, Route(config, recipient).Destination);
    }

    [Theory]
    [InlineData("boss@example.net", "l1", "u1", "pool:a")]
    [InlineData("Boss@Example.net", "L1", "U1", "pool:a")]
    [InlineData("boss@example.net", "l2", "u1", null)]
    [InlineData("boss@example.net", "l1", null, null)]
    [InlineData("x@sales.example", "l2", null, "pool:b")]
    [InlineData("", "bounce", null, "mx:example.org")]
    public void All_members_of_a_match_must_match(string sender, string listener, string? user, string? destination)
    {
        var config = new PosternConfig
        {
            Upstream = [A, B],
            Route =
            [
                new() { Match = new() { Sender = ["boss@example.net"], Listener = ["l1"], User = ["u1"] }, Upstreams = ["a"] },
                new() { Match = new() { Sender = ["@sales.example"] }, Upstreams = ["b"] },
                new() { Match = new() { Sender = ["<>"] }, Via = RouteVia.Mx },
            ],
        };
        var decision = Route(config, "you@example.org", sender, listener, user);
        Assert.Equal(destination, decision.Destination);
        if (destination is null) Assert.Equal("550 5.4.4", decision.Refusal!.ToString()[..9]);
    }

    [Fact]
    public void A_reject_route_refuses_for_good() =>
        Assert.Equal(550, Route(new PosternConfig { Upstream = [A], Route = [new() { Via = RouteVia.Reject }] }, "you@example.org").Refusal!.Code);

    [Fact]
    public void A_route_may_have_its_own_mode()
    {
        var config = new PosternConfig { Upstream = [A], Route = [new() { Upstreams = ["a"], Mode = DeliveryMode.Inline }] };
        Assert.Equal(DeliveryMode.Inline, Route(config, "you@example.org").Mode);
    }

    [Fact]
    public void A_recipient_domain_that_is_none_is_refused() =>
        Assert.Equal(553, Route(new PosternConfig { Upstream = [A] }, "you@[oops").Refusal!.Code);

    [Theory]
    [InlineData("pool:a,b@out")]
    [InlineData("mx:example.org")]
    [InlineData("mx:[ipv6:2001:db8::1]@a")]
    public void A_destination_key_reads_back(string key)
    {
        Assert.True(Destination.TryParse(key, out var destination));
        Assert.Equal(key, destination.ToString());
    }
}
