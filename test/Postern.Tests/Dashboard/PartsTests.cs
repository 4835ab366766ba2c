using Postern.Dashboard;
using Postern.Dashboard.Parts;
using Xunit;

namespace Postern.Tests.Dashboard;

public sealed class PartsTests
{
    [Theory]
    [InlineData(0, 2)]
    [InlineData(3, 4)]
    [InlineData(57, 60)]
    [InlineData(81, 100)]
    [InlineData(100, 100)]
    [InlineData(101, 200)]
    [InlineData(1_000_001, 2_000_000)]
    public void An_axis_ends_at_a_round_number_that_nothing_exceeds(double highest, double top) => Assert.Equal(top, ChartScale.Top(highest));

    [Fact]
    public void A_fix_is_steps_sentences_and_commands()
    {
        var steps = FixStep.Read("1. Ask for removal.\n   dig +short A 10.2.0.192.bl.example\nThen wait.\n\n12. Send again.").ToList();
        Assert.Equal([("1", false), (null, true), (null, false), ("12", false)], steps.Select(s => (s.Number, s.IsCommand)));
        Assert.Equal("dig +short A 10.2.0.192.bl.example", steps[1].Text);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.84, "0.8")]
    [InlineData(999, "999")]
    [InlineData(1234, "1.2k")]
    [InlineData(45_600, "46k")]
    [InlineData(999_700, "1M")]
    public void Short_numbers_stay_short(double number, string text) => Assert.Equal(text, Words.Short(number));

    [Fact]
    public void The_embedded_files_are_there_under_names_with_their_hash()
    {
        var assets = DashboardAssets.Load();
        foreach (string file in (string[])["postern.css", "postern.js", "blazor.web.js", "icon.svg"]) Assert.Matches(@"^/_postern/[a-z.]+\.[0-9a-f]{12}\.(css|js|svg)$", assets[file]);
    }
}
