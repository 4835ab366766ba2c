using System.Diagnostics.Metrics;

namespace Postern.Core.Telemetry;

/// <summary>
/// Every instrument of the relay, on one meter. Each area has its own part of this class (<c>PosternMetrics.Delivery.cs</c>), whose instruments are
/// properties made from <paramref name="meter"/>. Thread safe; recording never allocates where tags are few (use the overloads with one to three tags).
/// </summary>
/// <remarks>
/// Conventions, kept by a test:
/// <list type="bullet">
/// <item>Names are <c>postern_snake_case</c> without unit and without <c>_total</c>; the Prometheus exporter appends both.</item>
/// <item>The unit is always given, in UCUM: <c>s</c> for durations (never milliseconds), <c>By</c> for sizes, <c>{message}</c>, <c>{session}</c>, … for counts.</item>
/// <item>The description says what is counted, the values of its labels, and what to alert on; it becomes the reference page.</item>
/// <item>Label values come from small fixed sets or from the configuration: never addresses, ids or reply texts.</item>
/// </list>
/// </remarks>
/// <param name="meter">Owned: disposed with this object.</param>
public sealed partial class PosternMetrics(Meter meter) : IDisposable
{
    public const string MeterName = "Postern";

    /// <summary>Bounds in seconds for durations from a local sync (0.1 ms) to a slow upstream (10 minutes).</summary>
    internal static readonly InstrumentAdvice<double> SecondsAdvice = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600],
    };

    public PosternMetrics()
        : this(new Meter(MeterName))
    {
    }

    internal Meter Meter { get; } = meter;

    public void Dispose() => Meter.Dispose();
}
