using Postern.Access;
using Postern.Core.Queue;

namespace Postern.Api;

/// <summary>The HTTP API's own part: health and status. Plain request delegates everywhere: no binding by reflection, little memory; what the document says of them stands beside the mapping.</summary>
internal sealed class Endpoints(RelayView relay)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", (RequestDelegate)Live).OpenToAll()
            .Describe("getLive", "Health", "Whether the process lives")
            .GivesText("text/plain", "It does.", "live\n");
        routes.MapGet("/health/ready", (RequestDelegate)Ready).OpenToAll()
            .Describe("getReady", "Health", "Whether mail is taken and delivered")
            .Gives<ReadinessContract>("It is ready.", """{"ready":true,"problems":[]}""")
            .Gives<ReadinessContract>("It is not, and why.", """{"ready":false,"problems":["the relay is starting: the queue is being read"]}""", 503);
        routes.MapGet("/api/v1/status", (RequestDelegate)Status).Needs(ApiRole.Read)
            .Describe("getStatus", "Relay", "How the relay is", "What waits, open incidents, what fails: what 'postern status --json' prints.")
            .Gives<StatusContract>("How it is now.", ApiExamples.Status);
        routes.MapGet(ProblemTypes.Path + "/{name}", (RequestDelegate)ProblemKinds).Needs(ApiRole.Read)
            .Describe("getProblemType", "Relay", "What a kind of problem means", "Where 'type' of every problem points (RFC 9457).")
            .Takes(new ApiParameter("name", "The last part of a problem's type.", Example: "unknown-message", IsRequired: true, In: ApiPlace.Path))
            .Gives<ProblemTypeContract>("The kind of problem.", """{"type":"/api/v1/problems/unknown-message","title":"No such message waits","status":404}""")
            .Refuses(ProblemKind.NotFound);
    }

    private static Task Live(HttpContext http)
    {
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync("live\n", http.RequestAborted);
    }

    private Task Ready(HttpContext http)
    {
        var problems = relay.Problems();
        return Answers.Json(http, new ReadinessContract(problems.Count == 0, problems), ApiJson.Default.ReadinessContract, problems.Count == 0 ? 200 : 503);
    }

    private Task Status(HttpContext http)
    {
        var stats = relay.Store()?.Stats ?? new QueueStats { AcceptsMail = false };
        var problems = relay.Problems();
        return Answers.Json(http, new StatusContract
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

    private static Task ProblemKinds(HttpContext http)
    {
        string name = http.Request.RouteValues["name"] as string ?? "";
        return ProblemTypes.All.FirstOrDefault(t => t.Word == name) is { } type
            ? Answers.Json(http, new ProblemTypeContract(type.Uri, type.Title, type.Status), ApiJson.Default.ProblemTypeContract)
            : Answers.Problem(http, ProblemKind.NotFound, $"no kind of problem is called {name}", "take the address from a problem's type");
    }
}
