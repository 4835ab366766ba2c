using Microsoft.Extensions.Time.Testing;
using Postern.Core.Telemetry;
using Postern.Core.Trends;
using Postern.Diagnosis.Causes;
using Xunit;

namespace Postern.Tests.Trends;

public sealed class TrendBookTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 12, 0, 30, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(Start);

    [Fact]
    public void Counts_stand_in_the_minute_in_which_they_came()
    {
        var book = new TrendBook(_time);
        book.Count(TrendKind.Accepted, 3);
        _time.Advance(TimeSpan.FromMinutes(2));
        book.Count(TrendKind.Accepted, 1);
        book.Count(TrendKind.Refused, 2);
        book.Waiting(7);

        var minutes = book.Minutes(4);
        Assert.Equal([0, 3, 0, 1], minutes.Select(m => m.Accepted));
        Assert.Equal([0, 0, 0, 2], minutes.Select(m => m.Refused));
        Assert.Equal([null, null, null, 7], minutes.Select(m => m.Waiting));
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 12, 2, 0, TimeSpan.Zero), minutes[^1].At);
        Assert.Equal(4, book.Totals.Accepted);
    }

    [Fact]
    public void A_queue_that_is_empty_is_told_from_one_that_nobody_looked_at()
    {
        var book = new TrendBook(_time);
        book.Waiting(0);
        Assert.Equal([null, 0], book.Minutes(2).Select(m => m.Waiting));
    }

    [Fact]
    public void A_minute_is_forgotten_after_a_day()
    {
        var book = new TrendBook(_time);
        book.Count(TrendKind.Delivered, 5);
        _time.Advance(TimeSpan.FromDays(1) - TimeSpan.FromMinutes(1));
        Assert.Equal(5, book.Minutes(TrendBook.MaxMinutes)[0].Delivered);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, book.Minutes(TrendBook.MaxMinutes).Sum(m => m.Delivered));
        book.Count(TrendKind.Delivered, 1);
        Assert.Equal(1, book.Minutes(1)[0].Delivered);
        Assert.Equal(6, book.Totals.Delivered);
    }

    [Fact]
    public void The_causes_that_lead_in_a_minute_are_kept_with_their_numbers()
    {
        var book = new TrendBook(_time);
        for (int i = 0; i < 5; i++) book.Attempted("provider", AttemptWord.Deferred, CauseId.RateLimited);
        for (int i = 0; i < 8; i++) book.Attempted("provider", AttemptWord.Deferred, CauseId.UpstreamDown);
        book.Attempted("provider", AttemptWord.Refused, CauseId.RecipientUnknown);
        book.Attempted("provider", AttemptWord.Delivered, CauseId.None);

        var minute = book.Upstream("provider", 1)![0];
        Assert.Equal((1, 13, 1), (minute.Delivered, minute.Deferred, minute.Refused));
        Assert.Equal((CauseId.UpstreamDown, 8), (minute.Cause, minute.CauseCount));
        Assert.Equal(CauseId.RateLimited, minute.SecondCause);
        Assert.Equal(15, minute.Attempts);
    }

    [Fact]
    public void A_failure_that_is_not_explained_counts_as_unknown()
    {
        var book = new TrendBook(_time);
        book.Attempted("provider", AttemptWord.Deferred, CauseId.None);
        Assert.Equal(CauseId.Unknown, book.Upstream("provider", 1)![0].Cause);
    }

    [Fact]
    public void What_comes_after_the_last_place_is_counted_together_until_a_place_is_a_day_old()
    {
        var book = new TrendBook(_time);
        for (int i = 0; i < TrendBook.MaxUpstreams + 3; i++) book.Attempted($"mx{i}.example:25", AttemptWord.Delivered, CauseId.None);
        Assert.Equal(3, book.Upstream(TrendBook.Others, 1)![0].Delivered);
        Assert.Null(book.Upstream("mx200.example:25", 1));

        _time.Advance(TimeSpan.FromDays(1));
        Assert.Empty(book.Upstreams);
        book.Attempted("late.example:25", AttemptWord.Delivered, CauseId.None);
        Assert.Equal(["late.example:25"], book.Upstreams);
    }

    [Fact]
    public void The_relays_own_counters_fill_it()
    {
        using var metrics = new PosternMetrics();
        using var other = new PosternMetrics();
        var book = new TrendBook(_time);
        using var listener = new TrendListener(book, metrics);
        metrics.MessagesAccepted.Add(2, new KeyValuePair<string, object?>("source", "smtp"), new("mode", "queue"));
        metrics.MessagesAccepted.Add(1, new KeyValuePair<string, object?>("source", "smtp"), new("mode", "inline"));
        metrics.RecipientsSettled.Add(4, new KeyValuePair<string, object?>("status", "delivered"));
        metrics.RecipientsSettled.Add(1, new KeyValuePair<string, object?>("status", "bounced"));
        metrics.Attempts.Add(1, new("outcome", "deferred"), new("stage", "connect"));
        metrics.Attempts.Add(1, new("outcome", "delivered"), new("stage", "eod"));
        metrics.SubmissionsRefused.Add(1, new KeyValuePair<string, object?>("reason", "relay_denied"));
        other.MessagesAccepted.Add(9, new KeyValuePair<string, object?>("source", "smtp"), new("mode", "queue"));

        var totals = book.Totals;
        Assert.Equal((3, 5, 1, 1, 1), (totals.Accepted, totals.Delivered, totals.Bounced, totals.Deferred, totals.Refused));
    }
}
