using System.Net;
using Postern.Api;

namespace Postern.Access;

/// <summary>
/// Answers only to names that are ours: a name elsewhere that is made to resolve to this machine (DNS rebinding) would open the server to the pages of that name, as their own origin.
/// Addresses cannot be rebound.
/// </summary>
internal sealed class HostGuard(HttpAccess access)
{
    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        string host = http.Request.Host.Host.Trim('[', ']');
        if (host.Length == 0 || IPAddress.TryParse(host, out _) || access.Rules.IsOurs(host)) return next(http);
        return Answers.Problem(http, ProblemKind.WrongHost, $"this server is not called {Shown(host)}", "call it by its address, or add the name to http.hosts in its configuration");
    }

    private static string Shown(string host) => host.Length <= 100 && host.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') ? host : "so";
}
