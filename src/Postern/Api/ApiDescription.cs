using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Postern.Api;

/// <summary>A parameter of an operation.</summary>
/// <param name="Type">string, integer or boolean.</param>
internal sealed record ApiParameter(string Name, string Description, string Type = "string", string? Example = null, bool IsRequired = false, ApiPlace In = ApiPlace.Query)
{
    public IReadOnlyList<string> Words { get; init; } = [];
    public int? Least { get; init; }
    public int? Most { get; init; }
}

/// <summary>Where a parameter stands.</summary>
internal enum ApiPlace
{
    Query,
    Path,
    Header,
}

/// <summary>A body that an operation takes.</summary>
/// <param name="Contract">Null for bytes.</param>
internal sealed record ApiBody(Type? Contract, string ContentType, string Description, string? Example = null);

/// <summary>What an operation answers when all is well.</summary>
/// <param name="Contract">Null where the body is no JSON.</param>
internal sealed record ApiAnswer(int Status, Type? Contract, string Description, string ContentType = "application/json", string? Example = null)
{
    /// <summary>Headers of it, by name.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
}

/// <summary>Refusals of an operation.</summary>
internal sealed record ApiRefusals(IReadOnlyList<ProblemKind> Kinds);

/// <summary>
/// What the API's document says of a route, beside its mapping: the routes themselves are plain request delegates that nothing binds by reflection. Whoever maps
/// a route under /api without this breaks a test.
/// </summary>
internal static class ApiDescription
{
    /// <summary>The framework's explorer lists endpoints that have a method, and reads nothing else off it here.</summary>
    private static readonly MethodInfo _anyMethod = typeof(ApiDescription).GetMethod(nameof(Any), BindingFlags.NonPublic | BindingFlags.Static)!;

    /// <param name="id">Name of a generated client's method.</param>
    public static IEndpointConventionBuilder Describe(this IEndpointConventionBuilder route, string id, string tag, string summary, string? description = null)
    {
        route.WithMetadata(_anyMethod, new EndpointNameMetadata(id), new TagsAttribute(tag), new EndpointSummaryAttribute(summary));
        return description is null ? route : route.WithMetadata(new EndpointDescriptionAttribute(description));
    }

    public static IEndpointConventionBuilder Takes(this IEndpointConventionBuilder route, params IReadOnlyList<ApiParameter> parameters) => route.WithMetadata([.. parameters]);

    /// <summary>Its content types are not told to the framework, whose routing would refuse others without a word.</summary>
    public static IEndpointConventionBuilder TakesBody<T>(this IEndpointConventionBuilder route, string description, string example) =>
        route.WithMetadata(new ApiBody(typeof(T), "application/json", description, example), new AcceptsMetadata([], typeof(T)));

    public static IEndpointConventionBuilder TakesBytes(this IEndpointConventionBuilder route, string contentType, string description, string example) =>
        route.WithMetadata(new ApiBody(null, contentType, description, example));

    public static IEndpointConventionBuilder Gives<T>(this IEndpointConventionBuilder route, string description, string? example = null, int status = 200, IReadOnlyDictionary<string, string>? headers = null) =>
        route.WithMetadata(new ApiAnswer(status, typeof(T), description, Example: example) { Headers = headers ?? new Dictionary<string, string>() }, new ProducesResponseTypeMetadata(status, typeof(T), ["application/json"]));

    public static IEndpointConventionBuilder GivesText(this IEndpointConventionBuilder route, string contentType, string description, string example) =>
        route.WithMetadata(new ApiAnswer(200, null, description, contentType, example));

    public static IEndpointConventionBuilder Refuses(this IEndpointConventionBuilder route, params IReadOnlyList<ProblemKind> kinds)
    {
        var statuses = kinds.Select(k => ProblemTypes.Of(k).Status).Distinct().Where(s => s != StatusCodes.Status503ServiceUnavailable);
        return route.WithMetadata([new ApiRefusals([.. kinds]), .. statuses.Select(s => new ProducesResponseTypeMetadata(s, typeof(ProblemContract), ["application/problem+json"]))]);
    }

    private static void Any(HttpContext http) => throw new NotSupportedException(http.Request.Path);
}
