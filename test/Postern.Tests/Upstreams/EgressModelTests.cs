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
        Assert.Equal(new EgressChoice("", null, null, "relay.test"), Model.Next(""));

    [Fact]
    public void Addresses_of_both_families_with_one_name_go_together_and_choices_take_turns()
    {
        var names = Enumerable.Range(0, 4).Select(_ => Model.Next("a4,a6,b4")!.Name).ToList();
        Assert.Equal(2, names.Count(n => n == "a4+a6"));
        Assert.Equal(2, names.Count(n => n == "b4"));
        Assert.NotEqual(names[0], names[1]);
    }

    [Fact]
    public void A_family_without_an_address_is_not_used()
    {
        var choice = Model.Next("b4")!;
        Assert.True(choice.Allows(AddressFamily.InterNetwork));
        Assert.False(choice.Allows(AddressFamily.InterNetworkV6));
    }

    [Fact]
    public void A_name_that_is_not_configured_is_no_choice() => Assert.Null(Model.Next("a4,gone"));
}
