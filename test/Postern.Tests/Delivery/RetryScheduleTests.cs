using Postern.Core.Delivery;

namespace Postern.Tests.Delivery;

public sealed class RetryScheduleTests
{
    [Theory]
    [InlineData(0, 0.0, 60)]
    [InlineData(0, 1.0, 72)]
    [InlineData(1, 0.5, 330)]
    [InlineData(9, 0.0, 300)]
    public void Waits_follow_the_schedule_with_jitter(int attempts, double random, int seconds)
    {
        var now = DateTimeOffset.UnixEpoch;
        var schedule = new RetrySchedule([TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)], 20);
        Assert.Equal(now.AddSeconds(seconds), schedule.Next(now, attempts, random, now.AddDays(1)));
    }

    [Fact]
    public void The_last_attempt_is_made_when_the_message_expires()
    {
        var now = DateTimeOffset.UnixEpoch;
        Assert.Equal(now.AddSeconds(30), new RetrySchedule([TimeSpan.FromMinutes(1)], 0).Next(now, 0, 0, now.AddSeconds(30)));
    }
}
