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
}
