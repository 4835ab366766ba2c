using Postern.Diagnosis.History;

namespace Postern.Tests.Diagnosis.History;

public sealed class NeighboursTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    private static Neighbour One(string host, AttemptOutcome? outcome, int port = 25, string? egress = null)
    {
        var record = new UpstreamRecord(host);
        if (outcome is { } o) record.Add(new AttemptSample(Now.AddMinutes(-1), o, 1, 0));
        return new Neighbour(host, port, egress, record);
    }

    [Fact]
    public void Everybody_on_the_port_is_asked_but_the_one_in_question_and_those_not_tried()
    {
        var me = One("mx.example.org", AttemptOutcome.Unconnected);
        var fact = Neighbours.Around(me, [me, One("mx.example.net", AttemptOutcome.Unconnected), One("mx.example.com", AttemptOutcome.Served), One("smtp.example.com", AttemptOutcome.Unconnected, 587), One("idle.test", null)], Now, Window)!;
        Assert.Equal((2, 1), (fact.Others, fact.OthersFailing));
    }

    [Fact]
    public void An_upstream_that_refuses_in_words_was_connected_to()
    {
        var fact = Neighbours.Around(One("a.test", AttemptOutcome.Unconnected), [One("b.test", AttemptOutcome.TurnedAway)], Now, Window)!;
        Assert.Equal((1, 0), (fact.Others, fact.OthersFailing));
    }

    [Fact]
    public void Hosts_of_one_provider_are_counted_together_and_apart_from_the_rest()
    {
        var me = One("a-com.mail.protection.outlook.com", AttemptOutcome.TurnedAway);
        var fact = Neighbours.Around(me, [One("b-com.mail.protection.outlook.com", AttemptOutcome.TurnedAway), One("c-com.mail.protection.outlook.com", AttemptOutcome.TurnedAway), One("mx.example.net", AttemptOutcome.Served)], Now, Window)!;
        Assert.Equal((1, 0, 2, 2), (fact.Others, fact.OthersFailing, fact.SameProvider, fact.SameProviderFailing));
    }

    [Fact]
    public void What_leaves_by_the_same_address_is_told_from_what_leaves_by_another()
    {
        var me = One("a.test", AttemptOutcome.Unconnected, egress: "192.0.2.10");
        var fact = Neighbours.Around(me, [One("b.test", AttemptOutcome.Unconnected, egress: "192.0.2.10"), One("c.test", AttemptOutcome.Unconnected, egress: "192.0.2.10"), One("d.test", AttemptOutcome.Served, egress: "192.0.2.11")], Now, Window)!;
        Assert.Equal((2, 2, 1, 0), (fact.SameEgress, fact.SameEgressFailing, fact.OtherEgress, fact.OtherEgressFailing));
    }

    [Fact]
    public void Nobody_else_is_no_fact() => Assert.Null(Neighbours.Around(One("a.test", AttemptOutcome.Unconnected), [One("b.test", null)], Now, Window));

    [Fact]
    public void What_was_tried_long_ago_does_not_count()
    {
        var old = new UpstreamRecord("b.test");
        old.Add(new AttemptSample(Now.AddHours(-2), AttemptOutcome.Unconnected, 1, 0));
        Assert.Null(Neighbours.Around(One("a.test", AttemptOutcome.Unconnected), [new Neighbour("b.test", 25, null, old)], Now, Window));
    }

    [Theory]
    [InlineData("gmail-smtp-in.l.google.com", "google")]
    [InlineData("EXAMPLE-COM.mail.protection.outlook.com.", "microsoft")]
    [InlineData("mx00.t-online.de", "t-online")]
    [InlineData("notgmail.com", null)]
    [InlineData("google.com.example.org", null)]
    [InlineData("", null)]
    [InlineData("...", null)]
    public void The_provider_is_told_by_the_end_of_the_name(string host, string? provider) => Assert.Equal(provider, ProviderTable.Default.Of(host));

    [Fact]
    public void A_suffix_that_stands_twice_is_told() => Assert.Throws<InvalidDataException>(() => ProviderTable.Parse("a = [\"x.test\"]\nb = [\"x.test\"]\n"));
}
