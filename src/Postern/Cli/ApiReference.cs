using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Postern.Api;

namespace Postern.Cli;

/// <summary>Writes docs/api.md from the document that the API serves of itself.</summary>
internal static class ApiReference
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<string> WriteAsync()
    {
        using var document = JsonDocument.Parse(await DocumentAsync());
        var text = new StringBuilder("""
            # The HTTP API

            <!-- Made by `postern config api` from the OpenAPI document; a test compares it with the program. Change what stands beside the routes in src/Postern/Api instead. -->

            Served where `server.http` says, on loopback unless it is changed: `http://127.0.0.1:8025`. The same in a form that generators of clients read, OpenAPI 3.1:
            `/api/v1/openapi.json`. Who may call what is in [access](access.md).

            - **Texts** are UTF-8, times UTC (RFC 3339). Members without a value are left out; members may be added in later versions, and none changes its meaning in v1.
            - **Every refusal** is `application/problem+json` (RFC 9457): `type` is one of the few [below](#problems) and can be fetched, `detail` says what is wrong this time,
              `mend` what to do about it. Answers 503 have `Retry-After`.
            - **Lists** come in pages: `next` of one goes into `after` of the following. Pages of the queue and of events go by id: nothing comes twice and nothing is left out while
              mail comes and goes. Others are in memory and ordered by what matters most; they may shift between two pages.
            - **Twice is once.** An action on the queue does no more when it is done again. With an `Idempotency-Key` it is the same action, with the first one's answer; a message
              handed in with the same key is kept once. Keys are kept for a day, 10,000 of them for actions and as many for messages, each caller's apart, in memory: a restart of the relay forgets them.

            ```sh
            curl -s 'http://127.0.0.1:8025/api/v1/queue?q=example.org+greylisted&count=true'
            curl -s http://127.0.0.1:8025/api/v1/queue/actions --json '{"action":"retry","upstream":"provider","dry_run":true}'
            curl -s http://127.0.0.1:8025/api/v1/messages --json '{"from":"app@example.org","to":["ann@example.net"],"subject":"Hello","text":"It works."}'
            curl -s 'http://127.0.0.1:8025/api/v1/messages?to=ann@example.net' -H 'Content-Type: message/rfc822' -H 'Idempotency-Key: order-4711' --data-binary @message.eml
            curl -sN 'http://127.0.0.1:8025/api/v1/events/stream?type=incident.*'
            ```


            """.ReplaceLineEndings("\n"));
        var root = document.RootElement;
        foreach (var tag in root.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => (Path: p.Name, Method: o.Name, Operation: o.Value))).GroupBy(o => o.Operation.GetProperty("tags")[0].GetString()!))
        {
            text.Append(CultureInfo.InvariantCulture, $"## {tag.Key}\n\n");
            foreach (var (path, method, operation) in tag) Operation(text, path, method, operation);
        }
        Problems(text);
        text.Append("## Types\n\n");
        foreach (var schema in root.GetProperty("components").GetProperty("schemas").EnumerateObject().OrderBy(s => s.Name, StringComparer.Ordinal)) Schema(text, schema.Name, schema.Value);
        return text.ToString().TrimEnd('\n') + "\n";
    }

    /// <summary>The routes of the real server, which is not started.</summary>
    private static async Task<byte[]> DocumentAsync()
    {
        var view = new RelayView("", () => "", DateTimeOffset.UnixEpoch, () => null, () => [], () => [], () => []);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        HttpServer.AddApi(builder.Services, view, TimeProvider.System);
        await using var app = builder.Build();
        app.UseRouting();
        HttpServer.MapApi(app, app.Services, view, TimeProvider.System);
        app.UseEndpoints(_ => { });
        return await app.Services.GetRequiredService<ApiDocument>().BytesAsync();
    }

    private static void Operation(StringBuilder text, string path, string method, JsonElement operation)
    {
        text.Append(CultureInfo.InvariantCulture, $"### {method.ToUpperInvariant()} {path}\n\n{operation.GetProperty("summary").GetString()}.");
        if (Word(operation, "description") is { } description) text.Append(CultureInfo.InvariantCulture, $" {description}");
        text.Append("\n\n");
        if (operation.TryGetProperty("parameters", out var parameters) && parameters.GetArrayLength() > 0)
        {
            text.Append("| parameter | | |\n|---|---|---|\n");
            foreach (var parameter in parameters.EnumerateArray())
            {
                string example = parameter.TryGetProperty("example", out var given) ? $" Example: `{(given.ValueKind == JsonValueKind.String ? given.GetString() : given.GetRawText())}`." : "";
                bool isRequired = parameter.TryGetProperty("required", out var required) && required.GetBoolean();
                text.Append(CultureInfo.InvariantCulture, $"| `{Word(parameter, "name")}` | {Word(parameter, "in")}{(isRequired ? ", required" : "")} | {Cell(Word(parameter, "description") + Range(parameter.GetProperty("schema")) + example)} |\n");
            }
            text.Append('\n');
        }
        if (operation.TryGetProperty("requestBody", out var body))
        {
            text.Append(CultureInfo.InvariantCulture, $"Takes {string.Join(" or ", body.GetProperty("content").EnumerateObject().Select(c => $"`{c.Name}`{Of(c.Value)}"))}: {Word(body, "description")}\n\n");
            foreach (var content in body.GetProperty("content").EnumerateObject()) Example(text, content.Value);
        }
        text.Append("| answer | | |\n|---|---|---|\n");
        foreach (var response in operation.GetProperty("responses").EnumerateObject().OrderBy(r => r.Name, StringComparer.Ordinal))
        {
            string what = string.Join(", ", response.Value.GetProperty("content").EnumerateObject().Where(c => c.Name != "application/problem+json").Select(c => $"`{c.Name}`{Of(c.Value)}"));
            text.Append(CultureInfo.InvariantCulture, $"| {response.Name} | {(what.Length == 0 ? "problem" : what)} | {Cell(Word(response.Value, "description")!)} |\n");
        }
        text.Append('\n');
        foreach (var response in operation.GetProperty("responses").EnumerateObject().Where(r => r.Name[0] == '2'))
        {
            foreach (var content in response.Value.GetProperty("content").EnumerateObject()) Example(text, content.Value);
        }
    }

    private static void Problems(StringBuilder text)
    {
        text.Append("## Problems\n\n| type | status | |\n|---|---|---|\n");
        foreach (var type in ProblemTypes.All) text.Append(CultureInfo.InvariantCulture, $"| `{type.Uri}` | {type.Status} | {type.Title} |\n");
        text.Append('\n');
    }

    private static void Schema(StringBuilder text, string name, JsonElement schema)
    {
        text.Append(CultureInfo.InvariantCulture, $"### {name}\n\n");
        if (Word(schema, "description") is { } description) text.Append(CultureInfo.InvariantCulture, $"{description}\n\n");
        if (schema.TryGetProperty("enum", out var words)) text.Append(CultureInfo.InvariantCulture, $"One of {string.Join(", ", words.EnumerateArray().Where(w => w.ValueKind == JsonValueKind.String).Select(w => $"`{w.GetString()}`"))}.\n\n");
        if (!schema.TryGetProperty("properties", out var members)) return;
        var required = schema.TryGetProperty("required", out var list) ? list.EnumerateArray().Select(r => r.GetString()!).ToHashSet() : [];
        text.Append("| member | type | |\n|---|---|---|\n");
        foreach (var member in members.EnumerateObject())
            text.Append(CultureInfo.InvariantCulture, $"| `{member.Name}`{(required.Contains(member.Name) ? "" : " ?")} | {TypeOf(member.Value)} | {Cell(Word(member.Value, "description") ?? "")} |\n");
        text.Append('\n');
    }

    private static string TypeOf(JsonElement schema)
    {
        if (Word(schema, "$ref") is { } reference) return Link(reference);
        if (schema.TryGetProperty("oneOf", out var choices)) return string.Join(" or ", choices.EnumerateArray().Where(c => Word(c, "type") != "null").Select(TypeOf));
        string type = schema.TryGetProperty("type", out var kind) ? kind.ValueKind == JsonValueKind.Array ? string.Join(" or ", kind.EnumerateArray().Select(k => k.GetString()).Where(k => k != "null")) : kind.GetString()! : "any";
        if (type == "array" && schema.TryGetProperty("items", out var items)) return $"list of {TypeOf(items)}";
        if (type == "object" && schema.TryGetProperty("additionalProperties", out var values) && values.ValueKind == JsonValueKind.Object) return $"{TypeOf(values)} by name";
        return Word(schema, "format") switch { "date-time" => "time", "date" => "date", "byte" => "base64", _ => type };
    }

    private static string Range(JsonElement schema)
    {
        string range = schema.TryGetProperty("minimum", out var least) && schema.TryGetProperty("maximum", out var most) ? $" {least.GetRawText()} to {most.GetRawText()}." : "";
        return schema.TryGetProperty("enum", out var words) ? $"{range} One of {string.Join(", ", words.EnumerateArray().Select(w => $"`{w.GetString()}`"))}." : range;
    }

    private static void Example(StringBuilder text, JsonElement content)
    {
        if (!content.TryGetProperty("example", out var example)) return;
        bool isText = example.ValueKind == JsonValueKind.String;
        string shown = isText ? example.GetString()!.ReplaceLineEndings("\n").TrimEnd('\n') : JsonSerializer.Serialize(example, Plain);
        text.Append(CultureInfo.InvariantCulture, $"```{(isText ? "" : "json")}\n{shown}\n```\n\n");
    }

    private static string Of(JsonElement content) => content.TryGetProperty("schema", out var schema) && Word(schema, "$ref") is { } reference ? $" {Link(reference)}" : "";

    private static string Link(string reference)
    {
        string name = reference[(reference.LastIndexOf('/') + 1)..];
        return $"[{name}](#{name.ToLowerInvariant()})";
    }

    private static string? Word(JsonElement element, string member) => element.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
