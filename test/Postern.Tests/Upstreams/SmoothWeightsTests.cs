using Postern.Core.Upstreams;

namespace Postern.Tests.Upstreams;

public sealed class SmoothWeightsTests
{
    [Theory]
    [InlineData("5,1,1", "0010200")]
    [InlineData("30,10", "0010")]
    [InlineData("1,1", "0101")]
    [InlineData("0,0", "0000")]
    [InlineData("0,5", "1111")]
    public void Choices_are_spread_evenly(string weights, string choices)
    {
        var smooth = new SmoothWeights([.. weights.Split(',').Select(int.Parse)]);
        Assert.Equal(choices, string.Concat(choices.Select(_ => smooth.Next())));
    }

    [Fact]
    public void A_turn_that_another_one_took_over_is_made_up_for_later()
    {
        var smooth = new SmoothWeights([3, 1]);
        int[] taken = [0, 0];
        for (int i = 0; i < 80; i++)
        {
            int turn = smooth.Next(), by = i < 8 ? 1 : turn;
            if (by != turn) smooth.Moved(turn, by);
            taken[by]++;
        }
        Assert.Equal([60, 20], taken);
    }

    [Fact]
    public void Who_could_take_little_for_long_is_not_given_everything_afterwards()
    {
        var smooth = new SmoothWeights([1, 1]);
        for (int i = 0; i < 10_000; i++)
        {
            if (smooth.Next() == 0) smooth.Moved(0, 1);
        }
        Assert.InRange(Enumerable.Range(0, 200).Count(_ => smooth.Next() == 0), 100, 120);
    }

    [Fact]
    public void Those_that_are_out_leave_their_share_to_the_others_by_weight()
    {
        var smooth = new SmoothWeights([2, 5, 1, 0]);
        var choices = Enumerable.Range(0, 9).Select(_ => smooth.Next(i => i == 1)).ToList();
        Assert.Equal((6, 3), (choices.Count(c => c == 0), choices.Count(c => c == 2)));
        Assert.Equal(3, smooth.Next(i => i != 3));
        Assert.InRange(smooth.Next(_ => true), 0, 2);
    }
}
