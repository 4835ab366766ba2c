using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Postern.Core.Configuration;

namespace Postern.Access;

/// <summary>Sign in at an OpenID Connect provider: authorization code with PKCE. The tokens of the provider are not kept; what remains is the session.</summary>
internal sealed class OidcSignIn(HttpAccess access, HttpOidcConfig config)
{
    internal const string CallbackPath = "/sign-in/callback";

    public void AddTo(AuthenticationBuilder authentication) => authentication.AddOpenIdConnect(options =>
    {
        options.Authority = config.Authority;
        options.RequireHttpsMetadata = new Uri(config.Authority).Scheme == Uri.UriSchemeHttps;
        options.ClientId = config.ClientId;
        options.ClientSecret = config.ClientSecret?.Reveal();
        options.ResponseType = OpenIdConnectResponseType.Code;
        options.ResponseMode = OpenIdConnectResponseMode.Query;
        options.UsePkce = true;
        options.SaveTokens = false;
        options.MapInboundClaims = false;
        options.GetClaimsFromUserInfoEndpoint = true;
        options.CallbackPath = CallbackPath;
        options.SignInScheme = HttpAccess.Cookie;
        options.Scope.Clear();
        foreach (string scope in config.Scopes.Prepend("openid").Distinct()) options.Scope.Add(scope);
        // Groups are often told by the userinfo endpoint only.
        options.ClaimActions.Clear();
        foreach (string claim in new[] { config.NameClaim, config.RoleClaim, "email" }.Distinct()) options.ClaimActions.MapJsonKey(claim, claim);
        options.TimeProvider = access.Time;
        // The way back is a link, so that Lax is enough; None would need https, which a relay on loopback does not have.
        foreach (var cookie in new[] { options.NonceCookie, options.CorrelationCookie })
        {
            cookie.SameSite = SameSiteMode.Lax;
            cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        }
        options.Events = new OpenIdConnectEvents { OnTicketReceived = ReceiveAsync, OnRemoteFailure = FailAsync };
    });

    private Task ReceiveAsync(TicketReceivedContext ticket)
    {
        var person = ticket.Principal!;
        string name = person.FindFirstValue(config.NameClaim) ?? person.FindFirstValue("email") ?? person.FindFirstValue("sub") ?? "";
        // The provider's words go to the log and to pages.
        name = string.Concat(name.Where(c => !char.IsControl(c)).Take(200));
        string from = ProxyPeer.Client(ticket.HttpContext).ToString();
        var known = access.Rules.OidcRoles.Known(person.FindAll(config.RoleClaim).Select(c => c.Value));
        if (name.Length == 0 || access.Rules.OidcRoles.RoleOf(known) is not { } role)
        {
            access.Audit.Refused(null, from, "sign-in", $"{(name.Length == 0 ? "a person without a name" : name)} has no role by the claim {config.RoleClaim}");
            return EndAsync(ticket, 403, $"You are signed in there as {name}, but have no role here. Ask who runs this relay to name one of your groups in [http.oidc].");
        }
        ticket.Principal = Session.OfPerson(name, known);
        // Its own times are those of the session, whatever the provider's tokens say.
        ticket.Properties = new AuthenticationProperties { IsPersistent = false };
        access.Audit.SignedIn(new Caller(name, role, "oidc"), from);
        return Task.CompletedTask;
    }

    private Task FailAsync(RemoteFailureContext failure)
    {
        // What the provider said may be long and is a stranger's text; the first line tells.
        string reason = (failure.Failure?.Message ?? "no reason given").Split('\n')[0];
        access.Audit.Refused(null, ProxyPeer.Client(failure.HttpContext).ToString(), "sign-in", $"the provider's answer is not accepted: {reason}");
        return EndAsync(failure, 403, "Signing in did not work. Try again; the relay's log has the reason.");
    }

    private Task EndAsync<T>(HandleRequestContext<T> context, int status, string problem)
        where T : AuthenticationSchemeOptions
    {
        context.HandleResponse();
        context.Response.StatusCode = status;
        string page = SignInPage.Write("/", problem, access.Rules.Http.Token.Count > 0, new Uri(config.Authority).Host);
        return SignInPages.Write(context.HttpContext, page, "text/html; charset=utf-8");
    }
}
