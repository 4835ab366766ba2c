namespace Postern.Api;

/// <summary>What a caller must be allowed to do before a route answers.</summary>
internal enum ApiRole
{
    /// <summary>To look: the queue, incidents, limits, events.</summary>
    Read,

    /// <summary>To act on mail and upstreams.</summary>
    Operate,

    /// <summary>To see or change the relay itself.</summary>
    Admin,

    /// <summary>To hand in mail, and nothing else.</summary>
    Send,
}

/// <summary>The role that a route asks for, beside its mapping: what checks it finds it at the endpoint.</summary>
internal sealed record NeededRole(ApiRole Role);

internal static class ApiRoleMetadata
{
    public static TBuilder Needs<TBuilder>(this TBuilder builder, ApiRole role)
        where TBuilder : IEndpointConventionBuilder
        => builder.WithMetadata(new NeededRole(role));
}
