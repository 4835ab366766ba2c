using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Diagnoses;
using Postern.Core.Queue;
using Postern.Diagnosis.Causes;
using Postern.Tests.Delivery;
using Postern.Tests.Diagnosis.Checks;

namespace Postern.Tests.Diagnoses;

public sealed class IncidentBookTests
{
    private readonly FakeTimeProvider _time = new(DeliveryRig.Start);
    private readonly IncidentBook _book;

    public IncidentBookTests() => _book = new IncidentBook(destination => destination == "mx:example.org" ? 7 : 2, NullLogger.Instance, _time);

    private static DiagnosisReport Report(string cause) => FakeProbes.Report(cause);

    [Fact]
    public void A_thousand_failures_are_one_incident_that_counts_what_waits()
    {
        for (int i = 0; i < 1000; i++) _book.Note("up", i % 2 == 0 ? "mx:example.org" : "mx:example.net", Report("upstream-down"));
        var incident = Assert.Single(_book.Snapshot(withClosed: true));
        Assert.Equal(("up", "upstream-down", 1000L, 9L), (incident.Upstream, incident.Cause, incident.Failures, incident.Waiting));
        Assert.Equal(["mx:example.net", "mx:example.org"], incident.Destinations);
        Assert.Equal(1, _book.Open);
    }

    [Fact]
    public void Each_upstream_and_cause_has_its_own()
    {
        _book.Note("a", "mx:example.org", Report("upstream-down"));
        _book.Note("b", "mx:example.org", Report("upstream-down"));
        _book.Note("b", "mx:example.org", Report("rate-limited"));
        Assert.Equal(3, _book.Open);
        Assert.Equal([("rate-limited", 1L), ("upstream-down", 2L)], _book.CountByCause().Select(m => ((string)m.Tags[0].Value!, m.Value)).Order());
    }

    [Fact]
    public void A_message_that_is_taken_ends_it_and_says_how_long_it_lasted()
    {
        _book.Note("up", "mx:example.org", Report("upstream-down"));
        _time.Advance(TimeSpan.FromMinutes(90));
        _book.Accepted("other");
        Assert.Equal(1, _book.Open);
        _book.Accepted("up");
        Assert.Equal(0, _book.Open);
        Assert.Empty(_book.Snapshot(withClosed: false));
        var incident = Assert.Single(_book.Snapshot(withClosed: true));
        Assert.Equal((TimeSpan.FromMinutes(90), "mail is accepted again", 0L), (incident.ClosedAt - incident.OpenedAt, incident.Settled, incident.Waiting));
    }

    [Fact]
    public void A_limit_ends_by_quiet_and_not_by_the_first_message_that_passes()
    {
        _book.Note("up", "mx:example.org", Report("rate-limited"));
        _time.Advance(TimeSpan.FromSeconds(1));
        _book.Accepted("up");
        _book.Sweep();
        Assert.Equal(1, _book.Open);
        _time.Advance(TimeSpan.FromMinutes(5));
        _book.Sweep();
        Assert.Equal("mail is accepted again, and none refused for a while", Assert.Single(_book.Snapshot(true)).Settled);
    }

    [Fact]
    public void What_comes_back_within_a_minute_is_the_same_incident()
    {
        _book.Note("up", "mx:example.org", Report("upstream-down"));
        string id = _book.Snapshot(false)[0].Id;
        _time.Advance(TimeSpan.FromMinutes(1));
        _book.Accepted("up");
        _time.Advance(TimeSpan.FromSeconds(59));
        _book.Note("up", "mx:example.org", Report("upstream-down"));
        var again = Assert.Single(_book.Snapshot(true));
        Assert.Equal((id, null, DeliveryRig.Start, 2L), (again.Id, again.ClosedAt, again.OpenedAt, again.Failures));
        _book.Accepted("up");
        _time.Advance(TimeSpan.FromMinutes(1));
        _book.Note("up", "mx:example.org", Report("upstream-down"));
        Assert.Equal(2, _book.Snapshot(true).Count);
    }

    [Fact]
    public void A_closer_look_renames_it_and_counts_for_later_attempts()
    {
        var incident = _book.Note("up", "mx:example.org", Report("upstream-down"))!;
        int before = _book.Case("up")!.Version;
        _time.Advance(TimeSpan.FromSeconds(20));
        _book.Refine(incident, [FakeProbes.Tcp(Postern.Diagnosis.Evidence.TcpOutcome.Refused)], () => Report("upstream-firewall"));
        var seen = Assert.Single(_book.Snapshot(false));
        Assert.Equal(("upstream-firewall", DeliveryRig.Start.AddSeconds(20), DeliveryRig.Start), (seen.Cause, seen.ProbedAt, seen.OpenedAt));
        Assert.NotEqual(before, _book.Case("up")!.Version);
        Assert.Single(_book.Case("up")!.Found(_time.GetUtcNow()));
        Assert.Empty(_book.Case("up")!.Found(_time.GetUtcNow() + TimeSpan.FromHours(1)));
    }

    [Fact]
    public void A_closer_look_that_finds_what_has_an_incident_already_is_what_is_known_of_the_upstream()
    {
        _book.Note("up", "mx:example.org", Report("rate-limited"));
        var incident = _book.Note("up", "mx:example.org", Report("upstream-down"))!;
        _book.Refine(incident, [], () => Report("rate-limited"));
        Assert.Equal("rate-limited", Assert.Single(_book.Snapshot(false)).Cause);
        Assert.Equal("rate-limited", _book.Case("up")!.Latest!.Verdict.Cause);
    }

    [Fact]
    public void A_look_that_finds_all_well_leaves_the_name()
    {
        var incident = _book.Note("up", "mx:example.org", Report("upstream-down"))!;
        _book.Refine(incident, [], () => Report("none"));
        Assert.Equal("upstream-down", Assert.Single(_book.Snapshot(false)).Cause);
    }

    [Fact]
    public void Nothing_waits_and_nothing_was_heard_for_an_hour_ends_it()
    {
        var book = new IncidentBook(_ => 0, NullLogger.Instance, _time);
        book.Note("up", "mx:example.org", Report("mx-misconfigured"));
        _time.Advance(TimeSpan.FromHours(1));
        book.Sweep();
        Assert.Equal("no mail waits for it any more", Assert.Single(book.Snapshot(true)).Settled);
        Assert.Null(book.Case("up"));
    }

    [Fact]
    public void The_book_is_bounded_and_keeps_what_is_open()
    {
        for (int i = 0; i < IncidentBook.MaxCases; i++) Assert.NotNull(_book.Note($"up{i}", "mx:example.org", Report("upstream-down")));
        Assert.Null(_book.Note("one more", "mx:example.org", Report("upstream-down")));
        for (int i = 0; i < IncidentBook.MaxClosed + 50; i++) _book.Accepted($"up{i}");
        Assert.NotNull(_book.Note("one more", "mx:example.org", Report("upstream-down")));
        Assert.Equal(IncidentBook.MaxClosed, _book.Snapshot(true).Count - _book.Open);
    }

    [Fact]
    public void The_last_diagnosis_of_an_upstream_is_to_be_had_by_name()
    {
        _book.Keep("up", Report("recipient-unknown"));
        _book.Keep("other", Report("greylisted"));
        Assert.Equal("recipient-unknown", Assert.Single(_book.Latest("UP")).Diagnosis.Verdict.Cause);
        Assert.Equal(2, _book.Latest(null).Count);
    }

    [Fact]
    public void What_was_done_is_counted_and_the_latest_comes_last()
    {
        _book.Did("up", CauseId.UpstreamDown, "nobody hears this");
        _book.Note("up", "mx:example.org", Report("upstream-down"));
        _book.Did("up", CauseId.UpstreamDown, "kept {n messages}: it is down");
        _book.Did("up", CauseId.UpstreamDown, "probed it");
        _book.Did("up", CauseId.RateLimited, "another trouble's");
        _time.Advance(TimeSpan.FromMinutes(1));
        _book.Did("up", CauseId.UpstreamDown, "kept {n messages}: it is down");
        var actions = Assert.Single(_book.Snapshot(withClosed: false)).Actions;
        Assert.Equal(["probed it", "kept 2 messages: it is down"], actions.Select(a => a.Did));
        Assert.Equal((DeliveryRig.Start, DeliveryRig.Start.AddMinutes(1), 2L), (actions[1].At, actions[1].LastAt, actions[1].Count));
    }

    [Fact]
    public void A_message_that_is_kept_again_and_again_is_one_message()
    {
        _book.Note("up", "mx:example.org", Report("upstream-down"));
        foreach (long id in (long[])[7, 7, 7, 8, 8]) _book.Did("up", CauseId.UpstreamDown, "kept {n messages}: it is down", new MessageId(id));
        Assert.Equal("kept 2 messages: it is down", Assert.Single(_book.Snapshot(withClosed: false)[0].Actions).Did);
    }

    [Fact]
    public void Only_the_last_fifty_kinds_of_actions_are_kept()
    {
        _book.Note("up", "mx:example.org", Report("upstream-down"));
        for (int i = 0; i < 60; i++) _book.Did("up", CauseId.UpstreamDown, $"tried {i}");
        var actions = Assert.Single(_book.Snapshot(withClosed: false)).Actions;
        Assert.Equal((LiveIncident.MaxActions, "tried 10", "tried 59"), (actions.Count, actions[0].Did, actions[^1].Did));
    }
}
