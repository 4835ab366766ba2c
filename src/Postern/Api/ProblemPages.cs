using Microsoft.AspNetCore.Http.Features;

namespace Postern.Api;

/// <summary>Sees to it that nothing under /api answers an error without saying what is wrong: routes that do not exist, methods they do not take, bodies that are too large, and what broke.</summary>
internal sealed class ProblemPages(ILogger<ProblemPages> logger)
{
    public async Task RunAsync(HttpContext http, RequestDelegate next)
    {
        if (!http.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            await next(http);
            return;
        }
        try
        {
            await next(http);
        }
        catch (BadHttpRequestException e) when (!http.Response.HasStarted)
        {
            var kind = e.StatusCode == StatusCodes.Status413PayloadTooLarge ? ProblemKind.BodyTooLarge : ProblemKind.InvalidBody;
            await Answers.Problem(http, kind, e.Message, kind == ProblemKind.BodyTooLarge ? $"send less: this address takes at most {http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize} bytes" : "send the request whole");
            return;
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked is gone.
            return;
        }
        catch (Exception e) when (!http.Response.HasStarted && e is not OutOfMemoryException)
        {
            Core.Telemetry.PosternLog.RequestFailed(logger, http.Request.Method, http.Request.Path, e);
            await Answers.Problem(http, ProblemKind.Failed, "the request could not be carried out", "the relay's log says why; please report it");
            return;
        }
        if (http.Response.HasStarted || http.Response.ContentType is not null) return;
        if (http.Response.StatusCode == StatusCodes.Status404NotFound) await Answers.Problem(http, ProblemKind.NotFound, $"nothing is at {http.Request.Path}", "/api/v1/openapi.json describes all that is");
        if (http.Response.StatusCode == StatusCodes.Status405MethodNotAllowed)
            await Answers.Problem(http, ProblemKind.MethodNotAllowed, $"{http.Request.Path} does not take {http.Request.Method}", $"it takes {http.Response.Headers.Allow}");
    }
}
