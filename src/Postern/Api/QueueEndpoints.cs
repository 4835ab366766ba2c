using System.Globalization;
using Postern.Access;
using Postern.Core.Queue;

namespace Postern.Api;

/// <summary>The part of the API about waiting mail, over <see cref="QueueDesk"/>.</summary>
internal sealed class QueueEndpoints(QueueDesk desk)
{
    private const int MaxPage = 1000;
    private const int MaxKeyChars = 255;

    /// <summary>Below what usual clients and proxies wait for an answer.</summary>
    private static readonly TimeSpan UsualWait = TimeSpan.FromSeconds(10), MaxWait = TimeSpan.FromSeconds(20);

    private const string Like = """{"action":"retry","destination":"pool:provider"}""";
    private const string Done = """{"operation":"19c2f6e5a01","action":"hold","state":"done","messages":3,"matching":{"messages":3,"bytes":12288,"waiting":1,"deferred":2,"leased":0,"held":0,"up_to":"01kb2d3e4f5g6"},"started_at":"2026-01-02T03:04:05+00:00","ended_at":"2026-01-02T03:04:05+00:00"}""";
    private const string Running = """{"operation":"19c2f6e5a01","action":"hold","state":"running","messages":20480,"started_at":"2026-01-02T03:04:05+00:00"}""";

    private static readonly ApiParameter IdParameter = new("id", "A queue id: 13 letters and digits.", Example: "01kb2d3e4f5g6", IsRequired: true, In: ApiPlace.Path);
    private static readonly ApiParameter OperationParameter = new("operation", "As the action answered it.", Example: "19c2f6e5a01", IsRequired: true, In: ApiPlace.Path);
    private static readonly ApiParameter PreferParameter = new("Prefer", "How long to wait for the end (RFC 7240): wait=SECONDS, at most 20, 10 without it; respond-async for not at all.", Example: "wait=5", In: ApiPlace.Header);

    internal static readonly ApiParameter KeyParameter = new("Idempotency-Key", "A text of the client's own, at most 255 characters; another request with it is the same one, and is answered as the first was. Kept for a day, 10,000 of them, while the relay runs.", Example: "7f3c2a10", In: ApiPlace.Header);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/queue", (RequestDelegate)ListAsync).Needs(ApiRole.Read)
            .Describe("listQueue", "Queue", "Search waiting mail", "All filters that are given have to match. Nothing is read from disk but the page itself: a million waiting messages are searched in a fraction of a second.")
            .Takes([.. QueueFilters.All.Select(f => new ApiParameter(f.Name, f.Description, Example: f.Example) { Words = f.Name == "state" ? ["waiting", "deferred", "leased", "held"] : [] }),
                new ApiParameter("order", "oldest (first; without it) or newest.", Example: "newest") { Words = ["oldest", "newest"] },
                new ApiParameter("limit", "Messages at most; 100 without it.", "integer", "50") { Least = 1, Most = MaxPage },
                new ApiParameter("after", "Continue behind this message: 'next' of the page before. Pages go by id, so a message is never shown twice and none is left out, whatever comes and goes."),
                new ApiParameter("count", "Also count all that match.", "boolean", "true")])
            .Gives<QueuePageContract>("A page.", $$"""{"messages":[{{ApiExamples.QueueItem}}]}""")
            .Refuses(ProblemKind.InvalidParameter, ProblemKind.Starting);
        routes.MapGet("/api/v1/queue/{id}", (RequestDelegate)ShowAsync).Needs(ApiRole.Read)
            .Describe("getMessage", "Queue", "One message", "Envelope, recipients, and the last attempts with their transcripts.")
            .Takes(IdParameter)
            .Gives<QueueDetailsContract>("The message.", ApiExamples.QueueDetails)
            .Refuses(ProblemKind.InvalidParameter, ProblemKind.UnknownMessage, ProblemKind.Starting);
        routes.MapGet("/api/v1/queue/{id}/message", (RequestDelegate)ExportAsync).Needs(ApiRole.Operate)
            .Describe("getMessageContent", "Queue", "A message's bytes, as they will be sent")
            .Takes(IdParameter)
            .GivesText("message/rfc822", "The message.", "From: app@example.org\r\nTo: you@example.net\r\nSubject: Hello\r\n\r\nHello\r\n")
            .Refuses(ProblemKind.InvalidParameter, ProblemKind.UnknownMessage, ProblemKind.Starting);
        routes.MapPost("/api/v1/queue/actions", (RequestDelegate)ActAsync).Needs(ApiRole.Operate)
            .Describe("actOnQueue", "Queue", "Retry, hold, release, bounce or remove", "On the messages that are named, or on all that match. With dry_run it is only counted. An action goes on when whoever asked for it leaves; done twice it does no more than once: what is held stays held, what is gone is not found again.")
            .Takes(KeyParameter, PreferParameter)
            .TakesBody<QueueActionContract>("What, and on which messages. Without a filter nothing is done unless 'all' is true.", Like)
            .Gives<QueueActionResultContract>("It is done, or counted.", Done)
            .Gives<QueueActionResultContract>("It goes on.", Running, 202, new Dictionary<string, string> { ["Location"] = "Where to ask how far it is." })
            .Refuses(ProblemKind.InvalidParameter, ProblemKind.InvalidBody, ProblemKind.BodyTooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.KeyReused, ProblemKind.Busy, ProblemKind.Starting);
        routes.MapGet("/api/v1/queue/operations", (RequestDelegate)(http => Answers.Json(http, desk.Operations(), ApiJson.Default.QueueOperationsContract))).Needs(ApiRole.Read)
            .Describe("listOperations", "Queue", "Actions that go on or ended lately", "The last hundred, newest first.")
            .Gives<QueueOperationsContract>("The actions.", $$"""{"operations":[{{Done}}]}""");
        routes.MapGet("/api/v1/queue/operations/{operation}", (RequestDelegate)(http => Answers.Of(http, desk.Operation(Name(http)), ApiJson.Default.QueueActionResultContract))).Needs(ApiRole.Read)
            .Describe("getOperation", "Queue", "How far an action is")
            .Takes(OperationParameter)
            .Gives<QueueActionResultContract>("The action.", Done)
            .Refuses(ProblemKind.UnknownOperation);
        routes.MapDelete("/api/v1/queue/operations/{operation}", (RequestDelegate)CancelAsync).Needs(ApiRole.Operate)
            .Describe("cancelOperation", "Queue", "Stop an action", "What is done stays done. One that is over stays as it was.")
            .Takes(OperationParameter)
            .Gives<QueueActionResultContract>("The action as it is now.", Done)
            .Refuses(ProblemKind.UnknownOperation);
    }

    private async Task ListAsync(HttpContext http)
    {
        if (ReadQuery(http, out var problem) is { } query) await Answers.Of(http, await desk.SearchAsync(query, http.IsOn("count"), http.RequestAborted), ApiJson.Default.QueuePageContract);
        else await Answers.Problem(http, problem!);
    }

    private static QueueQuery? ReadQuery(HttpContext http, out ProblemContract? problem)
    {
        if (QueueFilters.Read(http.Query, out problem) is not { } query || Paging.Read(http, 100, MaxPage, out problem) is not { } paging) return null;
        query = query with { Limit = paging.Limit, NewestFirst = http.Query("order") == "newest" };
        if (http.Query("order") is { } order and not ("newest" or "oldest")) problem = Problems.Wrong($"no such order: {order}", "use oldest or newest");
        if (paging.After is { } after)
        {
            if (MessageId.TryParse(after, out var id)) query = query with { After = id };
            else problem = Problems.NotAnId(after);
        }
        return problem is null ? query : null;
    }

    private async Task ShowAsync(HttpContext http) => await Answers.Of(http, await desk.ShowAsync(Id(http), http.RequestAborted), ApiJson.Default.QueueDetailsContract);

    private async Task ExportAsync(HttpContext http)
    {
        var answer = await desk.ExportAsync(Id(http), http.RequestAborted);
        if (answer.Problem is { } problem)
        {
            await Answers.Problem(http, problem);
            return;
        }
        using var export = answer.Value!;
        http.Audit("queue.export", Id(http));
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

    private async Task ActAsync(HttpContext http)
    {
        if (await Answers.ReadAsync(http, ApiJson.Default.QueueActionContract, Like) is not { } request) return;
        if (!TryKey(http, out string? key, out var problem))
        {
            await Answers.Problem(http, problem!);
            return;
        }
        var answer = await desk.ActAsync(request, key, Wait(http), http.RequestAborted);
        if (answer.Value is { } done) http.Audit(QueueText.Note(request, done));
        if (answer.Problem is not null || answer.Value!.State != "running")
        {
            await Answers.Of(http, answer, ApiJson.Default.QueueActionResultContract);
            return;
        }
        http.Response.Headers.Location = $"/api/v1/queue/operations/{answer.Value.Operation}";
        await Answers.Json(http, answer.Value, ApiJson.Default.QueueActionResultContract, StatusCodes.Status202Accepted);
    }

    private async Task CancelAsync(HttpContext http)
    {
        http.Audit("queue.cancel", Name(http));
        await Answers.Of(http, await desk.CancelAsync(Name(http), UsualWait, http.RequestAborted), ApiJson.Default.QueueActionResultContract);
    }

    /// <summary>False when the header cannot be a key. Keys of different callers do not meet.</summary>
    internal static bool TryKey(HttpContext http, out string? key, out ProblemContract? problem)
    {
        (key, problem) = (null, null);
        if (http.Request.Headers["Idempotency-Key"] is not [{ Length: > 0 } text, ..]) return true;
        if (text.Length > MaxKeyChars || text.Any(c => c is < ' ' or > '~'))
        {
            problem = Problems.Wrong("the Idempotency-Key is no key", $"use 1 to {MaxKeyChars} printable characters of US-ASCII");
            return false;
        }
        key = http.User.Identity?.Name + '\n' + text;
        return true;
    }

    private static TimeSpan Wait(HttpContext http)
    {
        foreach (string? prefer in http.Request.Headers["Prefer"].SelectMany(p => (p ?? "").Split(',', StringSplitOptions.TrimEntries)))
        {
            if (prefer.Equals("respond-async", StringComparison.OrdinalIgnoreCase)) return TimeSpan.Zero;
            if (prefer.StartsWith("wait=", StringComparison.OrdinalIgnoreCase) && int.TryParse(prefer.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds))
                return TimeSpan.FromSeconds(Math.Min(seconds, MaxWait.TotalSeconds));
        }
        return UsualWait;
    }

    private static string Id(HttpContext http) => http.Request.RouteValues["id"] as string ?? "";

    private static string Name(HttpContext http) => http.Request.RouteValues["operation"] as string ?? "";
}
