using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Postern.Core.Configuration;
using Postern.Core.Telemetry;

namespace Postern.Telemetry;

/// <summary>
/// Sends metrics, logs and traces to an OpenTelemetry collector by OTLP, as [telemetry] and the standard OTEL_* variables say. What it cannot send is dropped, within bounds and beside the
/// mail. Without an endpoint there is none of it: no listener, no thread, no cost.
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    /// <summary>For what is left at a stop. A collector that is away must not hold up the process.</summary>
    private const int LastMilliseconds = 3000;

    private readonly PosternConfig _config;
    private readonly Func<string, string?> _environment;
    private readonly string _version;
    private readonly MeterProvider? _meters;
    private readonly TracerProvider? _tracers;
    private readonly ServiceProvider? _logs;

    private OtlpExport(PosternConfig config, string version, Func<string, string?> environment)
    {
        (_config, _version, _environment) = (config, version, environment);
        var telemetry = config.Telemetry;
        if (telemetry.Metrics && IsWanted("METRICS")) _meters = Meters(telemetry);
        if (IsWanted("TRACES") && (telemetry.TracePercent > 0 || environment("OTEL_TRACES_SAMPLER") is { Length: > 0 })) _tracers = Tracers(telemetry);
        if (telemetry.Logs && IsWanted("LOGS")) _logs = LogServices();
        Logs = _logs?.GetServices<ILoggerProvider>().OfType<OpenTelemetryLoggerProvider>().Single();
    }

    /// <summary>Takes the log lines; null where they are not sent.</summary>
    public ILoggerProvider? Logs { get; }

    /// <param name="environment">Of the OTEL_* variables that decide whether anything is sent; the SDK reads the others from the process.</param>
    /// <returns>Null where nothing is to be sent.</returns>
    public static OtlpExport? Start(PosternConfig config, string version, Func<string, string?> environment)
    {
        var export = new OtlpExport(config, version, environment);
        if (export is { _meters: null, _tracers: null, _logs: null }) return null;
        return export;
    }

    /// <summary>Our own writer looks at the level itself; what is sent follows the same.</summary>
    /// <param name="level">In force now.</param>
    public static LoggerFilterOptions Filter(Func<LogLevel> level)
    {
        var options = new LoggerFilterOptions { MinLevel = LogLevel.Trace };
        options.Rules.Add(new LoggerFilterRule(typeof(OpenTelemetryLoggerProvider).FullName, null, null, (_, _, at) => at >= level()));
        return options;
    }

    public void Dispose()
    {
        // All at once: each waits for its last answer.
        Parallel.Invoke(
            () => _meters?.Shutdown(LastMilliseconds),
            () => _tracers?.Shutdown(LastMilliseconds),
            () => _logs?.GetService<LoggerProvider>()?.Shutdown(LastMilliseconds));
        _meters?.Dispose();
        _tracers?.Dispose();
        _logs?.Dispose();
    }

    private bool IsWanted(string signal) =>
        !string.Equals(_environment("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase)
        && !string.Equals(_environment($"OTEL_{signal}_EXPORTER"), "none", StringComparison.OrdinalIgnoreCase)
        && (_config.Telemetry.Otlp ?? _environment("OTEL_EXPORTER_OTLP_ENDPOINT") ?? _environment($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")) is { Length: > 0 };

    private MeterProvider Meters(TelemetryConfig telemetry) => Sdk.CreateMeterProviderBuilder().ConfigureResource(Describe).AddMeter(PosternMetrics.MeterName)
        .AddOtlpExporter((exporter, reader) =>
        {
            Address(exporter, "v1/metrics");
            if (telemetry.Interval is { } interval) reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)interval.TotalMilliseconds;
        }).Build();

    private TracerProvider Tracers(TelemetryConfig telemetry)
    {
        var builder = Sdk.CreateTracerProviderBuilder().ConfigureResource(Describe).AddSource(PosternTraces.SourceName).AddOtlpExporter(exporter => Address(exporter, "v1/traces"));
        // By the trace's id, so that a message is traced whole or not at all; attempts do as the acceptance did.
        if (telemetry.TracePercent > 0) builder.SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(telemetry.TracePercent / 100.0)));
        return builder.Build();
    }

    private ServiceProvider LogServices()
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddOpenTelemetry(options =>
        {
            var resource = ResourceBuilder.CreateDefault();
            Describe(resource);
            options.SetResourceBuilder(resource);
            options.AddProcessor(new LogFields());
            options.AddOtlpExporter(exporter => Address(exporter, "v1/logs"));
        }));
        return services.BuildServiceProvider();
    }

    /// <summary>The variables win: whoever runs many relays names them there.</summary>
    private void Describe(ResourceBuilder resource) =>
        resource.AddService("postern", serviceVersion: _version, autoGenerateServiceInstanceId: false, serviceInstanceId: _config.Server.Hostname).AddEnvironmentVariableDetector();

    private void Address(OtlpExporterOptions exporter, string path)
    {
        var telemetry = _config.Telemetry;
        if (telemetry.Protocol is { } protocol) exporter.Protocol = protocol == OtlpProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        // An address that is set here is taken as it is; over HTTP each signal has its own.
        if (telemetry.Otlp is { } address) exporter.Endpoint = exporter.Protocol == OtlpExportProtocol.HttpProtobuf ? new Uri($"{address.TrimEnd('/')}/{path}") : new Uri(address);
        if (telemetry.Headers is { } headers) exporter.Headers = headers.Reveal();
    }
}
