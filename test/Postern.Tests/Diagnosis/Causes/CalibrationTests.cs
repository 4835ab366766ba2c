using CsCheck;
using Postern.Diagnosis.Causes;

namespace Postern.Tests.Diagnosis.Causes;

public sealed class CalibrationTests
{
    [Fact]
    public void Between_points_the_line_is_straight()
    {
        var calibration = new Calibration([(0, 0), (0.5, 0.2), (1, 0.9)]);
        Assert.Equal([0, 0.1, 0.2, 0.55, 0.9, 0.9], new[] { 0, 0.25, 0.5, 0.75, 1, 1.5 }.Select(s => Math.Round(calibration.Of(s), 6)));
    }

    [Fact]
    public void Points_that_fall_are_refused() => Assert.Throws<InvalidDataException>(() => new Calibration([(0, 0.5), (1, 0.4)]));

    [Fact]
    public void The_calibration_of_this_build_never_promises_certainty() => Assert.InRange(Calibration.Default.Of(1), 0.5, 0.995);

    [Fact]
    public void Overconfidence_is_taken_back()
    {
        // Of a hundred verdicts at 0.95 seventy are right.
        var seen = Enumerable.Range(0, 100).Select(i => (Share: 0.95, IsRight: i % 10 < 7)).ToList();
        var fitted = CalibrationFit.Fit(seen);
        Assert.InRange(fitted.Of(0.95), 0.68, 0.73);
        Assert.True(CalibrationFit.ErrorOf([.. seen.Select(s => (fitted.Of(s.Share), s.IsRight))]) < 0.02);
        Assert.True(CalibrationFit.ErrorOf(seen) > 0.2);
    }

    [Fact]
    public void What_was_right_all_the_time_stays_below_certainty() => Assert.InRange(CalibrationFit.Fit(Enumerable.Repeat((0.99, true), 500)).Of(0.99), 0.98, 0.995);

    [Fact]
    public void Nothing_to_fit_on_is_the_identity() => Assert.Equal(0.6, CalibrationFit.Fit([]).Of(0.6), 2);

    [Fact]
    public void Any_results_fit_to_a_line_that_never_falls_and_reads_back() => Gen.Select(Gen.Double[0, 1], Gen.Bool).List[0, 200].Sample(pairs =>
    {
        var fitted = CalibrationFit.Fit(pairs);
        var read = Calibration.Parse(CalibrationFit.ToToml(fitted));
        double last = 0;
        for (double share = 0; share <= 1; share += 0.05)
        {
            Assert.True(fitted.Of(share) >= last - 1e-9);
            Assert.Equal(fitted.Of(share), read.Of(share), 3);
            last = fitted.Of(share);
        }
    });
}
