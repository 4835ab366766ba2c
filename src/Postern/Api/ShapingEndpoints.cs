using Postern.Access;

namespace Postern.Api;

/// <summary>The part of the API about upstreams and our own addresses: health, limits, rests, warm-ups.</summary>
internal sealed class ShapingEndpoints(RelayView relay)
{
    private const int UsualPage = 200, MaxPage = 2000;
    private const string Like = """{"name":"provider"}""";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/upstreams", (RequestDelegate)Upstreams).Needs(ApiRole.Read)
            .Describe("listUpstreams", "Upstreams", "Upstreams and MX hosts in use", "Up or down, sessions, what was learned of their limits, which of our addresses rest there.")
            .Takes([new ApiParameter("state", "up, down or probing.", Example: "down") { Words = ["up", "down", "probing"] }, new ApiParameter("name", "Names that contain this.", Example: "mx"), .. Paging.Parameters(UsualPage, MaxPage, "name")])
            .Gives<UpstreamsContract>("A page, and the groups that its upstreams are in.", ApiExamples.Upstreams)
            .Refuses(ProblemKind.InvalidParameter);
        routes.MapGet("/api/v1/egress", (RequestDelegate)(http => Answers.Json(http, new EgressesContract(relay.Shaping()?.Egress() ?? []), ApiJson.Default.EgressesContract))).Needs(ApiRole.Read)
            .Describe("listEgress", "Upstreams", "Our own addresses", "Where each sends, rests and is warmed up. As many as are configured.")
            .Gives<EgressesContract>("The addresses.", ApiExamples.Egress);
        routes.MapPost("/api/v1/upstreams/reset", (RequestDelegate)ResetAsync).Needs(ApiRole.Operate)
            .Describe("resetUpstream", "Upstreams", "Forget what was learned of an upstream", "Its limits, that our addresses rest there, and that it is out of its turn; what waits for it goes at once. Done twice it does no more than once.")
            .TakesBody<ResetContract>("Of which: an upstream, a provider, a group or an MX host.", Like)
            .Gives<ResetResultContract>("What was forgotten.", """{"upstreams":["provider"],"limits":2,"rests":1}""")
            .Refuses(ProblemKind.InvalidParameter, ProblemKind.InvalidBody, ProblemKind.BodyTooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.UnknownUpstream, ProblemKind.Starting);
    }

    private Task Upstreams(HttpContext http)
    {
        if (Paging.Read(http, UsualPage, MaxPage, out var problem) is not { } paging) return Answers.Problem(http, problem!);
        string? state = http.Query("state"), name = http.Query("name");
        if (state is not (null or "up" or "down" or "probing")) return Answers.Problem(http, ProblemKind.InvalidParameter, $"no such state: {state}", "use up, down or probing");
        var all = relay.Upstreams().Where(u => (state is null || u.State == state) && (name is null || u.Name.Contains(name, StringComparison.OrdinalIgnoreCase)));
        if (!paging.TryCut([.. all], u => u.Name, out var page, out string? next)) return Answers.Problem(http, paging.Gone());
        var groups = relay.Shaping()?.Groups() ?? [];
        bool isWhole = next is null && state is null && name is null && paging.After is null;
        if (!isWhole)
        {
            var shown = page.Select(u => u.Group).ToHashSet(StringComparer.Ordinal);
            groups = [.. groups.Where(g => shown.Contains(g.Name))];
        }
        return Answers.Json(http, new UpstreamsContract(page) { Groups = groups, Next = next }, ApiJson.Default.UpstreamsContract);
    }

    private async Task ResetAsync(HttpContext http)
    {
        if (await Answers.ReadAsync(http, ApiJson.Default.ResetContract, Like) is not { } request) return;
        if (request.Name is not { Length: > 0 } name) await Answers.Problem(http, ProblemKind.InvalidParameter, "no upstream named", $"send {Like}; 'postern upstreams' shows the names");
        else if (relay.Shaping() is not { } shaping) await Answers.Problem(http, Problems.Starting);
        else if (shaping.Reset(name) is { } result)
        {
            http.Audit("upstreams.reset", name);
            await Answers.Json(http, result, ApiJson.Default.ResetResultContract);
        }
        else await Answers.Problem(http, ProblemKind.UnknownUpstream, $"nothing is known of an upstream {name}", "'postern upstreams --all' shows the names: of upstreams, providers and MX hosts that mail was sent to");
    }
}
