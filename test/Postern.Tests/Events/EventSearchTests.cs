using Postern.Api;
using Postern.Core.Events;

namespace Postern.Tests.Events;

public sealed class EventSearchTests : IAsyncDisposable
{
    private readonly TestLog _log = new();

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    private async Task FillAsync(int count)
    {
        for (int i = 1; i <= count; i++) _log.Log.Publish(i % 10 == 0 ? EventType.IncidentOpened : EventType.UpstreamDown, $"n{i}");
        await _log.AllAsync();
    }

    private EventPage Find(EventQuery query) => EventSearch.Find(_log.Log.Folder, _log.Log.LastId, query);

    [Fact]
    public async Task Pages_go_on_from_one_to_the_next_without_a_gap()
    {
        await FillAsync(250);
        var ids = new List<long>();
        for (long? next = 0; next is not null;)
        {
            var page = Find(new EventQuery { After = next, Limit = 100 });
            ids.AddRange(page.Events.Select(e => e.Id));
            next = page.Next;
        }
        Assert.Equal(Enumerable.Range(1, 250), ids.Select(i => (int)i));
    }

    [Fact]
    public async Task The_latest_of_a_type_come_in_their_order()
    {
        await FillAsync(250);
        var page = Find(new EventQuery { Latest = 3, Types = ["incident.*"] });
        Assert.Equal([230L, 240L, 250L], page.Events.Select(e => e.Id));
        Assert.Equal((null, 250L), (page.Next, page.Last));
    }

    [Fact]
    public async Task A_page_that_is_just_full_is_the_last_one()
    {
        await FillAsync(20);
        Assert.Equal((2, null), (Find(new EventQuery { Types = ["incident.*"], Limit = 2 }) is var page ? (page.Events.Count, page.Next) : default));
        Assert.Equal(10, Find(new EventQuery { Types = ["incident.*"], Limit = 1 }).Next);
    }

    [Fact]
    public async Task Since_leaves_out_what_was_before()
    {
        await FillAsync(5);
        var until = _log.Log.Read(0, 100)[^1].At!.Value;
        _log.Log.Publish(EventType.UpstreamUp, "later");
        await _log.AllAsync();
        var last = _log.Log.Read(5, 1)[0].At!.Value;
        Assert.NotEqual(until, last);
        Assert.Equal([6L], Find(new EventQuery { Since = last }).Events.Select(e => e.Id));
        Assert.Empty(Find(new EventQuery { Since = last.AddHours(1) }).Events);
        Assert.Equal(6, Find(new EventQuery { Since = until.AddHours(-1) }).Events.Count);
    }

    [Fact]
    public async Task Without_a_relay_the_last_id_is_that_of_the_files()
    {
        Assert.Equal(0, EventSearch.LastId(_log.Log.Folder));
        await FillAsync(7);
        Assert.Equal(7, EventSearch.LastId(_log.Log.Folder));
    }

    [Theory]
    [InlineData("after", "x", "not an event's id: x")]
    [InlineData("since", "soon", "not a time: soon")]
    [InlineData("type", "incident.open", "no such type of event: incident.open")]
    [InlineData("limit", "0", "not a number of events: 0")]
    [InlineData("latest", "1001", "not a number of events: 1001")]
    public void What_cannot_be_meant_is_said(string name, string value, string problem)
    {
        Assert.Null(EventText.ReadQuery(n => n == name ? value : null, DateTimeOffset.UnixEpoch, out var found));
        Assert.Equal(problem, found!.Detail);
        Assert.NotEmpty(found.Mend);
    }

    [Fact]
    public void Words_become_a_query()
    {
        var words = new Dictionary<string, string> { ["after"] = "7", ["since"] = "2h", ["type"] = "incident.*,message.bounced", ["limit"] = "5" };
        var query = EventText.ReadQuery(words.GetValueOrDefault, DateTimeOffset.UnixEpoch, out _)!;
        Assert.Equal((7L, DateTimeOffset.UnixEpoch.AddHours(-2), 5), (query.After, query.Since, query.Limit));
        Assert.Equal(["incident.*", "message.bounced"], query.Types);
        Assert.Null(query.Latest);
    }
}
