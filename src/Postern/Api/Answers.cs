using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Postern.Api;

/// <summary>What was asked for, or why it is refused.</summary>
internal readonly record struct Answer<T>(T? Value, ProblemContract? Problem)
    where T : class
{
    public static implicit operator Answer<T>(T value) => new(value, null);

    public static implicit operator Answer<T>(ProblemContract problem) => new(null, problem);
}

/// <summary>Writes answers and reads bodies.</summary>
internal static class Answers
{
    /// <summary>Of a JSON body that only names things.</summary>
    public const int MaxJsonBytes = 64 * 1024;

    public static Task Json<T>(HttpContext http, T value, JsonTypeInfo<T> type, int status = 200)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=utf-8";
        return JsonSerializer.SerializeAsync(http.Response.Body, value, type, http.RequestAborted);
    }

    public static Task Of<T>(HttpContext http, Answer<T> answer, JsonTypeInfo<T> type)
        where T : class
        => answer.Problem is { } problem ? Problem(http, problem) : Json(http, answer.Value!, type);

    /// <summary>RFC 9457.</summary>
    public static Task Problem(HttpContext http, ProblemContract problem)
    {
        http.Response.StatusCode = problem.Status;
        http.Response.ContentType = "application/problem+json";
        // The rest of what is too large is not read, so the connection ends: unless told, the client would find its next request broken.
        if (problem.Status == StatusCodes.Status413PayloadTooLarge) http.Response.Headers.Connection = "close";
        if (problem.Status == StatusCodes.Status503ServiceUnavailable && http.Response.Headers.RetryAfter.Count == 0) http.Response.Headers.RetryAfter = "5";
        return JsonSerializer.SerializeAsync(http.Response.Body, problem, ApiJson.Default.ProblemContract, http.RequestAborted);
    }

    public static Task Problem(HttpContext http, ProblemKind kind, string detail, string mend) => Problem(http, Problems.Of(kind, detail, mend));

    /// <summary>JSON only: a web page elsewhere cannot post it to us without asking first (CORS), so it cannot touch the queue. Null when the request has been answered.</summary>
    /// <param name="like">An example, for whoever got it wrong.</param>
    public static async Task<T?> ReadAsync<T>(HttpContext http, JsonTypeInfo<T> type, string like)
        where T : class
    {
        if (!http.Request.HasJsonContentType())
        {
            await Problem(http, ProblemKind.UnsupportedMediaType, "expected a JSON body", $"send {like} with Content-Type: application/json");
            return null;
        }
        if (http.Request.ContentLength > MaxJsonBytes)
        {
            await Problem(http, ProblemKind.BodyTooLarge, $"the body has {http.Request.ContentLength} bytes, more than {MaxJsonBytes}", "name fewer ids at once, or use filters");
            return null;
        }
        try
        {
            if (await JsonSerializer.DeserializeAsync(http.Request.Body, type, http.RequestAborted) is { } body) return body;
            await Problem(http, ProblemKind.InvalidBody, "the body is null", $"send {like}");
        }
        catch (JsonException e)
        {
            await Problem(http, ProblemKind.InvalidBody, $"the body is not as expected: {e.Message}", $"send {like}");
        }
        return null;
    }

    /// <summary>Null for absent and for empty.</summary>
    public static string? Query(this HttpContext http, string name) => http.Request.Query[name] is [{ Length: > 0 } value, ..] ? value : null;

    /// <summary>A switch: "name", "name=true" and "name=1" are on.</summary>
    public static bool IsOn(this HttpContext http, string name) => http.Request.Query[name] is ["true" or "1" or "", ..];
}
