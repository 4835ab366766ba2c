using System.Text.Json;
using System.Text.Json.Serialization;
using Postern.Protocols.Smtp;

namespace Postern.Api;

/// <summary>Enum values in the API are lower-case words (no_such_domain).</summary>
internal sealed class WordEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower)
    where T : struct, Enum;

/// <summary>A stage in the API: the word that logs and metrics use (eod).</summary>
internal sealed class StageConverter : JsonConverter<ClientStage>
{
    public override ClientStage Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        ClientStageName.Parse(reader.GetString()) ?? throw new JsonException("no such stage");

    public override void Write(Utf8JsonWriter writer, ClientStage value, JsonSerializerOptions options) => writer.WriteStringValue(value.Word());
}

/// <summary>A reply in the API: {"code":550,"enhanced":"5.1.1","lines":["…"]}.</summary>
internal sealed class ReplyConverter : JsonConverter<SmtpReply>
{
    public override SmtpReply? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        string? enhanced = root.TryGetProperty("enhanced", out var value) ? value.GetString() : null;
        string[] lines = [.. root.GetProperty("lines").EnumerateArray().Select(l => l.GetString() ?? "")];
        return new SmtpReply(root.GetProperty("code").GetInt32(), EnhancedStatusCode.TryParse(enhanced, out var code) ? code : null, lines);
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
