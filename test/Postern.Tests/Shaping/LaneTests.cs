using Postern.Core.Shaping;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Shaping;

public sealed class LaneTests
{
    private static readonly DateTimeOffset Start = SimulatedSender.SimulationStart;

    private static LaneSample Refusal(DateTimeOffset at, ClientStage stage, RefusalManner manner, LimitKind hint = LimitKind.None, TimeSpan? wait = null, int inSession = 0) =>
        new(at, stage, manner, hint, wait, 1, inSession, at);

    private static void Accept(Lane lane, DateTimeOffset at, int inSession = 0) => lane.Accepted(new LaneSample(at, ClientStage.EndOfData, default, LimitKind.None, null, 1, inSession, at));

    [Fact]
    public void An_operators_limit_is_never_exceeded_in_any_minute_hour_or_day()
    {
        var lane = new Lane("provider", "", new LaneLimits(20, MessagesPerMinute: 30, MessagesPerHour: 100, IsAdaptive: false));
        var sent = new List<DateTimeOffset>();
        for (var now = Start; now < Start.AddHours(4); now = now.AddMilliseconds(500))
            if (lane.TryMessage(now).IsGranted) sent.Add(now);
        Assert.All(sent, from => Assert.True(sent.Count(t => t >= from && t < from.AddMinutes(1)) <= 30));
        Assert.All(sent, from => Assert.True(sent.Count(t => t >= from && t < from.AddHours(1)) <= 100));
        Assert.True(sent.Count >= 390, $"{sent.Count}");
    }

    [Fact]
    public void Later_askers_of_a_limited_lane_are_given_later_times()
    {
        var lane = new Lane("provider", "", new LaneLimits(20, MessagesPerMinute: 60, IsAdaptive: false));
        while (lane.TryMessage(Start).IsGranted) { }
        var times = Enumerable.Range(0, 5).Select(_ => lane.TryMessage(Start).Until).ToList();
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.Equal(TimeSpan.FromSeconds(1), pair.Second - pair.First));
    }

    [Fact]
    public void A_wait_that_the_reply_asks_for_is_obeyed_but_not_beyond_a_day()
    {
        var lane = new Lane("mx.example.net", "", new LaneLimits(20));
        lane.Refused(Refusal(Start, ClientStage.Greeting, RefusalManner.Reply, LimitKind.Concurrency, TimeSpan.FromMinutes(5)));
        Assert.Equal(Start.AddMinutes(5), lane.TryOpen(Start.AddMinutes(4)).Until);
        Assert.True(lane.TryOpen(Start.AddMinutes(5)).IsGranted);
        lane.Refused(Refusal(Start.AddMinutes(6), ClientStage.Greeting, RefusalManner.Reply, LimitKind.Concurrency, TimeSpan.FromDays(30)));
        Assert.Equal(Start.AddMinutes(6).AddDays(1), lane.TryMessage(Start.AddHours(1)).Until);
    }

    [Fact]
    public void Greylisting_and_unknown_recipients_teach_nothing_and_hold_nothing()
    {
        var lane = new Lane("mx.example.net", "", new LaneLimits(20));
        for (int i = 0; i < 200; i++)
        {
            var now = Start.AddSeconds(i);
            Assert.True(lane.TryMessage(now).IsGranted);
            if (i % 3 == 0) Accept(lane, now, i);
            else Assert.Null(lane.Refused(Refusal(now, ClientStage.Rcpt, RefusalManner.Reply, LimitKind.None, TimeSpan.FromMinutes(5), i)));
        }
        Assert.Empty(lane.Snapshot().Lessons);
    }

    [Fact]
    public void An_outage_is_no_limit()
    {
        var lane = new Lane("mx.example.net", "", new LaneLimits(20));
        Assert.True(lane.TryOpen(Start).IsGranted);
        lane.Opened();
        for (int i = 0; i < 30; i++)
        {
            Assert.True(lane.TryMessage(Start.AddSeconds(i)).IsGranted);
            Accept(lane, Start.AddSeconds(i), i);
        }
        var down = Start.AddSeconds(60);
        lane.Closed();
        for (int i = 0; i < 5; i++)
        {
            Assert.True(lane.TryOpen(down.AddSeconds(i)).IsGranted);
            Assert.Null(lane.Refused(Refusal(down.AddSeconds(i), ClientStage.Connect, RefusalManner.Reset)));
            lane.NotOpened();
        }
        lane.Reset();
        Assert.Empty(lane.Snapshot().Lessons);
        Assert.Equal(2, lane.MaxSessions);
    }

    [Fact]
    public void Sessions_that_were_never_let_in_leave_no_trace_in_the_ramp()
    {
        var lane = Served(2);
        for (int i = 0; i < 10; i++)
        {
            Assert.True(lane.TryOpen(Start).IsGranted);
            lane.NotOpened();
        }
        Assert.Equal(2, lane.Snapshot().SessionsOpen);
        // Two served and as many more: the ramp still knows that both are served.
        for (int i = 0; i < 20; i++) Accept(lane, Start.AddSeconds(i), i + 1);
        int more = 0;
        while (lane.TryOpen(Start.AddSeconds(20)).IsGranted)
        {
            lane.Opened();
            Accept(lane, Start.AddSeconds(20));
            more++;
        }
        Assert.Equal(18, more);
    }

    [Fact]
    public void Sessions_that_wait_for_a_host_that_never_answered_do_not_hold_back_those_of_the_others()
    {
        var lane = Served(2);
        for (int i = 0; i < 20; i++) Accept(lane, Start.AddSeconds(i), i + 1);
        for (int i = 0; i < 4; i++) Assert.True(lane.TryOpen(Start.AddSeconds(20), isStranger: true).IsGranted);
        int more = 0;
        while (lane.TryOpen(Start.AddSeconds(20)).IsGranted)
        {
            lane.Opened();
            Accept(lane, Start.AddSeconds(20));
            more++;
        }
        // All that the lane may have: what waits counts there.
        Assert.Equal(14, more);
        for (int i = 0; i < 4; i++) lane.NotOpened(isStranger: true);
        Assert.Equal(4, lane.Free);
    }

    [Fact]
    public void A_rate_that_is_enforced_by_silence_is_what_was_answered_before_it_to_the_message()
    {
        var lane = Served(2);
        for (int i = 1; i < 40; i++)
        {
            Assert.True(lane.TryMessage(Start.AddSeconds(i)).IsGranted);
            lane.Asked(Start.AddSeconds(i), isNew: false);
            lane.Heard(TimeSpan.FromMilliseconds(10), Start.AddSeconds(i));
            Accept(lane, Start.AddSeconds(i), i);
        }
        // The fortieth second's and what follows it is not answered: one on a session that has worked, two on new ones.
        for (int i = 0; i < 3; i++)
        {
            Assert.True(lane.TryMessage(Start.AddSeconds(40 + 0.8 * i)).IsGranted);
            lane.Asked(Start.AddSeconds(40 + 0.8 * i), isNew: i > 0);
        }
        Assert.False(lane.TryMessage(Start.AddSeconds(42.4)).IsGranted);
        lane.NotHeard();
        var lesson = lane.Refused(new LaneSample(Start.AddSeconds(50), ClientStage.Mail, RefusalManner.Silent, LimitKind.None, null, 3, 39, Start.AddSeconds(40)));
        Assert.Equal((LimitKind.MessageRate, 39, TimeSpan.FromMinutes(1)), (lesson!.Kind, lesson.Limit, lesson.Window));
    }

    private static Lane Served(int sessions)
    {
        var lane = new Lane("mx.example.net", "", new LaneLimits(20));
        for (int i = 0; i < sessions; i++)
        {
            Assert.True(lane.TryOpen(Start).IsGranted);
            lane.Opened();
            Accept(lane, Start);
        }
        return lane;
    }

    [Fact]
    public void A_rested_lane_grants_nothing_until_it_is_cleared()
    {
        var lane = new Lane("mx.example.net", "a", new LaneLimits(20));
        lane.Rest(Start.AddHours(1), "192.0.2.1 is listed");
        Assert.Equal(new LaneAnswer(false, Start.AddHours(1), "192.0.2.1 is listed"), lane.TryOpen(Start));
        Assert.Equal("192.0.2.1 is listed", lane.Snapshot().RestReason);
        lane.Clear();
        Assert.True(lane.TryOpen(Start).IsGranted);
    }

    [Fact]
    public void A_lesson_says_what_was_refused_what_was_taken_and_what_follows()
    {
        var lane = new Lane("mx.example.net", "", new LaneLimits(20));
        for (int i = 0; i < 5; i++)
        {
            Assert.True(lane.TryOpen(Start).IsGranted);
            lane.Opened();
            lane.TryMessage(Start);
            Accept(lane, Start);
        }
        Assert.True(lane.TryOpen(Start).IsGranted);
        var lesson = lane.Refused(new LaneSample(Start, ClientStage.Greeting, RefusalManner.Reply, LimitKind.Concurrency, null, 6, 0, Start, null, "421 4.7.0 Error: too many connections"));
        Assert.Equal("6 sessions at once were refused with \"421 4.7.0 Error: too many connections\" while 5 were served: at most 5 at once from now; tried again with 6 in 10 minutes", lesson!.Words);
    }

    [Fact]
    public void A_published_start_grows_as_mail_is_taken()
    {
        var lane = new Lane("amazon", "", new LaneLimits(20) { Start = new LaneStart(60) });
        int lastMinute = 0;
        for (var now = Start; now < Start.AddMinutes(12); now = now.AddMilliseconds(20))
        {
            if (!lane.TryMessage(now).IsGranted) continue;
            Accept(lane, now, 1);
            if (now < Start.AddMinutes(1)) Assert.True(++lastMinute <= 70);
            else if (now >= Start.AddMinutes(11)) lastMinute++;
        }
        Assert.True(lastMinute > 600, $"{lastMinute}");
    }

    [Fact]
    public void Asking_and_telling_allocates_nothing()
    {
        var lane = new Lane("mx.example.net", "", new LaneLimits(20, MessagesPerHour: 10_000_000));
        Cycle(10_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Cycle(10_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Cycle(int count)
        {
            for (int i = 0; i < count; i++)
            {
                lane.TryMessage(Start.AddMilliseconds(i));
                Accept(lane, Start.AddMilliseconds(i), i);
            }
        }
    }

    [Fact]
    public void A_span_is_counted_whole_and_no_more_than_a_sixtieth_beyond()
    {
        var window = new SlidingWindow();
        var random = new Random(3);
        var added = new Queue<long>();
        long now = Start.UtcTicks;
        for (int i = 0; i < 5000; i++)
        {
            now += random.NextInt64(TimeSpan.TicksPerSecond);
            window.Add(now);
            added.Enqueue(now);
            int exact = added.Count(t => now - t < TimeSpan.TicksPerMinute), wide = added.Count(t => now - t <= TimeSpan.TicksPerMinute + 2 * TimeSpan.TicksPerSecond);
            Assert.InRange(window.Count(RateSpan.Minute, now), exact, wide);
            while (added.Count > 300) added.Dequeue();
        }
    }
}
