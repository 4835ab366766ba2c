using Postern.Core.Scheduling;

namespace Postern.Tests.Scheduling;

public sealed class SessionSharingTests
{
    [Fact]
    public void A_flood_to_one_destination_does_not_delay_the_others()
    {
        double without = MedianWait(flood: 0), with = MedianWait(flood: 100_000);
        Assert.InRange(with / without, 0, 1.5);
    }

    private static double MedianWait(int flood)
    {
        using var rig = new SchedulerRig();
        var sessions = new Sessions(rig, rig.New(total: 10));
        rig.FileMany("mx:flood.test", flood);
        sessions.Run(TimeSpan.FromSeconds(5));
        var from = rig.Time.GetUtcNow();
        for (int i = 0; i < 50; i++) rig.FileMany($"mx:d{i}.test", 20);
        sessions.Run(TimeSpan.FromMinutes(1));
        var waits = sessions.Served.Where(s => s.Queue.Name != "mx:flood.test").Select(s => (s.At - from).TotalSeconds).Order().ToList();
        Assert.Equal(1000, waits.Count);
        return waits[500];
    }

    [Fact]
    public void One_message_to_another_destination_waits_for_no_more_than_one_of_the_flood()
    {
        using var rig = new SchedulerRig();
        var sessions = new Sessions(rig, rig.New(total: 10));
        rig.FileMany("mx:flood.test", 1000);
        sessions.Run(TimeSpan.FromSeconds(5));
        var from = rig.Time.GetUtcNow();
        rig.File("mx:other.test");
        sessions.Run(TimeSpan.FromSeconds(5));
        var served = Assert.Single(sessions.Served, s => s.Queue.Name == "mx:other.test");
        Assert.InRange(served.At - from, TimeSpan.Zero, 2 * Sessions.Service);
    }

    [Fact]
    public void Destinations_share_the_sessions_as_they_may_have_them()
    {
        using var rig = new SchedulerRig();
        var sessions = new Sessions(rig, rig.New(total: 12));
        rig.FileMany("pool:a,b", 5000);
        rig.FileMany("mx:c.test", 5000);
        sessions.Run(TimeSpan.FromSeconds(60));
        var shares = sessions.Served.CountBy(s => s.Queue.Name).ToDictionary();
        Assert.InRange((double)shares["pool:a,b"] / shares["mx:c.test"], 1.6, 2.4);
    }

    [Fact]
    public void Black_holes_hold_no_sessions_that_others_need()
    {
        int without = GoodServed(holes: 0, out _), with = GoodServed(holes: 300, out int held);
        Assert.InRange((double)with / without, 0.98, 1);
        Assert.InRange(held, 1, 50);
    }

    /// <summary>Messages of 20 good destinations in a minute, beside black holes.</summary>
    private static int GoodServed(int holes, out int held)
    {
        using var rig = new SchedulerRig();
        var sessions = new Sessions(rig, rig.New(perDestination: 2, total: 100));
        for (int i = 0; i < 20; i++) rig.FileMany($"mx:good{i}.test", 2000);
        sessions.Run(TimeSpan.FromSeconds(1));
        for (int i = 0; i < holes; i++) rig.FileMany($"mx:hole{i}.test", 50);
        sessions.Run(TimeSpan.FromMinutes(1));
        held = sessions.MostInBlackHoles;
        return sessions.Served.Count;
    }

    [Fact]
    public void Destinations_that_fail_leave_room_for_new_ones()
    {
        using var rig = new SchedulerRig();
        var sessions = new Sessions(rig, rig.New(total: 20));
        for (int i = 0; i < 100; i++) rig.FileMany($"mx:hole{i}.test", 50);
        // All have failed at least once by then: five at a time or more, 30 seconds each.
        sessions.Run(TimeSpan.FromMinutes(12));
        var from = rig.Time.GetUtcNow();
        rig.FileMany("mx:new.test", 100);
        sessions.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(100, sessions.Served.Count);
        Assert.InRange(sessions.Served[0].At - from, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_destination_has_two_loops_until_it_is_served_and_is_remembered_then()
    {
        using var rig = new SchedulerRig();
        var scheduler = rig.New();
        rig.FileMany("mx:a.test", 100);
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, rig.Started.Count);
        var queue = rig.Started[0];
        scheduler.Proven(queue);
        rig.Take(queue);
        while (queue.Workers > 0) scheduler.EndWorker(queue);
        Assert.Empty(scheduler.Snapshot(1));
        rig.Started.Clear();
        rig.FileMany("mx:a.test", 100);
        Assert.Equal(20, rig.Started.Count);
        scheduler.Gate(rig.Started[0], rig.Time.GetUtcNow() + TimeSpan.FromSeconds(1));
        Assert.Equal(Standing.Failing, rig.Started[0].Standing);
    }
}
