using Postern.Access;
using Postern.Core.Diagnoses;

namespace Postern.Api;

/// <summary>The part of the API that explains: incidents, the last diagnoses, and checks on demand.</summary>
internal sealed class DiagnosisEndpoints(RelayView relay)
{
    /// <summary>A check opens dozens of connections: a page that is reloaded in a hurry must not become a scan.</summary>
    private const int MaxChecks = 2;

    private readonly SemaphoreSlim _checks = new(MaxChecks);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/incidents", (RequestDelegate)Incidents).Needs(ApiRole.Read);
        routes.MapGet("/api/v1/incidents/{id}", (RequestDelegate)Show).Needs(ApiRole.Read);
        routes.MapGet("/api/v1/diagnoses", (RequestDelegate)Diagnoses).Needs(ApiRole.Read);
        routes.MapGet("/api/v1/check", (RequestDelegate)Check).Needs(ApiRole.Operate);
    }

    private Task Incidents(HttpContext http)
    {
        bool all = http.Request.Query["all"] is ["true" or "1" or ""];
        IReadOnlyList<Incident> incidents = relay.Insight()?.Incidents(all) ?? [];
        return Endpoints.Json(http, new IncidentsContract(incidents), ApiJson.Default.IncidentsContract);
    }

    private Task Show(HttpContext http)
    {
        string id = http.Request.RouteValues["id"] as string ?? "";
        return relay.Insight()?.Incident(id) is { } incident
            ? Endpoints.Json(http, incident, ApiJson.Default.Incident)
            : Problem(http, 404, $"no incident {id}", "'postern incidents list --all' shows those that are known; the 200 that ended last are kept, older ones are in 'postern events --type incident.*'");
    }

    private Task Diagnoses(HttpContext http)
    {
        string? upstream = http.Request.Query["upstream"] is [{ Length: > 0 } name, ..] ? name : null;
        return Endpoints.Json(http, new DiagnosesContract(relay.Insight()?.Diagnoses(upstream) ?? []), ApiJson.Default.DiagnosesContract);
    }

    private async Task Check(HttpContext http)
    {
        if (http.Request.Query["target"] is not [{ Length: > 0 } target, ..])
        {
            await Problem(http, 400, "no target named", "add ?target= with an upstream's name, a domain, an address or host:port");
            return;
        }
        if (relay.Insight() is not { } insight)
        {
            await Problem(http, 503, "the relay is starting", "try again in a moment");
            return;
        }
        if (!_checks.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            await Problem(http, 503, "other checks are under way", "try again in half a minute, or run 'postern check' on the command line");
            return;
        }
        http.Audit("check", target);
        try
        {
            await Endpoints.Json(http, await insight.Check(target, http.RequestAborted), ApiJson.Default.DiagnosisReport);
        }
        catch (FormatException e)
        {
            await Problem(http, 400, $"not a target: {target}", e.Message);
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

    private static Task Problem(HttpContext http, int status, string error, string mend) => Endpoints.Json(http, new ProblemContract(error, mend), ApiJson.Default.ProblemContract, status);
}
