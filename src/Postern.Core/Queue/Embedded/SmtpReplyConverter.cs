using System.Text.Json;
using System.Text.Json.Serialization;
using Postern.Protocols.Smtp;

namespace Postern.Core.Queue.Embedded;

/// <summary>A reply as <c>{"code":550,"enhanced":"5.1.1","lines":["…"]}</c>.</summary>
internal sealed class SmtpReplyConverter : JsonConverter<SmtpReply>
{
    public override SmtpReply Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        int code = 0;
        EnhancedStatusCode? enhanced = null;
        var lines = new List<string>();
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("a reply is an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string? name = reader.GetString();
            reader.Read();
            if (name == "code") code = reader.GetInt32();
            else if (name == "enhanced" && EnhancedStatusCode.TryParse(reader.GetString(), out var parsed)) enhanced = parsed;
            else if (name == "lines" && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType == JsonTokenType.String) lines.Add(reader.GetString()!);
            }
            else reader.Skip();
        }
        return new SmtpReply(code, enhanced, lines);
    }

    public override void Write(Utf8JsonWriter writer, SmtpReply value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteNumber("code", value.Code);
        if (value.Enhanced is { } enhanced) writer.WriteString("enhanced", enhanced.ToString());
        writer.WriteStartArray("lines");
        foreach (string line in value.Lines) writer.WriteStringValue(line);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
