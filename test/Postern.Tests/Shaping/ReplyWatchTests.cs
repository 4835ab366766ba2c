using Postern.Core.Shaping;

namespace Postern.Tests.Shaping;

public sealed class ReplyWatchTests
{
    private static readonly long Second = TimeSpan.TicksPerSecond, Start = new DateTime(2026, 1, 1).Ticks;

    [Fact]
    public void Nothing_is_presumed_of_a_far_side_that_never_answered()
    {
        var watch = new ReplyWatch();
        for (int i = 0; i < 5; i++) watch.Asked(Start);
        Assert.False(watch.IsSilent(Start + 60 * Second));
        Assert.Null(watch.Patience(Start + 60 * Second));
    }

    [Fact]
    public void Two_that_wait_without_anybody_being_answered_are_silence_and_one_is_not()
    {
        var watch = Answering(Second / 100);
        watch.Asked(Start);
        Assert.False(watch.IsSilent(Start + 8 * Second));
        watch.Asked(Start + 8 * Second);
        Assert.True(watch.IsSilent(Start + 8 * Second));
    }

    [Fact]
    public void While_others_are_answered_there_is_no_silence()
    {
        var watch = Answering(Second / 100);
        watch.Asked(Start);
        watch.Asked(Start);
        for (int i = 1; i <= 20; i++)
        {
            watch.Asked(Start + i * Second);
            Assert.False(watch.IsSilent(Start + i * Second));
            watch.Heard(Second / 100, Start + i * Second);
        }
        // Those two still wait; it is what is asked after the last reply that counts.
        Assert.False(watch.IsSilent(Start + 60 * Second));
        watch.Asked(Start + 60 * Second);
        watch.Asked(Start + 61 * Second);
        Assert.False(watch.IsSilent(Start + 61 * Second));
        Assert.True(watch.IsSilent(Start + 63 * Second));
        Assert.Null(watch.Silence);
    }

    [Fact]
    public void A_far_side_that_is_slow_anyway_is_waited_for_longer()
    {
        var watch = Answering(4 * Second);
        watch.Asked(Start);
        watch.Asked(Start);
        Assert.False(watch.IsSilent(Start + 19 * Second));
        Assert.True(watch.IsSilent(Start + 21 * Second));
        Assert.Equal(TimeSpan.FromSeconds(80), watch.Patience(Start));
    }

    [Fact]
    public void One_message_goes_out_now_and_then_and_its_answer_ends_the_silence()
    {
        var watch = Answering(Second / 100);
        watch.Asked(Start);
        watch.Asked(Start);
        Assert.Equal(5, Enumerable.Range(3, 50).Count(s => !watch.IsSilent(Start + s * Second)));
        watch.Asked(Start + 54 * Second);
        watch.Heard(Second / 100, Start + 54 * Second);
        Assert.False(watch.IsSilent(Start + 55 * Second));
    }

    [Fact]
    public void No_more_are_asked_before_the_first_is_answered_than_the_far_side_is_known_to_take()
    {
        var watch = Answering(Second / 100);
        for (int i = 0; i < 4; i++)
        {
            Assert.False(watch.IsSilent(Start + i, 4));
            watch.Asked(Start + i);
        }
        Assert.True(watch.IsSilent(Start + 4, 4));
        watch.Heard(Second / 100, Start + 5);
        Assert.False(watch.IsSilent(Start + 6, 4));
    }

    [Fact]
    public void A_new_session_that_is_not_answered_is_told_apart()
    {
        var watch = Answering(Second / 100);
        watch.Asked(Start);
        Assert.Null(watch.Silence);
        watch.Asked(Start + 1, isNew: true);
        Assert.Equal(new Silence(Start, 2), watch.Silence);
        watch.GaveUp();
        Assert.NotNull(watch.Silence);
        watch.Heard(Second / 100, Start + Second);
        Assert.Null(watch.Silence);
    }

    [Fact]
    public void What_was_usual_is_forgotten_after_a_while()
    {
        var watch = Answering(Second);
        Assert.Equal(TimeSpan.FromSeconds(20), watch.Patience(Start + 4 * 60 * Second));
        Assert.Null(watch.Patience(Start + 16 * 60 * Second));
    }

    private static ReplyWatch Answering(long took)
    {
        var watch = new ReplyWatch();
        watch.Asked(Start - took);
        watch.Heard(took, Start);
        return watch;
    }
}
