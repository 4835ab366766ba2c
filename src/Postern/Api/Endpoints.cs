using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Postern.Access;
using Postern.Core.Queue;

namespace Postern.Api;

/// <summary>The HTTP API. Plain request delegates: no binding by reflection, little memory.</summary>
internal sealed class Endpoints(RelayView relay)
{
    private const int MaxRequestBytes = 64 * 1024;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", (RequestDelegate)(http => http.Response.WriteAsync("live\n", http.RequestAborted))).OpenToAll();
        routes.MapGet("/health/ready", (RequestDelegate)Ready).OpenToAll();
        routes.MapGet("/api/v1/status", (RequestDelegate)Status).Needs(ApiRole.Read);
        routes.MapGet("/api/v1/queue", (RequestDelegate)List).Needs(ApiRole.Read);
        routes.MapGet("/api/v1/queue/{id}", (RequestDelegate)Show).Needs(ApiRole.Read);
        routes.MapGet("/api/v1/queue/{id}/message", (RequestDelegate)Export).Needs(ApiRole.Read);
        routes.MapPost("/api/v1/queue/actions", (RequestDelegate)Act).Needs(ApiRole.Operate);
    }

    private Task Ready(HttpContext http)
    {
        var problems = relay.Problems();
        return Json(http, new ReadinessContract(problems.Count == 0, problems), ApiJson.Default.ReadinessContract, problems.Count == 0 ? 200 : 503);
    }

    private Task Status(HttpContext http)
    {
        var stats = relay.Store()?.Stats ?? new QueueStats { AcceptsMail = false };
        var problems = relay.Problems();
        return Json(http, new StatusContract
        {
            Version = relay.Version,
            Hostname = relay.Hostname(),
            StartedAt = relay.StartedAt,
            Listening = relay.Listening(),
            Ready = problems.Count == 0,
            Problems = problems,
            Accepted = stats.Accepted,
            Incidents = relay.Insight()?.Incidents(false) ?? [],
            FailingWebhooks = [.. (relay.Insight()?.Webhooks() ?? []).Where(w => w.Failures > 0)],
            Notes = relay.Shaping()?.Notes() ?? [],
            Queue = new QueueStatusContract
            {
                Messages = stats.Messages,
                Held = stats.Held,
                InDelivery = stats.Leased,
                OldestAcceptedAt = stats.OldestAcceptedAt,
                LiveBytes = stats.LiveBytes,
                DiskBytes = stats.DiskBytes,
                FreeDiskBytes = stats.FreeDiskBytes,
                SetAside = stats.SetAside,
                ByDestination = stats.ByDestination,
            },
        }, ApiJson.Default.StatusContract);
    }

    private async Task List(HttpContext http)
    {
        if (relay.Store() is not { } store)
        {
            await Starting(http);
            return;
        }
        if (QueueText.ReadQuery(name => http.Request.Query[name] is [{ Length: > 0 } value, ..] ? value : null, out var problem) is not { } query)
        {
            await Json(http, problem!, ApiJson.Default.ProblemContract, 400);
            return;
        }
        var found = await store.ListAsync(query, http.RequestAborted);
        string? next = found.Count == query.Limit ? found[^1].Id.ToString() : null;
        await Json(http, new QueuePageContract([.. found.Select(QueueText.Item)], next), ApiJson.Default.QueuePageContract);
    }

    private async Task Show(HttpContext http)
    {
        if (await FindId(http) is not { } id || relay.Store() is not { } store) return;
        if (await store.ShowAsync(id, http.RequestAborted) is { } details) await Json(http, QueueText.Details(details), ApiJson.Default.QueueDetailsContract);
        else await Json(http, QueueText.Unknown(id.ToString()), ApiJson.Default.ProblemContract, 404);
    }

    private async Task Export(HttpContext http)
    {
        if (await FindId(http) is not { } id || relay.Store() is not { } store) return;
        using var export = await store.ExportAsync(id, http.RequestAborted);
        if (export is null)
        {
            await Json(http, QueueText.Unknown(id.ToString()), ApiJson.Default.ProblemContract, 404);
            return;
        }
        http.Audit("queue.export", id.ToString());
        http.Response.ContentType = "message/rfc822";
        http.Response.ContentLength = export.Content.Length;
        for (long offset = 0; offset < export.Content.Length;)
        {
            var memory = http.Response.BodyWriter.GetMemory(16 * 1024);
            int read = await export.Content.ReadAsync(offset, memory, http.RequestAborted);
            if (read == 0) break;
            http.Response.BodyWriter.Advance(read);
            offset += read;
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        }
    }

    private async Task Act(HttpContext http)
    {
        // JSON only: a web page elsewhere cannot post it to us without asking first (CORS), so it cannot touch the queue.
        if (http.Request.ContentLength > MaxRequestBytes || !http.Request.HasJsonContentType())
        {
            await Json(http, new ProblemContract("expected a JSON body of at most 64 KiB", "send it with Content-Type: application/json"), ApiJson.Default.ProblemContract, 415);
            return;
        }
        QueueActionContract? request;
        try
        {
            request = await JsonSerializer.DeserializeAsync(http.Request.Body, ApiJson.Default.QueueActionContract, http.RequestAborted);
        }
        catch (JsonException e)
        {
            await Json(http, new ProblemContract($"the body is not as expected: {e.Message}", "see docs/guide.md"), ApiJson.Default.ProblemContract, 400);
            return;
        }
        if (relay.Store() is not { } store) await Starting(http);
        else if (request is null) await Json(http, new ProblemContract("the body is null", "see docs/guide.md"), ApiJson.Default.ProblemContract, 400);
        else await Apply(http, store, request);
    }

    private static async Task Apply(HttpContext http, IQueueStore store, QueueActionContract request)
    {
        if (!Enum.TryParse<QueueAction>(request.Action, ignoreCase: true, out var action) || !char.IsAsciiLetter(request.Action[0]))
        {
            await Json(http, new ProblemContract($"no such action: {request.Action}", "use retry, hold, release, bounce or remove"), ApiJson.Default.ProblemContract, 400);
            return;
        }
        var filters = new Dictionary<string, string?> { ["destination"] = request.Destination, ["sender"] = request.Sender, ["recipient"] = request.Recipient, ["state"] = request.State, ["older_than"] = request.OlderThan };
        if (QueueText.ReadQuery(name => filters.GetValueOrDefault(name) is { Length: > 0 } value ? value : null, out var problem) is not { } query)
        {
            await Json(http, problem!, ApiJson.Default.ProblemContract, 400);
            return;
        }
        bool isFiltered = filters.Values.Any(v => !string.IsNullOrEmpty(v));
        if (!isFiltered && request.Ids is not { Count: > 0 } && !request.All)
        {
            await Json(http, new ProblemContract("no message named and no filter given", "name ids, give a filter, or say all"), ApiJson.Default.ProblemContract, 400);
            return;
        }
        int changed = 0;
        if (request.Ids is { Count: > 0 } ids)
        {
            foreach (string text in ids)
            {
                if (!MessageId.TryParse(text, out var id))
                {
                    await Json(http, QueueText.NotAnId(text), ApiJson.Default.ProblemContract, 400);
                    return;
                }
                changed += await store.UpdateAsync(query with { Id = id }, action, http.RequestAborted);
            }
        }
        else
        {
            changed = await store.UpdateAsync(query, action, http.RequestAborted);
        }
        string on = request.Ids is { Count: > 0 } named ? string.Join(' ', named) : isFiltered ? string.Join(' ', filters.Where(f => !string.IsNullOrEmpty(f.Value)).Select(f => $"{f.Key}={f.Value}")) : "all";
        http.Audit($"queue.{action.ToString().ToLowerInvariant()}", on, changed);
        await Json(http, new QueueActionResultContract(request.Action, changed), ApiJson.Default.QueueActionResultContract);
    }

    /// <summary>Null when the request has been answered already.</summary>
    private async Task<MessageId?> FindId(HttpContext http)
    {
        string text = http.Request.RouteValues["id"] as string ?? "";
        if (relay.Store() is null) await Starting(http);
        else if (MessageId.TryParse(text, out var id)) return id;
        else await Json(http, QueueText.NotAnId(text), ApiJson.Default.ProblemContract, 400);
        return null;
    }

    private static Task Starting(HttpContext http) => Json(http, new ProblemContract("the relay is starting", "try again in a moment"), ApiJson.Default.ProblemContract, 503);

    internal static Task Json<T>(HttpContext http, T value, JsonTypeInfo<T> type, int status = 200)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=utf-8";
        return JsonSerializer.SerializeAsync(http.Response.Body, value, type, http.RequestAborted);
    }
}
