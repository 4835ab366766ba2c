using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Postern.Logging;

/// <summary>A line for machines: one JSON object with time, level, event, event_id and the event's own fields.</summary>
internal static class JsonLine
{
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    public static void Write(IBufferWriter<byte> output, in LogLine line)
    {
        var json = _writer ??= new Utf8JsonWriter(output, _options);
        json.Reset(output);
        json.WriteStartObject();
        Span<char> time = stackalloc char[32];
        line.At.TryFormat(time, out int written, "yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        json.WriteString("time"u8, time[..written]);
        json.WriteString("level"u8, line.Level switch
        {
            LogLevel.Information => "info",
            LogLevel.Warning => "warning",
            LogLevel.Error or LogLevel.Critical => "error",
            _ => "debug",
        });
        json.WriteString("event"u8, line.Phrase);
        if (line.EventId != 0) json.WriteNumber("event_id"u8, line.EventId);
        if (line.Pairs is { } pairs)
        {
            for (int i = 0; i < pairs.Count - 1; i++) WriteValue(json, line.Template!.KeyOf(pairs[i].Key), pairs[i].Value, line.Template.FormatOf(pairs[i].Key));
        }
        if (line.Exception is { } exception) json.WriteString("exception"u8, exception.ToString());
        json.WriteEndObject();
        json.Flush();
        output.Write("\n"u8);
    }

    private static void WriteValue(Utf8JsonWriter json, string key, object? value, string? format)
    {
        switch (value)
        {
            case null: break;
            case string text: json.WriteString(key, text); break;
            case bool flag: json.WriteBoolean(key, flag); break;
            case int number: json.WriteNumber(key, number); break;
            case long number: json.WriteNumber(key, number); break;
            case double number when double.IsFinite(number):
                if (format is null) json.WriteNumber(key, number);
                else json.WriteNumber(key, decimal.Parse(number.ToString(format, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
                break;
            default: json.WriteString(key, LogValue.Text(value, format)); break;
        }
    }
}
