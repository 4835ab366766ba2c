using Postern.Api;
using Postern.Core.Telemetry;

namespace Postern.Access;

/// <summary>A route that answers everybody: health, and what is needed to sign in. All others say which role they need.</summary>
internal sealed record PublicRoute
{
    public static readonly PublicRoute Mark = new();
}

internal static class PublicRouteMetadata
{
    public static TBuilder OpenToAll<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
        => builder.WithMetadata(PublicRoute.Mark);
}

/// <summary>Lets a request through to its route, or turns it away: who it is, from which page, with which role. Tells the audit log what was done and what was refused.</summary>
internal sealed class AccessGate(HttpAccess access)
{
    private readonly CallerFinder _finder = new(access);

    public async Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        // What is no route is answered 404 or 405 by what comes after, to everybody alike.
        if (http.GetEndpoint() is not RouteEndpoint endpoint)
        {
            await next(http);
            return;
        }
        bool isPublic = endpoint.Metadata.GetMetadata<PublicRoute>() is not null;
        var needed = endpoint.Metadata.GetMetadata<NeededRole>();
        if (!isPublic && needed is null)
        {
            PosternLog.RouteWithoutRole(access.Logger, endpoint.RoutePattern.RawText ?? "");
            await Answers.Problem(http, ProblemKind.Forbidden, "this route says of nobody that he may use it", "this is a mistake in Postern; please report it");
            return;
        }
        // Health is asked every second by what knows nothing of tokens; who it is does not matter.
        if (isPublic)
        {
            if (OriginGuard.Problem(http.Request, byCookie: false) is { } foreign) await ForeignAsync(http, null, foreign);
            else await next(http);
            return;
        }
        var found = await _finder.FindAsync(http);
        if (found.Caller is not { } caller) await UnknownAsync(http, found);
        else if (OriginGuard.Problem(http.Request, found.ByCookie) is { } foreign) await ForeignAsync(http, caller, foreign);
        else if (!caller.May(needed!.Role)) await ForbiddenAsync(http, caller, needed.Role);
        else await PassAsync(http, next, caller, needed.Role);
    }

    private async Task PassAsync(HttpContext http, RequestDelegate next, Caller caller, ApiRole needed)
    {
        http.User = (caller with { From = ProxyPeer.Client(http).ToString() }).ToPrincipal();
        try
        {
            await next(http);
        }
        catch (Exception) when (!http.RequestAborted.IsCancellationRequested)
        {
            Tell(http, caller, needed, "failed");
            throw;
        }
        Tell(http, caller, needed, http.Features.Get<AuditNote>()?.Outcome ?? (http.RequestAborted.IsCancellationRequested ? "broken off" : http.Response.StatusCode < 400 ? "done" : $"refused with {http.Response.StatusCode}"));
    }

    /// <summary>Mail that is handed in has a log line of its own for each message, with who sent it, and is no action of an operator.</summary>
    private void Tell(HttpContext http, Caller caller, ApiRole needed, string outcome)
    {
        var note = http.Features.Get<AuditNote>();
        bool isSafe = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) || HttpMethods.IsConnect(http.Request.Method);
        // A page's own traffic (its socket and its keep-alive) is no action: what people do on pages is told by the page.
        bool isInteractive = http.GetEndpoint()?.Metadata.GetMetadata<InteractiveRoute>() is not null;
        if (note is { IsNothing: true } || note is null && (isSafe || isInteractive || needed == ApiRole.Send)) return;
        access.Audit.Action(caller, note?.Did ?? Words(http), note?.On, note?.Count, outcome, ProxyPeer.Client(http).ToString());
    }

    private Task UnknownAsync(HttpContext http, in FoundCaller found)
    {
        string from = ProxyPeer.Client(http).ToString();
        if (found.Problem is not null) access.Audit.Refused(null, from, Words(http), found.Problem);
        if (found.Status == 403) return Answers.Problem(http, ProblemKind.Forbidden, found.Problem!, found.Mend!);
        if (found.Status == 401 && WantsPage(http.Request))
        {
            http.Response.Redirect(SignInPages.Address(http.Request.PathBase + http.Request.Path + http.Request.QueryString));
            return Task.CompletedTask;
        }
        if (found.Status == 401) http.Response.Headers.WWWAuthenticate = "Bearer realm=\"postern\"";
        else http.Response.Headers.RetryAfter = "600";
        return Answers.Problem(http, found.Status == 401 ? ProblemKind.Unauthenticated : ProblemKind.Throttled, found.Problem ?? "this relay asks who you are", found.Mend ?? "send Authorization: Bearer TOKEN; the commands take it from POSTERN_TOKEN or --token-file");
    }

    private Task ForeignAsync(HttpContext http, Caller? caller, string problem)
    {
        access.Audit.Refused(caller, ProxyPeer.Client(http).ToString(), Words(http), problem);
        return Answers.Problem(http, ProblemKind.CrossOrigin, $"the request is refused: {problem}", "use this server's own pages; behind a proxy, have it pass the Host header on, or X-Forwarded-Host from an address in http.proxy.networks");
    }

    private Task ForbiddenAsync(HttpContext http, Caller caller, ApiRole needed)
    {
        access.Audit.Refused(caller, ProxyPeer.Client(http).ToString(), Words(http), $"needs the role {Caller.Word(needed)}");
        return Answers.Problem(http, ProblemKind.Forbidden, $"{caller.Name} has the role {caller.RoleWord}, and this needs {Caller.Word(needed)}", "ask who runs this relay for that role");
    }

    /// <summary>A person with a browser, and not a script of a page or a program.</summary>
    private static bool WantsPage(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase) && request.Headers["Sec-Fetch-Mode"] is [] or ["navigate"];

    private static string Words(HttpContext http) => $"{http.Request.Method} {http.Request.Path}";
}

/// <summary>A route that a page uses by itself, without anybody having done something.</summary>
internal sealed record InteractiveRoute
{
    public static readonly InteractiveRoute Mark = new();
}
