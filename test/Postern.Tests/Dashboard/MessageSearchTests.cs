using Postern.Dashboard;
using Xunit;

namespace Postern.Tests.Dashboard;

public sealed class MessageSearchTests
{
    [Fact]
    public void Words_and_filters_stand_side_by_side()
    {
        var filters = MessageSearch.Read("greylisted cause:rate-limited sender:*@example.org anna", out string? problem);
        Assert.Null(problem);
        Assert.Equal("greylisted anna", filters!.Q);
        Assert.Equal("rate-limited", filters.Cause);
        Assert.Equal("*@example.org", filters.Sender);
    }

    [Fact]
    public void A_colon_in_a_word_makes_no_filter_of_it()
    {
        var filters = MessageSearch.Read("mx:example.org 192.0.2.1:25 https://example.org", out _);
        Assert.Equal("mx:example.org 192.0.2.1:25 https://example.org", filters!.Q);
    }

    [Fact]
    public void A_value_in_quotes_keeps_its_spaces()
    {
        Assert.Equal("*too many connections*", MessageSearch.Read("\"reply:*too many connections*\"", out _)!.Reply);
    }

    [Fact]
    public void A_wrong_value_is_said_with_its_remedy()
    {
        Assert.Null(MessageSearch.Read("older_than:soon", out string? problem));
        Assert.Contains("not a duration: soon", problem, StringComparison.Ordinal);
        Assert.Contains("30m", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_search_is_for_everything() => Assert.True(Postern.Api.QueueFilters.IsEmpty(MessageSearch.Read("  ", out _)!));

    [Fact]
    public void A_filter_is_put_in_changed_and_taken_out_and_the_rest_stays()
    {
        Assert.Equal("anna state:held", MessageSearch.With("anna", "state", "held"));
        Assert.Equal("anna state:deferred", MessageSearch.With("state:held anna", "state", "deferred"));
        Assert.Equal("anna \"reply:a b\"", MessageSearch.With("state:held anna \"reply:a b\"", "state", null));
        Assert.Equal("held", MessageSearch.Of("anna state:held", "state"));
        Assert.Null(MessageSearch.Of("anna", "state"));
    }
}
