using Microsoft.AspNetCore.Authentication;
using Postern.Api;

namespace Postern.Access;

/// <summary>Who a request says he is, and whether that is so.</summary>
/// <param name="Caller">Null for nobody.</param>
/// <param name="Problem">Why what was said is not believed; null where nothing was said.</param>
/// <param name="Mend">What to do about it.</param>
/// <param name="ByCookie">A browser sent it by itself.</param>
internal readonly record struct FoundCaller(Caller? Caller, int Status, string? Problem = null, string? Mend = null, bool ByCookie = false);

/// <summary>
/// Looks for the caller: the proxy's header first, then a token, then a browser's session; where nobody has to say who he is, everybody is "local". What is said and wrong is refused and
/// not passed over for the next.
/// </summary>
internal sealed class CallerFinder(HttpAccess access)
{
    internal static readonly Caller Local = new("local", ApiRole.Admin, "local");

    private const string Bearer = "Bearer ";
    private const int MaxGroups = 500;

    public async ValueTask<FoundCaller> FindAsync(HttpContext http)
    {
        var rules = access.Rules;
        if (!rules.AsksWho) return new FoundCaller(Local, 200);
        if (rules.Http.Proxy?.UserHeader is { } header && http.Request.Headers[header] is { Count: > 0 } user) return ByProxy(http, rules, header, user);
        if (http.Request.Headers.Authorization is { Count: > 0 } authorization) return await ByTokenAsync(http, authorization.ToString());
        var session = await http.AuthenticateAsync(HttpAccess.Cookie);
        if (session is { Succeeded: true, Principal: { } principal })
        {
            if (Session.CallerOf(access, principal) is { } caller) return new FoundCaller(caller, 200, ByCookie: true);
            return new FoundCaller(null, 401, "the session is over: what it rested on is no longer configured", "sign in again", ByCookie: true);
        }
        return new FoundCaller(null, 401);
    }

    private static FoundCaller ByProxy(HttpContext http, AccessRules rules, string header, Microsoft.Extensions.Primitives.StringValues user)
    {
        var peer = ProxyPeer.Of(http);
        if (!peer.IsTrusted)
            return new FoundCaller(null, 403, $"{header} is for our proxies, and {peer.Address} is none of them", "leave the header out; if it is a proxy, add its address to http.proxy.networks");
        if (user is not [{ Length: > 0 and <= 200 } name] || name.Any(char.IsControl)) return new FoundCaller(null, 403, $"{header} does not name one person", "have the proxy set the header and drop what clients send");
        var groups = rules.Http.Proxy!.GroupsHeader is { } other ? http.Request.Headers[other].SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Take(MaxGroups) : [];
        return rules.ProxyRoles.RoleOf([name, .. groups]) is { } role
            ? new FoundCaller(new Caller(name, role, "proxy"), 200)
            : new FoundCaller(null, 403, $"{name} has no role here", "add the name or one of its groups to read, operate or admin in [http.proxy]");
    }

    private async ValueTask<FoundCaller> ByTokenAsync(HttpContext http, string authorization)
    {
        if (!authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)) return new FoundCaller(null, 401, "the Authorization header has no bearer token", "send Authorization: Bearer TOKEN");
        var verdict = await access.Tokens.VerifyAsync(authorization[Bearer.Length..].Trim(), ProxyPeer.Client(http), http.RequestAborted);
        if (verdict.IsThrottled) return new FoundCaller(null, 429, "too many wrong tokens came from this address", "wait ten minutes, and correct the token");
        return verdict.Caller is { } caller ? new FoundCaller(caller, 200) : new FoundCaller(null, 401, "the token is not known", "check POSTERN_TOKEN or --token-file against [[http.token]] of the relay");
    }
}
