using CsCheck;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.History;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Diagnosis.History;

public sealed class UpstreamRecordTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly UpstreamRecord _record = new("provider");

    private void Add(double seconds, AttemptOutcome outcome = AttemptOutcome.Served, int concurrency = 1, int before = 0) => _record.Add(new AttemptSample(Start.AddSeconds(seconds), outcome, concurrency, before));

    private HistoryFact Read(double seconds, double windowMinutes = 10) => _record.Read(Start.AddSeconds(seconds), TimeSpan.FromMinutes(windowMinutes))!;

    [Fact]
    public void Nothing_tried_is_no_fact() => Assert.Null(_record.Read(Start, TimeSpan.FromHours(1)));

    [Fact]
    public void Successes_and_refusals_are_counted_within_the_window()
    {
        Add(0);
        Add(100);
        Add(700, AttemptOutcome.PutOff);
        var ten = Read(701);
        Assert.Equal((1, 0), (ten.Attempts, ten.Successes));
        var hour = Read(701, 60);
        Assert.Equal((3, 2), (hour.Attempts, hour.Successes));
        Assert.Equal(Start.AddSeconds(100), hour.LastSuccessAt);
        Assert.Equal(Start.AddSeconds(700), hour.FirstFailureAt);
    }

    [Fact]
    public void A_row_of_failures_begins_with_its_first_and_ends_with_a_success()
    {
        for (int i = 0; i < 12; i++) Add(i * 2);
        Add(30, AttemptOutcome.PutOff);
        Add(31, AttemptOutcome.PutOff);
        var failing = Read(32);
        Assert.Equal(Start.AddSeconds(30), failing.FirstFailureAt);
        Assert.Equal(12, failing.SuccessesBeforeFailure);
        Add(40);
        Assert.Null(Read(41).FirstFailureAt);
        Assert.Equal(0, Read(41).SuccessesBeforeFailure);
    }

    [Fact]
    public void The_most_at_once_that_was_accepted_and_the_fewest_that_were_not_are_kept()
    {
        for (int c = 1; c <= 5; c++) Add(c, concurrency: c);
        Add(6, AttemptOutcome.PutOff, concurrency: 8);
        Add(7, AttemptOutcome.PutOff, concurrency: 6);
        Assert.Equal((5, 6), (Read(8).ConcurrencyAccepted, Read(8).ConcurrencyRefused));
    }

    [Fact]
    public void A_number_of_messages_in_a_session_that_repeats_is_a_limit()
    {
        for (int session = 0; session < 2; session++)
        {
            for (int m = 0; m < 5; m++) Add((session * 10) + m, before: m);
            Add((session * 10) + 5, AttemptOutcome.PutOff, before: 5);
        }
        Assert.Equal(5, Read(16).MessagesPerSessionAtRefusal);
        Add(30, before: 7);
        Assert.Equal(0, Read(31).MessagesPerSessionAtRefusal);
    }

    [Fact]
    public void A_single_refusal_after_some_messages_is_no_limit()
    {
        for (int m = 0; m < 5; m++) Add(m, before: m);
        Add(5, AttemptOutcome.PutOff, before: 5);
        Assert.Equal(0, Read(6).MessagesPerSessionAtRefusal);
    }

    [Fact]
    public void A_meter_that_lets_as_many_in_every_time_alternates()
    {
        for (int round = 0; round < 3; round++)
        {
            for (int m = 0; m < 10; m++) Add((round * 60) + (m * 0.5));
            Add((round * 60) + 6, AttemptOutcome.Unconnected);
            Add((round * 60) + 20, AttemptOutcome.Unconnected);
        }
        Assert.True(Read(150).Alternates);
    }

    [Fact]
    public void Loss_at_random_does_not_alternate()
    {
        foreach (var (at, ok) in new[] { (0, true), (2, false), (4, true), (5, true), (6, false), (7, true), (8, true), (9, true), (10, true), (11, true), (12, true), (13, true), (14, true), (15, false) })
            Add(at, ok ? AttemptOutcome.Served : AttemptOutcome.Unconnected);
        Assert.False(Read(16).Alternates);
    }

    [Fact]
    public void Successes_between_refusals_are_counted_as_recoveries()
    {
        for (int i = 0; i < 4; i++) Add(i);
        foreach (int at in new[] { 15, 30, 45 })
        {
            Add(at - 5, AttemptOutcome.Unconnected);
            Add(at);
        }
        Add(50, AttemptOutcome.Unconnected);
        Assert.Equal(3, Read(51).Recoveries);
        Assert.False(Read(51).Alternates);
    }

    [Fact]
    public void An_outage_that_ended_does_not_alternate()
    {
        for (int i = 0; i < 20; i++) Add(i);
        for (int i = 20; i < 40; i++) Add(i, AttemptOutcome.Unconnected);
        for (int i = 40; i < 60; i++) Add(i);
        Assert.False(Read(61).Alternates);
    }

    [Fact]
    public void The_record_stays_below_8_KiB_whatever_happens()
    {
        var day = new UpstreamRecord("busy");
        for (int second = 0; second < 2 * 86400; second += 7)
            for (int i = 0; i < 3; i++) day.Add(new AttemptSample(Start.AddSeconds(second), (AttemptOutcome)(second % 4), 200, i));
        for (int second = 0; second < 1300; second++) day.Add(new AttemptSample(Start.AddDays(2).AddSeconds(second), AttemptOutcome.Served, 900, 400));
        Assert.InRange(day.BytesHeld, 4096, 8191);
        Assert.InRange(new UpstreamRecord("idle").BytesHeld, 0, 700);
    }

    [Fact]
    public void Large_counts_are_kept_within_a_few_percent()
    {
        for (int second = 0; second < 30; second++)
            for (int i = 0; i < 3000; i++) Add(second);
        int attempts = Read(31).Attempts;
        Assert.InRange(attempts, 87_000, 93_000);
    }

    [Fact]
    public void A_count_in_a_byte_is_near_and_never_falls() => Gen.Int[0, 400_000].Sample(count =>
    {
        int back = SmallCount.Unpack(SmallCount.Pack(count));
        Assert.True(Math.Abs(back - count) <= count * 0.035, $"{count} -> {back}");
        Assert.True(SmallCount.Pack(count) <= SmallCount.Pack(count + 1));
    });

    [Fact]
    public void What_the_ring_comes_round_to_is_forgotten() => Gen.Select(Gen.Int[1, 4000], Gen.Int[1, 4000]).List[1, 12].Sample(steps =>
    {
        var pages = new RecordPages(600, 60);
        var written = new Dictionary<long, int>();
        long number = 0;
        foreach (var (step, served) in steps)
        {
            number += step;
            pages.Write(number, new RecordBucket(Math.Min(served, 31), 0, 1, 0));
            written[number] = Math.Min(served, 31);
        }
        for (long n = Math.Max(0, number - 1500); n <= number + 600; n++)
            Assert.Equal(n > number - 600 ? written.GetValueOrDefault(n) : 0, pages.Read(n).Served);
    });

    [Fact]
    public void What_an_attempt_says_of_the_upstream()
    {
        static AttemptOutcome Of(ClientStage stage, FailureKind kind, int code = 0) => AttemptSample.Of(new AttemptEvidence
        {
            At = Start,
            Destination = "pool:a",
            Upstream = "a",
            Target = "a:25",
            Failure = new StageFailure(stage, Speaker.Peer, kind, "", code == 0 ? null : new SmtpReply(code, null, "x")),
        }).Outcome;
        Assert.Equal(AttemptOutcome.Unconnected, Of(ClientStage.Connect, FailureKind.TimedOut));
        Assert.Equal(AttemptOutcome.PutOff, Of(ClientStage.Greeting, FailureKind.Refused, 421));
        Assert.Equal(AttemptOutcome.PutOff, Of(ClientStage.Mail, FailureKind.ConnectionClosed));
        Assert.Equal(AttemptOutcome.TurnedAway, Of(ClientStage.Greeting, FailureKind.Refused, 554));
        Assert.Equal(AttemptOutcome.Served, Of(ClientStage.Rcpt, FailureKind.Refused, 550));
        Assert.Equal(AttemptOutcome.Served, Of(ClientStage.Rcpt, FailureKind.Cancelled));
    }
}
