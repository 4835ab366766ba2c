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
    public void Those_that_are_out_leave_their_share_to_the_others_by_weight()
    {
        var smooth = new SmoothWeights([2, 5, 1, 0]);
        var choices = Enumerable.Range(0, 9).Select(_ => smooth.Next(i => i == 1)).ToList();
        Assert.Equal((6, 3), (choices.Count(c => c == 0), choices.Count(c => c == 2)));
        Assert.Equal(3, smooth.Next(i => i != 3));
        Assert.InRange(smooth.Next(_ => true), 0, 2);
    }
}
