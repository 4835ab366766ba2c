using Postern.Access;
using Postern.Core.Diagnoses;
using Postern.Diagnosis.Causes;

namespace Postern.Api;

/// <summary>The part of the API that explains: incidents, the last diagnoses, and checks on demand.</summary>
internal sealed class DiagnosisEndpoints(RelayView relay)
{
    /// <summary>A check opens dozens of connections: a page that is reloaded in a hurry must not become a scan.</summary>
    private const int MaxChecks = 2;

    private readonly SemaphoreSlim _checks = new(MaxChecks);

    private const int UsualPage = 1000, MaxPage = 5000;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/incidents", (RequestDelegate)Incidents).Needs(ApiRole.Read)
            .Describe("listIncidents", "Incidents", "Troubles of upstreams", "Those that go on, most waiting mail first; with 'all' also the 200 that ended last, newest first.")
            .Takes([new ApiParameter("all", "Also those that are over.", "boolean", "true"), new ApiParameter("upstream", "Of this upstream, MX host or domain.", Example: "provider"), new ApiParameter("cause", "Of this cause id.", Example: "rate-limited"), .. Paging.Parameters(UsualPage, MaxPage, "incident")])
            .Gives<IncidentsContract>("A page.", $$"""{"incidents":[{{ApiExamples.Incident}}]}""")
            .Refuses(ProblemKind.InvalidParameter);
        routes.MapGet("/api/v1/incidents/{id}", (RequestDelegate)Show).Needs(ApiRole.Read)
            .Describe("getIncident", "Incidents", "One incident", "With its evidence, what was done about it, and the fix.")
            .Takes(new ApiParameter("id", "An incident's id.", Example: "01kb2d3e4f5g6", IsRequired: true, In: ApiPlace.Path))
            .Gives<Incident>("The incident.", ApiExamples.Incident)
            .Refuses(ProblemKind.UnknownIncident);
        routes.MapGet("/api/v1/diagnoses", (RequestDelegate)Diagnoses).Needs(ApiRole.Read)
            .Describe("listDiagnoses", "Incidents", "The last diagnosis of each upstream that failed lately")
            .Takes([new ApiParameter("upstream", "Of this one only.", Example: "provider"), .. Paging.Parameters(UsualPage, MaxPage, "upstream")])
            .Gives<DiagnosesContract>("A page.", $$"""{"diagnoses":[{"upstream":"provider","seen_at":"2026-01-02T03:09:06+00:00","diagnosis":{{ApiExamples.Diagnosis}} }]}""")
            .Refuses(ProblemKind.InvalidParameter);
        routes.MapGet("/api/v1/check", (RequestDelegate)Check).Needs(ApiRole.Operate)
            .Describe("checkTarget", "Incidents", "Examine a destination", "Everything that 'postern check' does, from where the relay runs, without sending mail. It takes up to a minute; two run at a time.")
            .Takes(new ApiParameter("target", "An upstream by name, a domain, an address, or host:port.", Example: "example.org", IsRequired: true))
            .Gives<DiagnosisReport>("What was found.", ApiExamples.Diagnosis)
            .Refuses(ProblemKind.InvalidParameter, ProblemKind.Starting, ProblemKind.Busy);
    }

    private Task Incidents(HttpContext http)
    {
        if (Paging.Read(http, UsualPage, MaxPage, out var problem) is not { } paging) return Answers.Problem(http, problem!);
        string? upstream = http.Query("upstream"), cause = http.Query("cause");
        var all = (relay.Insight()?.Incidents(http.IsOn("all")) ?? []).Where(i => (upstream is null || i.Upstream.Equals(upstream, StringComparison.OrdinalIgnoreCase)) && (cause is null || i.Cause.Equals(cause, StringComparison.OrdinalIgnoreCase)));
        return paging.TryCut([.. all], i => i.Id, out var page, out string? next)
            ? Answers.Json(http, new IncidentsContract(page) { Next = next }, ApiJson.Default.IncidentsContract)
            : Answers.Problem(http, paging.Gone());
    }

    private Task Show(HttpContext http)
    {
        string id = http.Request.RouteValues["id"] as string ?? "";
        return relay.Insight()?.Incident(id) is { } incident
            ? Answers.Json(http, incident, ApiJson.Default.Incident)
            : Answers.Problem(http, ProblemKind.UnknownIncident, $"no incident {id}", "'postern incidents list --all' shows those that are known; the 200 that ended last are kept, older ones are in 'postern events --type incident.*'");
    }

    private Task Diagnoses(HttpContext http)
    {
        if (Paging.Read(http, UsualPage, MaxPage, out var problem) is not { } paging) return Answers.Problem(http, problem!);
        return paging.TryCut(relay.Insight()?.Diagnoses(http.Query("upstream")) ?? [], d => d.Upstream, out var page, out string? next)
            ? Answers.Json(http, new DiagnosesContract(page) { Next = next }, ApiJson.Default.DiagnosesContract)
            : Answers.Problem(http, paging.Gone());
    }

    private async Task Check(HttpContext http)
    {
        if (http.Query("target") is not { } target)
        {
            await Answers.Problem(http, ProblemKind.InvalidParameter, "no target named", "add ?target= with an upstream's name, a domain, an address or host:port");
            return;
        }
        if (relay.Insight() is not { } insight)
        {
            await Answers.Problem(http, Problems.Starting);
            return;
        }
        if (!_checks.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            await Answers.Problem(http, ProblemKind.Busy, "other checks are under way", "try again in half a minute, or run 'postern check' on the command line");
            return;
        }
        http.Audit("check", target);
        try
        {
            await Answers.Json(http, await insight.Check(target, http.RequestAborted), ApiJson.Default.DiagnosisReport);
        }
        catch (FormatException e)
        {
            await Answers.Problem(http, ProblemKind.InvalidParameter, $"not a target: {target}", e.Message);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked is gone.
        }
        finally
        {
            _checks.Release();
        }
    }
}
