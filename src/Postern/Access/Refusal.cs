using Postern.Api;

namespace Postern.Access;

/// <summary>Turns a request away, with what is wrong and how to mend it.</summary>
internal static class Refusal
{
    public static Task WriteAsync(HttpContext http, int status, string error, string mend) =>
        Endpoints.Json(http, new ProblemContract(error, mend), ApiJson.Default.ProblemContract, status);
}
