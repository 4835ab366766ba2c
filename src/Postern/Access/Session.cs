using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Postern.Api;

namespace Postern.Access;

/// <summary>
/// What a browser's session remembers: who, how he signed in, and what that rests on. The role is found anew for each request, so that it ends or changes with the configuration.
/// </summary>
internal static class Session
{
    private const string Fingerprint = "postern:token", Value = "postern:value";

    /// <summary>Signs a person in who gave a token.</summary>
    public static Task BeginAsync(HttpContext http, Caller caller)
    {
        var identity = Identity(caller.Name, caller.Way);
        identity.AddClaim(new Claim(Fingerprint, caller.Mark ?? ""));
        var principal = new ClaimsPrincipal(identity);
        return http.SignInAsync(HttpAccess.Cookie, principal, new AuthenticationProperties { IsPersistent = false });
    }

    /// <summary>Of a person whom the provider named.</summary>
    /// <param name="values">Those of his that give a role.</param>
    public static ClaimsPrincipal OfPerson(string name, IEnumerable<string> values)
    {
        var identity = Identity(name, "oidc");
        identity.AddClaims(values.Select(v => new Claim(Value, v)));
        return new ClaimsPrincipal(identity);
    }

    /// <summary>Null when the session is not good any more.</summary>
    public static Caller? CallerOf(HttpAccess access, ClaimsPrincipal principal)
    {
        if (principal.FindFirstValue(Caller.NameClaim) is not { } name) return null;
        if (principal.FindFirstValue(Caller.WayClaim) != "oidc") return access.Tokens.Again(name, principal.FindFirstValue(Fingerprint) ?? "");
        ApiRole? role = access.Rules.OidcRoles.RoleOf([.. principal.FindAll(Value).Select(c => c.Value)]);
        return role is { } known ? new Caller(name, known, "oidc") : null;
    }

    private static ClaimsIdentity Identity(string name, string way)
    {
        var identity = new ClaimsIdentity(way, Caller.NameClaim, ClaimTypes.Role);
        identity.AddClaim(new Claim(Caller.NameClaim, name));
        identity.AddClaim(new Claim(Caller.WayClaim, way));
        return identity;
    }
}
