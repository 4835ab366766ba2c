namespace Postern.Core.Configuration;

internal sealed partial class ConfigValidator
{
    private void CheckTelemetry()
    {
        var telemetry = config.Telemetry;
        if (telemetry.Otlp is null) return;
        // 4317 and 4318 are registered for the two; the other way round the collector closes the connection without a word.
        if (telemetry.Protocol is null or OtlpProtocol.Grpc && telemetry.Otlp.TrimEnd('/').EndsWith(":4318", StringComparison.Ordinal))
            Warn("telemetry.protocol", telemetry.Protocol is null ? null : "\"grpc\"", "collectors speak HTTP on port 4318, not gRPC", "set protocol = \"http-protobuf\", or use port 4317");
        if (telemetry.Protocol is OtlpProtocol.HttpProtobuf && telemetry.Otlp.TrimEnd('/').EndsWith(":4317", StringComparison.Ordinal))
            Warn("telemetry.protocol", "\"http-protobuf\"", "collectors speak gRPC on port 4317", "set protocol = \"grpc\", or use port 4318");
        if (telemetry.Otlp.Contains("/v1/", StringComparison.Ordinal))
            Error("telemetry.otlp", $"\"{telemetry.Otlp}\"", "expected the collector's base URL; /v1/traces and its like are added", "write it without the path");
    }
}
