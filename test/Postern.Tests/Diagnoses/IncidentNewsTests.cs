using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Api;
using Postern.Core.Diagnoses;
using Postern.Diagnosis.Causes;
using Postern.Tests.Delivery;
using Postern.Tests.Diagnosis.Checks;
using Postern.Tests.Events;

namespace Postern.Tests.Diagnoses;

/// <summary>What the book tells others.</summary>
public sealed class IncidentNewsTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(DeliveryRig.Start);
    private readonly TestLog _log = new();
    private readonly IncidentBook _book;

    public IncidentNewsTests() => _book = new IncidentBook(_ => 7, NullLogger.Instance, _time, _log.News);

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    private async Task<string[]> Types() => [.. (await _log.AllAsync()).Select(TestLog.Type)];

    [Fact]
    public async Task An_incident_is_told_from_its_opening_to_its_end_and_nothing_for_each_message()
    {
        var incident = _book.Note("up", "mx:example.org", FakeProbes.Report("upstream-down"))!;
        for (int i = 0; i < 1000; i++) _book.Note("up", "mx:example.org", FakeProbes.Report("upstream-down"));
        for (int i = 0; i < 1000; i++) _book.Did("up", CauseId.UpstreamDown, "kept {n messages}: it is down");
        _book.Did("up", CauseId.UpstreamDown, "probed it");
        _book.Refine(incident, [], () => FakeProbes.Report("upstream-firewall"));
        _time.Advance(TimeSpan.FromMinutes(2));
        _book.Accepted("up");
        string[] types = await Types();
        Assert.Equal(["incident.opened", "incident.acted", "incident.acted", "incident.refined", "incident.closed"], types);
        var closed = (await _log.AllAsync())[^1].GetProperty("data");
        Assert.Equal(("upstream-firewall", 1001, "mail is accepted again"), (closed.GetProperty("cause").GetString(), closed.GetProperty("failures").GetInt32(), closed.GetProperty("settled").GetString()));
        Assert.Equal("kept 1,000 messages: it is down", closed.GetProperty("actions")[0].GetProperty("did").GetString());
    }

    [Fact]
    public async Task The_data_is_the_incident_as_the_API_shows_it_to_the_letter()
    {
        _book.Note("up", "mx:example.org", FakeProbes.Report("upstream-down"));
        string id = _book.Snapshot(false)[0].Id;
        var told = Assert.Single(await _log.AllAsync());
        Assert.Equal(("incident.opened", "up"), (TestLog.Type(told), told.GetProperty("subject").GetString()));
        string data = told.GetProperty("data").GetRawText();
        Assert.Equal("""{"id":"ID","upstream":"up","cause":"upstream-down","level":"alert","opened_at":"2026-01-01T00:00:00+00:00","last_seen_at":"2026-01-01T00:00:00+00:00","failures":1,"waiting":7,"destinations":["mx:example.org"],"actions":[],"diagnosis":{"id":"d1","target":"mx.example.org[198.51.100.25]:25","at":"2026-01-01T00:00:00+00:00","stage":"connect","verdict":{"cause":"upstream-down","confidence":0.9,"summary":"It is down. Nobody knows why.","fix":"Wait.\nThen look again.","why":"It comes back.","who":"upstream","page":"causes/upstream-down","confirm":[]},"alternatives":[{"cause":"upstream-firewall","confidence":0.08,"would_settle":"a look from another address"}],"evidence":[{"id":"tcp.connect","said_by":"network","observed":"refused","supports":["upstream-down"],"against":[],"ms":12}],"actions":[]}}""".Replace("ID", id, StringComparison.Ordinal), data);
        Assert.Equal(data, JsonSerializer.Serialize(_book.Find(id)!, ApiJson.Default.Incident));
    }

    [Fact]
    public async Task One_that_is_merged_into_another_is_told_as_closed()
    {
        _book.Note("up", "mx:example.org", FakeProbes.Report("rate-limited"));
        var incident = _book.Note("up", "mx:example.org", FakeProbes.Report("upstream-down"))!;
        _book.Refine(incident, [], () => FakeProbes.Report("rate-limited"));
        string[] types = await Types();
        Assert.Equal(["incident.opened", "incident.opened", "incident.closed"], types);
    }

    [Fact]
    public async Task One_that_comes_and_goes_with_every_message_is_told_a_few_times_and_then_when_it_stays_away()
    {
        for (int i = 0; i < 500; i++)
        {
            _book.Note("up", "mx:example.org", FakeProbes.Report("upstream-down"));
            _time.Advance(TimeSpan.FromSeconds(1));
            _book.Accepted("up");
        }
        string[] expected = [.. Enumerable.Repeat<string[]>(["incident.opened", "incident.closed"], LiveIncident.MaxReturnsTold).SelectMany(t => t), "incident.opened"];
        Assert.Equal(expected, await Types());
        _book.Sweep();
        Assert.Equal("incident.opened", (await Types())[^1]);
        _time.Advance(TimeSpan.FromMinutes(1));
        _book.Sweep();
        _book.Sweep();
        string[] end = (await Types())[^2..];
        Assert.Equal(["incident.opened", "incident.closed"], end);
        Assert.Single((await _log.AllAsync()).Select(e => e.GetProperty("data").GetProperty("id").GetString()).Distinct());
    }
}
