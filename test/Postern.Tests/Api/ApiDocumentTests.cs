using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging.Abstractions;
using Postern.Api;
using Postern.Core.Submission;

namespace Postern.Tests.Api;

/// <summary>The served document against the routes, and against what a running relay really answers.</summary>
public sealed class ApiDocumentTests : IAsyncLifetime
{
    private static readonly string[] Methods = ["get", "post", "put", "patch", "delete"];

    private readonly string _folder = Directory.CreateTempSubdirectory("postern-openapi-").FullName;
    private ApiRelay _relay = null!;

    /// <summary>The same routes, for the test to look at.</summary>
    private HttpServer _server = null!;
    private JsonObject _document = null!;

    public async ValueTask InitializeAsync()
    {
        _relay = await ApiRelay.StartAsync(_folder);
        Assert.True(ListenAddress.TryParse("127.0.0.1:0", out var address));
        var view = new RelayView("0", () => "relay.test", DateTimeOffset.UnixEpoch, () => null, () => [], () => [], () => []);
        _server = await HttpServer.StartAsync(address, view, NullLoggerProvider.Instance, CancellationToken.None);
        _document = JsonNode.Parse(await _relay.Http.GetStringAsync("api/v1/openapi.json"))!.AsObject();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _relay.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Every_route_is_described_and_every_described_one_exists()
    {
        Assert.StartsWith("3.1", _document["openapi"]!.GetValue<string>(), StringComparison.Ordinal);
        var mapped = Routes().SelectMany(r => r.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} {r.RoutePattern.RawText}")).Order(StringComparer.Ordinal).ToList();
        Assert.True(mapped.Count >= 20, $"{mapped.Count} routes: were they found?");
        Assert.Equal(mapped, Operations().Select(o => $"{o.Method.ToUpperInvariant()} {o.Path}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_operation_says_what_it_does_what_it_takes_and_what_it_answers()
    {
        var wrong = new List<string>();
        foreach (var (method, path, operation) in Operations())
        {
            void Need(bool isSo, string what)
            {
                if (!isSo) wrong.Add($"{method} {path}: {what}");
            }
            Need(operation["operationId"] is not null, "no operationId");
            Need(operation["summary"] is not null, "no summary");
            Need(operation["tags"] is JsonArray { Count: 1 }, "not one tag");
            var parameters = (operation["parameters"] as JsonArray ?? []).Select(p => p!.AsObject()).ToList();
            var inPath = System.Text.RegularExpressions.Regex.Matches(path, @"\{(\w+)\}").Select(m => m.Groups[1].Value);
            Need(inPath.Order().SequenceEqual(parameters.Where(p => p["in"]!.GetValue<string>() == "path").Select(p => p["name"]!.GetValue<string>()).Order()), "the path's parameters are not those described");
            Need(parameters.All(p => p["description"] is not null && p["schema"] is not null), "a parameter without description or schema");
            Need(parameters.Select(p => p["name"]!.GetValue<string>()).Distinct().Count() == parameters.Count, "a parameter twice");
            Need(method is not ("post" or "put" or "patch") || operation["requestBody"]?["content"] is JsonObject { Count: > 0 }, "no body");
            var responses = operation["responses"]!.AsObject();
            Need(responses.Any(r => r.Key[0] == '2'), "nothing is answered when all is well");
            Need(responses.All(r => r.Value!["description"]?.GetValue<string>() is { Length: > 0 } && r.Value["content"] is JsonObject { Count: > 0 }), "an answer without description or content");
            Need(responses.Where(r => r.Key[0] == '2').All(r => r.Value!["content"]!.AsObject().All(c => c.Value!["example"] is not null)), "an answer without an example");
            Need(operation["requestBody"] is null || operation["requestBody"]!["content"]!.AsObject().All(c => c.Value!["example"] is not null), "a body without an example");
            Need(path.StartsWith("/health/", StringComparison.Ordinal) || (responses.ContainsKey("401") && responses.ContainsKey("403") && operation["x-postern-role"] is not null), "it does not say who may call it");
        }
        Assert.Empty(wrong);
        Assert.Distinct(Operations().Select(o => o.Operation["operationId"]!.GetValue<string>()));
    }

    [Fact]
    public void Every_example_is_of_its_schema()
    {
        int seen = 0;
        foreach (var (method, path, operation) in Operations())
        {
            foreach (var content in Contents(operation))
            {
                if (content.Media["schema"] is not { } schema) continue;
                var examples = (content.Media["examples"] as JsonObject ?? []).Select(e => e.Value!["value"]).Append(content.Media["example"]).Where(e => e is not null);
                foreach (var example in examples)
                {
                    seen++;
                    Conforms($"{method} {path} {content.Where}", schema, example!);
                }
            }
        }
        Assert.True(seen > 60, $"{seen} examples: were they found?");
    }

    [Fact]
    public async Task What_a_running_relay_answers_is_what_the_document_says()
    {
        string id = await _relay.KeepAsync("app@example.org", "ann@example.net", user: "billing");
        string gone = await _relay.KeepAsync("app@example.org", "x@example.net", "mx:nowhere.test");
        await ApiRelay.UntilAsync(async () => (await _relay.GetAsync("api/v1/incidents")).GetProperty("incidents").GetArrayLength() > 0, "an incident");
        string incident = (await _relay.GetAsync("api/v1/incidents")).GetProperty("incidents")[0].GetProperty("id").GetString()!;
        var seen = new HashSet<string>();
        foreach (string path in (string[])[
            "/health/live", "/health/ready", "/api/v1/status", "/api/v1/openapi.json", "/api/v1/problems/busy", "/api/v1/problems/x",
            "/api/v1/queue?count=true", "/api/v1/queue?limit=1", "/api/v1/queue?state=x", $"/api/v1/queue/{id}", $"/api/v1/queue/{gone}", "/api/v1/queue/x", "/api/v1/queue/01kb2d3e4f5g6", $"/api/v1/queue/{id}/message",
            "/api/v1/queue/operations", "/api/v1/queue/operations/x", "/api/v1/incidents?all=true", "/api/v1/incidents?limit=0", $"/api/v1/incidents/{incident}", "/api/v1/incidents/x", "/api/v1/diagnoses",
            "/api/v1/check", "/api/v1/events?limit=1", "/api/v1/events", "/api/v1/events?type=x", "/api/v1/webhooks", "/api/v1/upstreams", "/api/v1/upstreams?state=x", "/api/v1/egress", "/api/v1/trends?minutes=5", "/api/v1/trends?minutes=0", "/api/v1/trends?upstream=x"])
            seen.Add(await CheckAsync(HttpMethod.Get, path));
        foreach (var (path, body) in new[]
        {
            ("/api/v1/queue/actions", """{"action":"hold","all":true,"dry_run":true}"""), ("/api/v1/queue/actions", $$"""{"action":"hold","ids":["{{id}}"]}"""), ("/api/v1/queue/actions", "{"), ("/api/v1/queue/actions", """{"action":"x","all":true}"""),
            ("/api/v1/upstreams/reset", """{"name":"provider"}"""), ("/api/v1/upstreams/reset", """{"name":"x"}"""), ("/api/v1/upstreams/reset", """{}"""),
            ("/api/v1/messages", """{"from":"app@example.org","to":["ann@example.net"],"text":"x"}"""), ("/api/v1/messages", """{"from":"x","text":"x"}"""),
        })
            seen.Add(await CheckAsync(HttpMethod.Post, path, body));
        seen.Add(await CheckAsync(HttpMethod.Post, "/api/v1/messages", "x", "text/plain"));
        seen.Add(await CheckAsync(HttpMethod.Post, "/api/v1/queue/actions", "x", "text/plain"));
        string operation = (await _relay.GetAsync("api/v1/queue/operations")).GetProperty("operations")[0].GetProperty("operation").GetString()!;
        seen.Add(await CheckAsync(HttpMethod.Get, $"/api/v1/queue/operations/{operation}"));
        seen.Add(await CheckAsync(HttpMethod.Delete, $"/api/v1/queue/operations/{operation}"));
        // A stream has no end, and is looked at elsewhere; all others have been asked for what they are there for.
        var good = Operations().Where(o => o.Path != "/api/v1/events/stream" && o.Path != "/api/v1/check").Select(o => $"{o.Method} {o.Path} {o.Operation["responses"]!.AsObject().First(r => r.Key[0] == '2').Key}");
        Assert.Empty(good.Except(seen));
    }

    private async Task<string> CheckAsync(HttpMethod method, string path, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path.TrimStart('/'));
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, type);
        using var response = await _relay.Http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        string bare = path.Split('?')[0];
        // A path without parameters goes before one with.
        var (_, template, operation) = Operations().Where(o => o.Method == method.Method.ToLowerInvariant() && IsPath(o.Path, bare)).OrderBy(o => o.Path.Count(c => c == '{')).First();
        string status = $"{(int)response.StatusCode}", where = $"{method} {path} {status}";
        Assert.True(operation["responses"]![status] is not null, $"{where} is not described: {text}");
        Assert.True(response.Content.Headers.ContentType is not null, $"{where}: an answer without a type: {response.Headers} {text}");
        string media = response.Content.Headers.ContentType!.MediaType!;
        Assert.True(operation["responses"]![status]!["content"]?[media] is not null, $"{where}: {media} is not described");
        if (media.EndsWith("json", StringComparison.Ordinal)) Conforms(where, operation["responses"]![status]!["content"]![media]!["schema"]!, JsonNode.Parse(text)!);
        return $"{method.Method.ToLowerInvariant()} {template} {status}";
    }

    private static bool IsPath(string template, string path)
    {
        string[] a = template.Split('/'), b = path.Split('/');
        return a.Length == b.Length && a.Zip(b).All(p => p.First == p.Second || p.First.StartsWith('{'));
    }

    /// <summary>Strictly: what is not described must not be there.</summary>
    private void Conforms(string where, JsonNode schema, JsonNode value)
    {
        var whole = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["$defs"] = _document["components"]!["schemas"]!.DeepClone(), ["allOf"] = new JsonArray(schema.DeepClone()) };
        Close(whole["$defs"]!);
        string text = whole.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal);
        var result = JsonSchema.FromText(text).Evaluate(value, new EvaluationOptions { OutputFormat = OutputFormat.List });
        if (result.IsValid) return;
        var errors = result.Details.Where(d => d.HasErrors).SelectMany(d => d.Errors!.Select(e => $"{d.InstanceLocation} {d.EvaluationPath}: {e.Key} {e.Value}"));
        Assert.Fail($"{where}:\n{string.Join('\n', errors.Take(10))}\n{value.ToJsonString()[..Math.Min(2000, value.ToJsonString().Length)]}");
    }

    private static void Close(JsonNode node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array.Where(i => i is not null)) Close(item!);
            return;
        }
        if (node is not JsonObject found) return;
        foreach (var (_, value) in found.ToList())
            if (value is not null) Close(value);
        if (found["properties"] is JsonObject && found["additionalProperties"] is null) found["additionalProperties"] = false;
    }

    private IEnumerable<RouteEndpoint> Routes() => _server.Routes.OfType<RouteEndpoint>()
        .Where(r => r.RoutePattern.RawText is { } path && (path.StartsWith("/api/", StringComparison.Ordinal) || path.StartsWith("/health/", StringComparison.Ordinal)));

    private IEnumerable<(string Method, string Path, JsonObject Operation)> Operations() =>
        _document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject().Where(o => Methods.Contains(o.Key)).Select(o => (o.Key, p.Key, o.Value!.AsObject())));

    private static IEnumerable<(string Where, JsonObject Media)> Contents(JsonObject operation)
    {
        foreach (var (type, media) in operation["requestBody"]?["content"] as JsonObject ?? []) yield return ($"body {type}", media!.AsObject());
        foreach (var (status, response) in operation["responses"]!.AsObject())
        {
            foreach (var (type, media) in response!["content"] as JsonObject ?? []) yield return ($"{status} {type}", media!.AsObject());
        }
    }
}
