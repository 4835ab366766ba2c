using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Postern.Protocols.Smtp;

namespace Postern.Api;

/// <summary>What the JSON metadata alone does not tell of a type: those that our own converters write.</summary>
internal static class ApiSchemas
{
    public static Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancel)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        // A comment's text comes as it stands in the comments' file.
        if (schema.Description is { } words) schema.Description = WebUtility.HtmlDecode(words);
        // What has no value is left out.
        foreach (var property in context.JsonTypeInfo.Properties.Where(p => p.IsGetNullable)) schema.Required?.Remove(property.Name);
        if (type == typeof(ClientStage)) Words(schema, Enum.GetValues<ClientStage>().Select(s => s.Word()));
        if (type == typeof(SmtpReply)) Reply(schema);
        // Words without a type are numbers to some generators.
        if (schema.Enum is { Count: > 0 } && schema.Type is null) schema.Type = JsonSchemaType.String;
        // Both forms of a number are written as numbers; the framework also allows for texts where it reads leniently.
        if (schema.Type is { } kind && kind.HasFlag(JsonSchemaType.String) && (kind.HasFlag(JsonSchemaType.Integer) || kind.HasFlag(JsonSchemaType.Number)))
        {
            schema.Type = kind & ~JsonSchemaType.String;
            schema.Pattern = null;
        }
        return Task.CompletedTask;
    }

    private static void Words(OpenApiSchema schema, IEnumerable<string> words)
    {
        schema.Type = JsonSchemaType.String;
        schema.Enum = [.. words.Distinct().Select(w => (JsonNode)JsonValue.Create(w))];
    }

    private static void Reply(OpenApiSchema schema)
    {
        schema.Type = JsonSchemaType.Object;
        schema.Description = "An SMTP reply.";
        schema.Required = new HashSet<string> { "code", "lines" };
        schema.Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["code"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = "200", Maximum = "599" },
            ["enhanced"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Enhanced status code (RFC 3463)." },
            ["lines"] = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
        };
    }
}
