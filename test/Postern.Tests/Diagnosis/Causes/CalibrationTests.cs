using CsCheck;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;

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
    public void A_share_is_found_back_from_its_confidence() => Gen.Double[0, 0.97].Sample(share =>
    {
        var calibration = new Calibration([(0, 0), (0.5, 0.3), (0.8, 0.9), (0.97, 0.995), (1, 0.995)]);
        Assert.Equal(share, calibration.ShareOf(calibration.Of(share)), 6);
        Assert.Equal(0.985, calibration.ShareOf(0.995), 6);
    });

    [Fact]
    public void Calibration_says_how_sure_a_name_is_and_never_which_name_is_given_nor_more_than_can_be_known_from_here()
    {
        var evidence = new Case().Target(TcpOutcome.Refused).Controls(TcpOutcome.Connected).History(40, 30, failingForMinutes: 30).Evidence;
        DiagnosisReport With(Calibration calibration) => new Diagnostician(SignalTable.Default, calibration, Case.Judge).Diagnose(evidence);
        var low = With(new Calibration([(0, 0), (1, 0.3)]));
        var high = With(new Calibration([(0, 0.99), (1, 0.99)]));
        Assert.Equal(("upstream-down", "upstream-down"), (low.Verdict.Cause, high.Verdict.Cause));
        Assert.InRange(low.Verdict.Confidence, 0.01, 0.3);
        Assert.InRange(high.Verdict.Confidence, 0.8, 0.85);
    }

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
