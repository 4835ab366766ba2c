using Postern.Api;

namespace Postern.Access;

/// <summary>Turns a request away, with what is wrong and how to mend it.</summary>
internal static class Refusal
{
    public static Task WriteAsync(HttpContext http, int status, string detail, string mend) => Answers.Problem(http, Kind(status), detail, mend);

    private static ProblemKind Kind(int status) => status switch
    {
        401 => ProblemKind.Unauthenticated,
        429 => ProblemKind.TooManyAttempts,
        503 => ProblemKind.Starting,
        _ => ProblemKind.Forbidden,
    };
}
