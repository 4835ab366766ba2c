namespace Postern.Core.Configuration;

public enum OtlpProtocol : byte { Grpc, HttpProtobuf }

/// <summary>What is sent to an OpenTelemetry collector. Prometheus is served without any of it.</summary>
public sealed record TelemetryConfig
{
    [Setting("Where metrics, logs and traces are sent by OTLP: the collector's base URL. Absent: OTEL_EXPORTER_OTLP_ENDPOINT and its like; without these nothing is sent.", Example = "http://127.0.0.1:4317", Form = SettingForm.Url)]
    public string? Otlp { get; init; }

    [Setting("grpc (port 4317) or http-protobuf (port 4318); absent: OTEL_EXPORTER_OTLP_PROTOCOL, else grpc.")]
    public OtlpProtocol? Protocol { get; init; }

    [Setting("Headers that the collector asks for, as \"name=value,name=value\"; absent: OTEL_EXPORTER_OTLP_HEADERS.", Example = "{ env = \"OTLP_HEADERS\" }")]
    public Secret? Headers { get; init; }

    [Setting("Send metrics.")]
    public bool Metrics { get; init; } = true;

    [Setting("Send log lines, those of log.level and above.")]
    public bool Logs { get; init; } = true;

    [Setting("Messages of which traces are sent, in per cent: a span for the acceptance and one for each attempt. 0: none, unless OTEL_TRACES_SAMPLER says otherwise.", Min = "0", Max = "100", Source = "off by default: a span costs about as much as a log line")]
    public int TracePercent { get; init; }

    [Setting("How often metrics are sent; absent: OTEL_METRIC_EXPORT_INTERVAL.", Source = "OpenTelemetry SDK specification: 60 s", Min = "1s", Max = "1h")]
    public TimeSpan? Interval { get; init; }

    internal bool IsSameAs(TelemetryConfig other) => this with { Headers = null } == other with { Headers = null } && Headers?.Reveal() == other.Headers?.Reveal();
}
