using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Postern.Core.Events;

/// <summary>
/// One event as it is kept and sent: a line of JSON, {"id":7,"type":"incident.opened","at":"…","relay":"…","subject":"…","data":{…}}. The id comes first, so that
/// a reader finds its place without parsing the rest.
/// </summary>
/// <param name="Id">Rises by one; unique within one data folder.</param>
/// <param name="Line">UTF-8, without the line end.</param>
public readonly record struct RelayEvent(long Id, ReadOnlyMemory<byte> Line)
{
    /// <summary>People read and search these lines, which are part of no web page: an apostrophe stays one.</summary>
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static ReadOnlySpan<byte> Prefix => "{\"id\":"u8;

    /// <summary>Longest line that is kept; a larger event (a diagnosis with long replies) loses its data, not its news.</summary>
    internal const int MaxBytes = 256 * 1024;

    /// <summary>The public word of its type.</summary>
    public string Type => Member("type"u8);

    /// <summary>When it happened; null where that cannot be read.</summary>
    public DateTimeOffset? At => DateTimeOffset.TryParse(Member("at"u8), CultureInfo.InvariantCulture, DateTimeStyles.None, out var at) ? at : null;

    internal static RelayEvent Make(long id, DateTimeOffset at, EventType type, string relay, string subject, Action<Utf8JsonWriter>? data)
    {
        var line = Write(id, at, type, relay, subject, data);
        return new RelayEvent(id, line.Length <= MaxBytes ? line : Write(id, at, type, relay, subject, static w => w.WriteBoolean("too_large", true)));
    }

    /// <summary>False for what is not an event's line: torn by a power cut, or not ours.</summary>
    internal static bool TryReadId(ReadOnlySpan<byte> line, out long id)
    {
        id = 0;
        if (!line.StartsWith(Prefix) || line[^1] != (byte)'}') return false;
        var rest = line[Prefix.Length..];
        return Utf8Parser.TryParse(rest, out id, out int used) && rest[used] == (byte)',';
    }

    public override string ToString() => Encoding.UTF8.GetString(Line.Span);

    /// <summary>Those before the data are found without reading the rest.</summary>
    private string Member(ReadOnlySpan<byte> name)
    {
        var reader = new Utf8JsonReader(Line.Span);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals(name) && reader.Read()) return reader.GetString() ?? "";
        }
        return "";
    }

    private static ReadOnlyMemory<byte> Write(long id, DateTimeOffset at, EventType type, string relay, string subject, Action<Utf8JsonWriter>? data)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(buffer, Writing);
        writer.WriteStartObject();
        writer.WriteNumber("id", id);
        writer.WriteString("type", EventTypes.Word(type));
        writer.WriteString("at", at);
        writer.WriteString("relay", relay);
        writer.WriteString("subject", subject);
        writer.WriteStartObject("data");
        data?.Invoke(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }
}
