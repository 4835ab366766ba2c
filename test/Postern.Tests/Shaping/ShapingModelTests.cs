using Postern.Core.Configuration;
using Postern.Core.Shaping;
using Postern.Diagnosis.History;

namespace Postern.Tests.Shaping;

public sealed class ShapingModelTests
{
    private static UpstreamConfig Upstream(string address) => new() { Name = "provider", Address = address };

    [Fact]
    public void Every_published_limit_is_of_a_provider_we_know()
    {
        Assert.All(PublishedLimits.Default.All, l => Assert.Contains(l.Provider, ProviderTable.Default.Names));
        Assert.All(PublishedLimits.Default.All, l => Assert.StartsWith("http", l.Source));
    }

    [Fact]
    public void A_published_limit_holds_where_the_operator_fixed_nothing()
    {
        var model = new ShapingModel(new PosternConfig());
        Assert.Equal(20, model.ForMx(["mta5.am0.yahoodns.net"], "yahoo.com").Limits.MessagesPerSession);
        var submission = model.ForUpstream(Upstream("smtp.office365.com:587"), "smtp.office365.com").Limits;
        Assert.Equal((3, 30, 10_000), (submission.MaxSessions, submission.MessagesPerMinute, submission.MessagesPerDay));
        Assert.Equal(60, model.ForUpstream(Upstream("email-smtp.eu-west-1.amazonaws.com:587"), "email-smtp.eu-west-1.amazonaws.com").Limits.Start!.MessagesPerMinute);
    }

    [Fact]
    public void The_operators_own_keys_go_before_sections_and_sections_before_what_is_published()
    {
        var model = new ShapingModel(new PosternConfig
        {
            Shaping =
            [
                new() { Match = new() { Provider = ["microsoft"] }, MaxMessagesPerMinute = 25, MaxSessions = 2 },
                new() { MaxMessagesPerMinute = 500, MaxMessagesPerHour = 9000 },
            ],
        });
        var limits = model.ForUpstream(Upstream("smtp.office365.com:587") with { MaxSessions = 1 }, "smtp.office365.com").Limits;
        Assert.Equal((1, 25, 9000, 10_000), (limits.MaxSessions, limits.MessagesPerMinute, limits.MessagesPerHour, limits.MessagesPerDay));
    }

    [Fact]
    public void Domains_of_one_provider_share_a_lane_and_domains_of_one_set_of_hosts_too()
    {
        var model = new ShapingModel(new PosternConfig());
        Assert.Equal(model.ForMx(["mx1.example.net", "MX2.example.net."], "a.example").Group, model.ForMx(["mx2.example.net", "mx1.example.net"], "b.example").Group);
        Assert.Equal("google", model.ForMx(["aspmx.l.google.com"], "example.org").Group);
    }

    [Fact]
    public void A_section_for_a_recipient_domain_gives_it_a_lane_of_its_own()
    {
        var model = new ShapingModel(new PosternConfig { Shaping = [new() { Match = new() { RecipientDomain = ["example.org"] }, MaxSessions = 1 }] });
        Assert.Equal(("google/example.org", 1), (model.ForMx(["aspmx.l.google.com"], "example.org").Group, model.ForMx(["aspmx.l.google.com"], "example.org").Limits.MaxSessions));
        Assert.Equal("google", model.ForMx(["aspmx.l.google.com"], "example.com").Group);
    }

    [Fact]
    public void The_same_limits_are_the_same_object_so_that_lanes_need_not_compare_them()
    {
        var model = new ShapingModel(new PosternConfig());
        Assert.Same(model.ForMx(["aspmx.l.google.com"], "example.org").Limits, model.ForMx(["aspmx.l.google.com"], "example.com").Limits);
    }
}
