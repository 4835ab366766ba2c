using System.Net;
using System.Text.Json;

namespace Postern.Tests.Api;

/// <summary>Waiting mail over HTTP, with a whole relay behind it.</summary>
public sealed class QueueApiTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-api-").FullName;
    private ApiRelay _relay = null!;

    public async ValueTask InitializeAsync() => _relay = await ApiRelay.StartAsync(_folder);

    public async ValueTask DisposeAsync()
    {
        await _relay.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_search_finds_by_words_and_filters_from_either_end()
    {
        string a = await _relay.KeepAsync("alice@example.org", "x@example.net");
        string b = await _relay.KeepAsync("alice@example.org", "y@example.com", user: "billing", bytes: 5000);
        string c = await _relay.KeepAsync("bob@example.org", "x@example.com");
        Assert.Equal([a, b], await Ids("q=ALICE"));
        Assert.Equal([b, a], await Ids("q=alice&order=newest"));
        Assert.Equal([b], await Ids("user=billing&min_size=4KiB"));
        Assert.Equal([a, c], await Ids($"ids={c},{a}"));
        Assert.Equal([a, c], await Ids("recipient=x@*&older_than=0"));
        Assert.Equal([a], await Ids($"up_to={a}"));
    }

    [Fact]
    public async Task Pages_go_on_where_the_last_one_ended_and_a_count_stands_beside_them()
    {
        var ids = new List<string>();
        for (int i = 0; i < 5; i++) ids.Add(await _relay.KeepAsync("a@example.org", "x@example.net"));
        var first = await _relay.GetAsync("api/v1/queue?limit=2&count=true");
        Assert.Equal(ids[1], first.GetProperty("next").GetString());
        Assert.Equal((5, 500, ids[4]), (first.GetProperty("total").GetProperty("messages").GetInt32(), first.GetProperty("total").GetProperty("bytes").GetInt32(), first.GetProperty("total").GetProperty("up_to").GetString()));
        var last = await _relay.GetAsync($"api/v1/queue?limit=3&after={ids[1]}");
        Assert.False(last.TryGetProperty("next", out _));
        Assert.Equal(ids[2..], last.GetProperty("messages").EnumerateArray().Select(m => m.GetProperty("id").GetString()!));
    }

    [Fact]
    public async Task A_failed_message_is_found_by_its_upstream_and_cause()
    {
        string id = await _relay.KeepAsync("a@example.org", "x@example.net");
        await ApiRelay.UntilAsync(async () => (await Ids("upstream=*")).Count == 1, "a failed attempt");
        var message = (await _relay.GetAsync("api/v1/queue?upstream=provider")).GetProperty("messages")[0];
        Assert.Equal((id, "provider"), (message.GetProperty("id").GetString(), message.GetProperty("upstream").GetString()));
        string cause = message.GetProperty("cause").GetString()!;
        Assert.Equal([id], await Ids($"cause={cause}"));
        Assert.Equal([id], await Ids($"q={cause}+provider"));
        Assert.Empty(await Ids("cause=mailbox-full"));
    }

    [Fact]
    public async Task A_dry_run_counts_and_touches_nothing()
    {
        for (int i = 0; i < 3; i++) await _relay.KeepAsync(i == 0 ? "b@example.org" : "a@example.org", "x@example.net");
        var would = await _relay.PostAsync("api/v1/queue/actions", """{"action":"remove","sender":"a@*","dry_run":true}""");
        Assert.Equal(("dry_run", 2), (would.GetProperty("state").GetString(), would.GetProperty("messages").GetInt32()));
        Assert.False(would.TryGetProperty("operation", out _));
        Assert.Equal(3, _relay.Relay.Store.Stats.Messages);
        // What came since the look is not taken.
        await _relay.KeepAsync("a@example.org", "x@example.net");
        string upTo = would.GetProperty("matching").GetProperty("up_to").GetString()!;
        var done = await _relay.PostAsync("api/v1/queue/actions", $$"""{"action":"remove","sender":"a@*","up_to":"{{upTo}}"}""");
        Assert.Equal(("done", 2), (done.GetProperty("state").GetString(), done.GetProperty("messages").GetInt32()));
        Assert.Equal(2, _relay.Relay.Store.Stats.Messages);
    }

    [Fact]
    public async Task An_action_asked_for_twice_with_one_key_is_done_once()
    {
        await _relay.KeepAsync("a@example.org", "x@example.net");
        const string Hold = """{"action":"hold","all":true}""";
        var first = await _relay.PostAsync("api/v1/queue/actions", Hold, HttpStatusCode.OK, ("Idempotency-Key", "k1"));
        await _relay.KeepAsync("a@example.org", "x@example.net");
        var second = await _relay.PostAsync("api/v1/queue/actions", Hold, HttpStatusCode.OK, ("Idempotency-Key", "k1"));
        Assert.Equal(first.GetRawText(), second.GetRawText());
        Assert.Equal(1, _relay.Relay.Store.Stats.Held);
        var other = await _relay.PostAsync("api/v1/queue/actions", """{"action":"release","all":true}""", HttpStatusCode.UnprocessableEntity, ("Idempotency-Key", "k1"));
        Assert.Equal("/api/v1/problems/key-reused", other.GetProperty("type").GetString());
        await _relay.PostAsync("api/v1/queue/actions", Hold, HttpStatusCode.OK, ("Idempotency-Key", "k2"));
        Assert.Equal(2, _relay.Relay.Store.Stats.Held);
    }

    [Fact]
    public async Task An_action_that_is_not_waited_for_can_be_asked_after()
    {
        for (int i = 0; i < 20; i++) await _relay.KeepAsync("a@example.org", "x@example.net");
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/v1/queue/actions") { Content = new StringContent("""{"action":"hold","all":true}""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")) };
        request.Headers.Add("Prefer", "respond-async");
        using var response = await _relay.Http.SendAsync(request);
        // So few may be done before the answer is written.
        Assert.True(response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.OK);
        string operation = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync()).GetProperty("operation").GetString()!;
        if (response.StatusCode == HttpStatusCode.Accepted) Assert.Equal($"/api/v1/queue/operations/{operation}", response.Headers.Location!.ToString());
        await ApiRelay.UntilAsync(async () => (await _relay.GetAsync($"api/v1/queue/operations/{operation}")).GetProperty("state").GetString() == "done", "the end of the action");
        Assert.Equal(20, _relay.Relay.Store.Stats.Held);
        var listed = (await _relay.GetAsync("api/v1/queue/operations")).GetProperty("operations");
        Assert.Equal((operation, 20), (listed[0].GetProperty("operation").GetString(), listed[0].GetProperty("messages").GetInt32()));
        using var stop = await _relay.Http.DeleteAsync($"api/v1/queue/operations/{operation}");
        Assert.Equal(HttpStatusCode.OK, stop.StatusCode);
    }

    [Theory]
    [InlineData("api/v1/queue?state=sleeping", 400, "invalid-parameter", "no such state: sleeping")]
    [InlineData("api/v1/queue?limit=0", 400, "invalid-parameter", "not a page size: 0")]
    [InlineData("api/v1/queue?older_than=soon", 400, "invalid-parameter", "not a duration: soon")]
    [InlineData("api/v1/queue?max_size=big", 400, "invalid-parameter", "not a size: big")]
    [InlineData("api/v1/queue?order=random", 400, "invalid-parameter", "no such order: random")]
    [InlineData("api/v1/queue?after=x", 400, "invalid-parameter", "not a queue id: x")]
    [InlineData("api/v1/queue/hello", 400, "invalid-parameter", "not a queue id: hello")]
    [InlineData("api/v1/queue/01kb2d3e4f5g6", 404, "unknown-message", "no message 01kb2d3e4f5g6 in the queue")]
    [InlineData("api/v1/queue/operations/x", 404, "unknown-operation", "no operation x")]
    [InlineData("api/v1/incidents/x", 404, "unknown-incident", "no incident x")]
    [InlineData("api/v1/incidents?after=x", 400, "invalid-parameter", "x is no longer in the list")]
    [InlineData("api/v1/events?limit=x", 400, "invalid-parameter", "not a number of events: x")]
    [InlineData("api/v1/check", 400, "invalid-parameter", "no target named")]
    [InlineData("api/v1/nowhere", 404, "not-found", "nothing is at /api/v1/nowhere")]
    [InlineData("api/v1/upstreams/reset", 405, "method-not-allowed", "/api/v1/upstreams/reset does not take GET")]
    public async Task Every_refusal_is_a_problem_that_says_how_to_mend_it(string path, int status, string type, string detail)
    {
        var problem = await _relay.GetAsync(path, (HttpStatusCode)status);
        Assert.Equal(($"/api/v1/problems/{type}", status, detail), (problem.GetProperty("type").GetString(), problem.GetProperty("status").GetInt32(), problem.GetProperty("detail").GetString()));
        Assert.NotEmpty(problem.GetProperty("mend").GetString()!);
        var meaning = await _relay.GetAsync(problem.GetProperty("type").GetString()!);
        Assert.Equal((problem.GetProperty("title").GetString(), status), (meaning.GetProperty("title").GetString(), meaning.GetProperty("status").GetInt32()));
    }

    [Theory]
    [InlineData("{", 400, "invalid-body")]
    [InlineData("null", 400, "invalid-body")]
    [InlineData("""{"all":true}""", 400, "invalid-body")]
    [InlineData("""{"action":"hold"}""", 400, "invalid-parameter")]
    [InlineData("""{"action":"7","all":true}""", 400, "invalid-parameter")]
    [InlineData("""{"action":"hold","up_to":"01kb2d3e4f5g6"}""", 400, "invalid-parameter")]
    public async Task An_action_that_cannot_be_meant_is_refused(string body, int status, string type) =>
        Assert.Equal($"/api/v1/problems/{type}", (await _relay.PostAsync("api/v1/queue/actions", body, (HttpStatusCode)status)).GetProperty("type").GetString());

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_with_or_without_a_length()
    {
        string large = $$"""{"action":"hold","q":"{{new string('a', 70_000)}}"}""";
        await _relay.PostAsync("api/v1/queue/actions", large, HttpStatusCode.RequestEntityTooLarge);
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/v1/queue/actions") { Content = new StreamContent(new MemoryStream(System.Text.Encoding.ASCII.GetBytes(large))) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.TransferEncodingChunked = true;
        await ApiRelay.ReadAsync(await _relay.Http.SendAsync(request), HttpStatusCode.RequestEntityTooLarge);
    }

    private async Task<List<string>> Ids(string query) => [.. (await _relay.GetAsync("api/v1/queue?" + query)).GetProperty("messages").EnumerateArray().Select(m => m.GetProperty("id").GetString()!)];
}
