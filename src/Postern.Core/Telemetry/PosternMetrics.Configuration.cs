using System.Diagnostics.Metrics;

namespace Postern.Core.Telemetry;

public sealed partial class PosternMetrics
{
    internal Counter<long> ConfigReloads { get; } = meter.CreateCounter<long>(
        "postern_config_reloads", "{reload}", "Reloads of the configuration file; result is applied or refused. Alert on refused: the relay runs on the old configuration.");
}
