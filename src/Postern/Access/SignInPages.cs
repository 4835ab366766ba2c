using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;

namespace Postern.Access;

/// <summary>Sign in and out with a browser: with a token, or at the provider. Plain pages without scripts, because they come before everything else.</summary>
internal sealed class SignInPages(HttpAccess access)
{
    internal const string Path = "/sign-in", ProviderPath = "/sign-in/provider", StylePath = "/sign-in/style.css", OutPath = "/sign-out";

    private const int MaxFormBytes = 8 * 1024;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, (RequestDelegate)Show).OpenToAll().ExcludeFromDescription();
        routes.MapPost(Path, (RequestDelegate)Enter).OpenToAll().ExcludeFromDescription();
        routes.MapGet(ProviderPath, (RequestDelegate)Provider).OpenToAll().ExcludeFromDescription();
        routes.MapGet(StylePath, (RequestDelegate)(http => Write(http, SignInPage.Style, "text/css; charset=utf-8"))).OpenToAll().ExcludeFromDescription();
        routes.MapPost(OutPath, (RequestDelegate)Leave).OpenToAll().ExcludeFromDescription();
    }

    /// <summary>Where a person signs in who wanted to go to <paramref name="next"/>.</summary>
    public static string Address(string next) => next is "" or "/" ? Path : $"{Path}?next={Uri.EscapeDataString(next)}";

    /// <summary>A path of this server, whatever a link said: "//elsewhere" and "/\elsewhere" are addresses of other servers to a browser.</summary>
    internal static string Local(string? next) =>
        next is ['/', ..] && next is not ['/', '/' or '\\', ..] && next.Length <= 2000 && !next.Any(c => char.IsControl(c) || c == '\\') && !next.StartsWith(Path, StringComparison.Ordinal) ? next : "/";

    private Task Show(HttpContext http)
    {
        string next = Local(http.Request.Query["next"]);
        if (access.Rules.AsksWho) return Page(http, 200, next, null);
        http.Response.Redirect(next);
        return Task.CompletedTask;
    }

    private async Task Enter(HttpContext http)
    {
        if (http.Request.ContentLength is not (>= 0 and <= MaxFormBytes) || !http.Request.HasFormContentType)
        {
            await Page(http, 400, "/", "The form did not arrive whole. Try again.");
            return;
        }
        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        string next = Local(form["next"]);
        string from = ProxyPeer.Client(http).ToString();
        var verdict = await access.Tokens.VerifyAsync(form["token"].ToString().Trim(), ProxyPeer.Client(http), http.RequestAborted);
        if (verdict.Caller is not { } caller)
        {
            access.Audit.Refused(null, from, "sign-in", verdict.IsThrottled ? "too many wrong tokens came from this address" : "the token is not known");
            await Page(http, verdict.IsThrottled ? 429 : 403, next, verdict.IsThrottled ? "Too many wrong tokens came from your address. Wait ten minutes." : "This token is not known here.");
            return;
        }
        if (!caller.May(Api.ApiRole.Read))
        {
            access.Audit.Refused(caller, from, "sign-in", "needs the role read");
            await Page(http, 403, next, "This token is for handing in mail only.");
            return;
        }
        await Session.BeginAsync(http, caller);
        access.Audit.SignedIn(caller, from);
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = next;
    }

    private async Task Provider(HttpContext http)
    {
        if (access.Rules.Http.Oidc is null)
        {
            await Page(http, 404, "/", "No provider is configured to sign in with.");
            return;
        }
        string next = Local(http.Request.Query["next"]);
        try
        {
            await http.ChallengeAsync(OpenIdConnectDefaults.AuthenticationScheme, new AuthenticationProperties { RedirectUri = next });
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or HttpRequestException && !http.Response.HasStarted)
        {
            // Its description could not be read: the first time, or after a day.
            access.Audit.Refused(null, ProxyPeer.Client(http).ToString(), "sign-in", $"the provider cannot be asked: {(e.InnerException ?? e).Message.Split('\n')[0]}");
            await Page(http, StatusCodes.Status503ServiceUnavailable, next, "The provider does not answer. Try again in a moment; the relay's log has the reason.");
        }
    }

    private static async Task Leave(HttpContext http)
    {
        await http.SignOutAsync(HttpAccess.Cookie);
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = Path;
    }

    private Task Page(HttpContext http, int status, string next, string? problem)
    {
        http.Response.StatusCode = status;
        var rules = access.Rules;
        string? provider = rules.Http.Oidc is { } oidc && Uri.TryCreate(oidc.Authority, UriKind.Absolute, out var authority) ? authority.Host : null;
        return Write(http, SignInPage.Write(next, problem, rules.Http.Token.Count > 0, provider), "text/html; charset=utf-8");
    }

    internal static Task Write(HttpContext http, string text, string type)
    {
        http.Response.ContentType = type;
        return http.Response.WriteAsync(text, http.RequestAborted);
    }
}
