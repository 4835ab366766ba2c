using System.Security.Claims;
using System.Text.Json;
using Postern.Api;

namespace Postern.Access;

/// <summary>Who makes a request, and what he may do. On the request it is the user's principal, which pages and endpoints read with <see cref="Of"/>.</summary>
/// <param name="Name">Of the token or the person; "local" where nobody has to say who he is.</param>
/// <param name="Way">local, token, oidc or proxy.</param>
internal sealed record Caller(string Name, ApiRole Role, string Way)
{
    internal const string WayClaim = "postern:way", RoleClaim = "postern:role", NameClaim = "postern:name", MarkClaim = "postern:mark", FromClaim = "postern:from";

    /// <summary>Of the token: a page that is open longer than the token is good can be told. Null for others.</summary>
    public string? Mark { get; init; }

    /// <summary>Address of the client; null where that is not known.</summary>
    public string? From { get; init; }

    public string RoleWord => Word(Role);

    /// <summary>Read is in operate, and both in admin. To hand in mail is an action, so that operate has it too; send has nothing else.</summary>
    public static bool Allows(ApiRole role, ApiRole needed) => needed switch
    {
        ApiRole.Read => role is ApiRole.Read or ApiRole.Operate or ApiRole.Admin,
        ApiRole.Operate => role is ApiRole.Operate or ApiRole.Admin,
        ApiRole.Admin => role is ApiRole.Admin,
        ApiRole.Send => role is ApiRole.Send or ApiRole.Operate or ApiRole.Admin,
        _ => false,
    };

    public bool May(ApiRole needed) => Allows(Role, needed);

    public static string Word(ApiRole role) => JsonNamingPolicy.SnakeCaseLower.ConvertName(role.ToString());

    /// <summary>Null for a principal that the gate has not made.</summary>
    public static Caller? Of(ClaimsPrincipal user) =>
        user.FindFirstValue(NameClaim) is { } name && user.FindFirstValue(WayClaim) is { } way && Enum.TryParse<ApiRole>(user.FindFirstValue(RoleClaim), out var role)
            ? new Caller(name, role, way) { Mark = user.FindFirstValue(MarkClaim), From = user.FindFirstValue(FromClaim) } : null;

    /// <summary>Its roles are the words read, operate, admin and send, each that is allowed, so that [Authorize(Roles = "operate")] and AuthorizeView work.</summary>
    public ClaimsPrincipal ToPrincipal()
    {
        var identity = new ClaimsIdentity(Way, NameClaim, ClaimTypes.Role);
        identity.AddClaim(new Claim(NameClaim, Name));
        identity.AddClaim(new Claim(WayClaim, Way));
        identity.AddClaim(new Claim(RoleClaim, Role.ToString()));
        if (Mark is not null) identity.AddClaim(new Claim(MarkClaim, Mark));
        if (From is not null) identity.AddClaim(new Claim(FromClaim, From));
        foreach (var role in Enum.GetValues<ApiRole>())
            if (May(role)) identity.AddClaim(new Claim(ClaimTypes.Role, Word(role)));
        return new ClaimsPrincipal(identity);
    }
}
