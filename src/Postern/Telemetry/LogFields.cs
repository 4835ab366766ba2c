using System.Globalization;
using OpenTelemetry;
using OpenTelemetry.Logs;
using Postern.Logging;

namespace Postern.Telemetry;

/// <summary>Gives a log record the names that the log line has: the event's phrase as its body, and each pair under its key. What has no value is left out.</summary>
internal sealed class LogFields : BaseProcessor<LogRecord>
{
    public override void OnEnd(LogRecord data)
    {
        if (data.Attributes is not { Count: > 0 } pairs || pairs[^1].Value is not string original || LogTemplate.Of(original) is not { FollowsConvention: true } template) return;
        var named = new List<KeyValuePair<string, object?>>(pairs.Count);
        for (int i = 0; i < pairs.Count - 1; i++)
            if (pairs[i].Value is { } value) named.Add(new(template.KeyOf(pairs[i].Key), Plain(value)));
        data.Body = template.Phrase;
        data.Attributes = named;
    }

    /// <summary>What OTLP has no type for is text that programs can read.</summary>
    private static object Plain(object value) => value switch
    {
        string or bool or int or long or double => value,
        DateTimeOffset at => at.ToString("O", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
