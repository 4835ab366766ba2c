using System.Net.Sockets;
using Postern.Core.Configuration;
using Postern.Core.Upstreams;

namespace Postern.Tests.Upstreams;

public sealed class EgressModelTests
{
    private static readonly EgressModel Model = new(new PosternConfig
    {
        Server = new() { Hostname = "relay.test" },
        Egress =
        [
            new() { Name = "a4", Address = "192.0.2.10", Hello = "a.test" },
            new() { Name = "a6", Address = "2001:db8::10", Hello = "a.test" },
            new() { Name = "b4", Address = "192.0.2.11" },
        ],
    });

    [Fact]
    public void Without_names_the_system_chooses() =>
        Assert.Equal(new EgressChoice("", null, null, "relay.test"), Assert.Single(Model.Next("")!));

    [Fact]
    public void Addresses_of_both_families_with_one_name_go_together_and_choices_take_turns()
    {
        var names = Enumerable.Range(0, 4).Select(_ => Model.Next("a4,a6,b4")![0].Name).ToList();
        Assert.Equal(2, names.Count(n => n == "a4+a6"));
        Assert.Equal(2, names.Count(n => n == "b4"));
        Assert.NotEqual(names[0], names[1]);
    }

    [Fact]
    public void A_family_without_an_address_is_not_used()
    {
        var choice = Assert.Single(Model.Next("b4")!);
        Assert.True(choice.Allows(AddressFamily.InterNetwork));
        Assert.False(choice.Allows(AddressFamily.InterNetworkV6));
    }

    [Fact]
    public void A_name_that_is_not_configured_is_no_choice() => Assert.Null(Model.Next("a4,gone"));

    [Fact]
    public void Those_whose_turn_it_is_not_are_the_alternatives_and_a_turn_is_the_same_array_each_time()
    {
        var first = Model.Next("a4,a6,b4")!;
        var second = Model.Next("a4,a6,b4")!;
        Assert.Equal(first.Reverse(), second);
        Assert.Same(first, Model.Next("a4,a6,b4"));
    }

    [Fact]
    public void What_rests_comes_last_and_its_turns_are_shared_by_all_others()
    {
        var model = new EgressModel(new PosternConfig
        {
            Server = new() { Hostname = "relay.test" },
            Egress = [.. Enumerable.Range(1, 3).Select(i => new EgressConfig { Name = $"e{i}", Address = $"192.0.2.{i}" })],
        });
        var firsts = new List<string>();
        for (int i = 0; i < 12; i++)
        {
            var choices = model.WithoutRested(model.Next("e1,e2,e3")!, c => c.Name == "e2");
            Assert.Equal("e2", choices[2].Name);
            firsts.Add(choices[0].Name);
        }
        Assert.Equal(6, firsts.Count(n => n == "e1"));
        Assert.Equal(6, firsts.Count(n => n == "e3"));
    }

    [Fact]
    public void What_is_in_use_is_what_some_route_names_pairs_as_one()
    {
        var config = new PosternConfig { Route = [new() { Via = RouteVia.Mx, Egress = ["a4", "a6"] }, new() { Via = RouteVia.Reject, Egress = ["b4"] }, new() { Via = RouteVia.Mx }] };
        Assert.Equal(["a4+a6", ""], Model.InUse(config).Select(c => c.Name));
        Assert.Equal([""], Model.InUse(new PosternConfig()).Select(c => c.Name));
    }
}
