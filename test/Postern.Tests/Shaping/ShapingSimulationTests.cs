using Postern.Core.Shaping;

namespace Postern.Tests.Shaping;

/// <summary>Ten simulated minutes against an upstream with a limit. The allowed is what its limit admits; the first minute is for learning.</summary>
public sealed class ShapingSimulationTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), Run = TimeSpan.FromMinutes(10);
    private static readonly LaneLimits Free = new(20);

    public static TheoryData<object> Manners => [RefusalManner.Reply, RefusalManner.Closed, RefusalManner.Silent];

    public static MatrixTheoryData<object, object> CountsAndManners => new([CountedBy.FixedWindow, CountedBy.SlidingWindow, CountedBy.TokenBucket], [RefusalManner.Reply, RefusalManner.Closed, RefusalManner.Silent]);

    [Theory, MemberData(nameof(CountsAndManners))]
    public void Sixty_messages_a_minute_are_found_and_kept(object by, object manner)
    {
        var upstream = new SimulatedUpstream { Manner = (RefusalManner)manner, Messages = new((CountedBy)by, 60, Minute) };
        var (lane, sender) = Start(upstream);
        sender.Run(Run);
        Report($"60/min {by} {manner}", lane, sender, 540);
        Good(sender, 540);
        Near(60, Value(lane, LimitKind.MessageRate), 0.1);
    }

    public static MatrixTheoryData<object, int> MannersAndLags => new([RefusalManner.Reply, RefusalManner.Closed, RefusalManner.Silent], [300, 900, 1700, 2600, 4200]);

    [Theory, MemberData(nameof(MannersAndLags))]
    public void A_first_burst_that_arrives_later_than_it_was_granted_is_not_followed_too_early(object manner, int lagMilliseconds)
    {
        var upstream = new SimulatedUpstream { Manner = (RefusalManner)manner, Messages = new(CountedBy.SlidingWindow, 60, Minute) };
        var lane = new Lane("mx.example.net", "", Free);
        var sender = new SimulatedSender(lane, upstream) { SlowStart = TimeSpan.FromMilliseconds(lagMilliseconds) };
        sender.Run(Run);
        Report($"60/min, {lagMilliseconds} ms late, {manner}", lane, sender, 540);
        Good(sender, 540);
        Assert.Equal(60, Value(lane, LimitKind.MessageRate));
    }

    [Theory, MemberData(nameof(CountsAndManners))]
    public void Thirty_connections_a_minute_are_found_and_kept(object by, object manner)
    {
        var upstream = new SimulatedUpstream { Manner = (RefusalManner)manner, Connections = new((CountedBy)by, 30, Minute) };
        var (lane, sender) = Start(upstream, perSession: 10);
        sender.Run(Run);
        Report($"30 conn/min {by} {manner}", lane, sender, 2700);
        Good(sender, 2700);
        Near(30, Value(lane, LimitKind.ConnectionRate), 0.1);
    }

    [Theory, MemberData(nameof(Manners))]
    public void Five_sessions_at_once_are_found_and_kept(object manner)
    {
        var (_, ideal) = Start(new SimulatedUpstream(), new LaneLimits(5, IsAdaptive: false));
        ideal.Run(Run);
        var (lane, sender) = Start(new SimulatedUpstream { Manner = (RefusalManner)manner, Concurrent = 5 });
        sender.Run(Run);
        Report($"5 sessions {manner}", lane, sender, ideal.TakenAfter(Minute));
        Good(sender, ideal.TakenAfter(Minute));
        Assert.Equal(5, Value(lane, LimitKind.Concurrency));
    }

    [Theory, MemberData(nameof(Manners))]
    public void Twenty_messages_on_a_session_are_found_and_kept(object manner)
    {
        var (_, ideal) = Start(new SimulatedUpstream(), new LaneLimits(20, MessagesPerSession: 20, IsAdaptive: false));
        ideal.Run(Run);
        var (lane, sender) = Start(new SimulatedUpstream { Manner = (RefusalManner)manner, PerSession = 20 });
        sender.Run(Run);
        Report($"20 per session {manner}", lane, sender, ideal.TakenAfter(Minute));
        Good(sender, ideal.TakenAfter(Minute));
        Assert.Equal(20, Value(lane, LimitKind.SessionLength));
    }

    [Theory, MemberData(nameof(CountsAndManners))]
    public void A_hundred_messages_an_hour_are_found_and_kept(object by, object manner)
    {
        var upstream = new SimulatedUpstream { Manner = (RefusalManner)manner, Messages = new((CountedBy)by, 100, TimeSpan.FromHours(1)) };
        var (lane, sender) = Start(upstream);
        sender.Run(TimeSpan.FromHours(10));
        var hour = TimeSpan.FromHours(1);
        Report($"100/h {by} {manner}", lane, sender, 900, hour);
        Assert.True(sender.TakenAfter(hour) >= 0.95 * 900, $"taken {sender.TakenAfter(hour)}");
    }

    [Theory, MemberData(nameof(Manners))]
    public void Two_limits_at_once_are_both_found(object manner)
    {
        var (lane, sender) = Start(new SimulatedUpstream { Manner = (RefusalManner)manner, Concurrent = 5, Messages = new(CountedBy.FixedWindow, 60, Minute) });
        sender.Run(Run);
        Report($"5 sessions and 60/min {manner}", lane, sender, 540);
        Good(sender, 540);
        Assert.Equal(5, Value(lane, LimitKind.Concurrency));
        Near(60, Value(lane, LimitKind.MessageRate), 0.1);
    }

    [Fact]
    public void Without_a_limit_nothing_is_lost_and_all_sessions_are_open_within_fifty_messages()
    {
        var (_, ideal) = Start(new SimulatedUpstream(), new LaneLimits(20, IsAdaptive: false));
        ideal.Run(Run);
        var (lane, sender) = Start(new SimulatedUpstream());
        sender.Run(Run);
        Report("no limit", lane, sender, ideal.TakenAfter(Minute));
        Assert.True(sender.Taken.Count >= 0.99 * ideal.Taken.Count, $"{sender.Taken.Count} of {ideal.Taken.Count}");
        Assert.InRange(sender.TakenWhenFull, 1, 50);
        Assert.Empty(lane.Snapshot().Lessons);
    }

    [Theory, MemberData(nameof(CountsAndManners))]
    public void A_limit_that_is_raised_later_is_found_within_fifteen_minutes(object by, object manner)
    {
        var rate = new EnforcedRate((CountedBy)by, 60, Minute);
        var (lane, sender) = Start(new SimulatedUpstream { Manner = (RefusalManner)manner, Messages = rate });
        sender.Run(Run);
        rate.Limit = 120;
        sender.Run(Run * 2.5);
        Report($"60 raised to 120 {by} {manner}", lane, sender, 1200, Run * 2.5);
        // Each try against silence costs time-outs, so it goes there in smaller steps: half of the way in that time.
        double least = (RefusalManner)manner == RefusalManner.Silent ? 0.7 : 0.9;
        Assert.True(sender.TakenAfter(Run * 2.5) >= least * 1200, $"{sender.TakenAfter(Run * 2.5)}");
    }

    [Theory, MemberData(nameof(CountsAndManners))]
    public void A_limit_that_is_lowered_later_is_found_within_five_minutes(object by, object manner)
    {
        var rate = new EnforcedRate((CountedBy)by, 60, Minute);
        var (lane, sender) = Start(new SimulatedUpstream { Manner = (RefusalManner)manner, Messages = rate });
        sender.Run(Run);
        rate.Limit = 30;
        sender.Run(Run * 1.5);
        Report($"60 lowered to 30 {by} {manner}", lane, sender, 300, Run * 1.5);
        Assert.True(sender.TakenAfter(Run * 1.5) >= 0.9 * 300, $"{sender.TakenAfter(Run * 1.5)}");
    }

    [Theory, MemberData(nameof(Manners))]
    public void More_and_fewer_sessions_later_are_found(object manner)
    {
        var upstream = new SimulatedUpstream { Manner = (RefusalManner)manner, Concurrent = 5 };
        var (lane, sender) = Start(upstream, perSession: 50);
        sender.Run(Run);
        upstream.Concurrent = 10;
        sender.Run(Run * 1.5);
        Assert.Equal(10, Value(lane, LimitKind.Concurrency));
        upstream.Concurrent = 5;
        sender.Run(Run);
        Assert.InRange(Value(lane, LimitKind.Concurrency), 4, 6);
    }

    [Fact]
    public void Messages_that_fail_for_other_reasons_teach_nothing_and_slow_nothing()
    {
        var (_, ideal) = Start(new SimulatedUpstream { Fails = n => n % 3 == 0 }, new LaneLimits(20, IsAdaptive: false));
        ideal.Run(Run);
        var (lane, sender) = Start(new SimulatedUpstream { Fails = n => n % 3 == 0 });
        sender.Run(Run);
        Assert.True(sender.Taken.Count >= 0.99 * ideal.Taken.Count);
        Assert.Empty(lane.Snapshot().Lessons);
    }

    private static (Lane, SimulatedSender) Start(SimulatedUpstream upstream, LaneLimits? limits = null, int perSession = 500)
    {
        var lane = new Lane("mx.example.net", "", limits ?? Free);
        return (lane, new SimulatedSender(lane, upstream) { MaxMessagesPerSession = perSession });
    }

    private static int Value(Lane lane, LimitKind kind) => lane.Keep().SingleOrDefault(k => k.Kind == kind)?.Value ?? 0;

    private static void Near(int truth, int learned, double part) => Assert.InRange(learned, truth * (1 - part), truth * (1 + part));

    /// <summary>What is under way when a limit is met for the first time cannot be called back: at most one message or session of each worker.</summary>
    private static void Good(SimulatedSender sender, int allowed)
    {
        Assert.True(sender.TakenAfter(Minute) >= 0.95 * allowed, $"{sender.TakenAfter(Minute)} of {allowed}");
        int late = sender.RefusedAfter(Minute);
        Assert.True(late <= 0.02 * (sender.TakenAfter(Minute) + late), $"{late} refused after the first minute");
        Assert.True(sender.Refusals.Count <= 20 + 0.02 * sender.Taken.Count, $"{sender.Refusals.Count} refused");
    }

    private void Report(string what, Lane lane, SimulatedSender sender, int allowed, TimeSpan? from = null)
    {
        var start = from ?? Minute;
        int taken = sender.TakenAfter(start), late = sender.RefusedAfter(start), all = sender.Refusals.Count;
        string line = $"{what,-34} goodput {100.0 * taken / allowed,6:f1} %  refused {all,3} ({100.0 * all / (all + sender.Taken.Count):f2} %), after learning {late,3} ({100.0 * late / Math.Max(1, late + taken):f2} %)  learned {string.Join(", ", lane.Keep().Select(k => $"{k.Kind} {k.Value}{(k.Window is { } w ? $"/{w.TotalMinutes}min" : "")}"))}";
        output.WriteLine(line);
        foreach (var lesson in sender.Lessons.Take(12)) output.WriteLine($"   {(lesson.At - SimulatedSender.SimulationStart).TotalSeconds,8:f1} {lesson.Words}");
        if (Environment.GetEnvironmentVariable("SHAPING_TABLE") is { } file) File.AppendAllText(file, line + "\n");
    }
}
