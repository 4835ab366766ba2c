namespace Postern.Core.Configuration;

/// <summary>What a caller of the HTTP server may do; the words of the file.</summary>
public enum HttpRole : byte { Read, Operate, Admin, Send }

/// <summary>Who may use the HTTP server. Where it listens is server.http.</summary>
public sealed record HttpConfig
{
    [Setting("Names under which the server may be called, besides addresses, localhost and server.hostname: \"relay.example.net\", \"*.example.net\", or \"*\" for any. A browser that comes by another name is refused, because a page elsewhere could have led it here (DNS rebinding).", Example = "[\"relay.example.net\"]")]
    public IReadOnlyList<string> Hosts { get; init; } = [];

    [Setting("Speak HTTPS only, with the certificate of [tls].")]
    public bool Tls { get; init; }

    [Setting("How long somebody who signed in with a browser stays signed in.", Source = "a working day", Min = "5m", Max = "30d")]
    public TimeSpan Session { get; init; } = TimeSpan.FromHours(12);

    [Setting("A token for a program, or for a person who signs in with it.")]
    public IReadOnlyList<HttpTokenConfig> Token { get; init; } = [];

    [Setting("Sign in with an OpenID Connect provider. Absent: not offered.")]
    public HttpOidcConfig? Oidc { get; init; }

    [Setting("A reverse proxy before this server. Absent: nobody's forwarded headers are believed.")]
    public HttpProxyConfig? Proxy { get; init; }

    /// <summary>Somebody has to say who he is, on loopback too.</summary>
    internal bool AsksWho => Token.Count > 0 || Oidc is not null || Proxy?.UserHeader is not null;
}

public sealed record HttpTokenConfig
{
    [Setting("Who has it, for the audit log.", Form = SettingForm.Name)]
    public required string Name { get; init; }

    [Setting("read: to look. operate: to act on mail and upstreams too. admin: everything. send: to hand in mail, and nothing else.")]
    public HttpRole Role { get; init; } = HttpRole.Read;

    [Setting("The token, as text, { env = \"X\" } or { file = \"path\" }, or its hash. 'postern config token' makes both.")]
    public required Secret Token { get; init; }
}

public sealed record HttpOidcConfig
{
    [Setting("The provider's issuer; its /.well-known/openid-configuration is read. https, or http on loopback.", Example = "https://login.example.net/realms/staff", Form = SettingForm.Url)]
    public required string Authority { get; init; }

    [Setting("This relay's name at the provider. Its redirect address there is https://RELAY/sign-in/callback.", Example = "postern")]
    public required string ClientId { get; init; }

    [Setting("The client's secret; absent for a public client. PKCE is used either way.", Example = "{ env = \"OIDC_SECRET\" }")]
    public Secret? ClientSecret { get; init; }

    [Setting("What is asked for besides openid.", Example = "[\"profile\", \"groups\"]")]
    public IReadOnlyList<string> Scopes { get; init; } = ["profile"];

    [Setting("Claim that names the person, for the audit log.", Source = "OpenID Connect Core section 5.1")]
    public string NameClaim { get; init; } = "preferred_username";

    [Setting("Claim whose values give a role.")]
    public string RoleClaim { get; init; } = "groups";

    [Setting("Values that may look; \"*\" for everybody who signs in there.", Example = "[\"staff\"]")]
    public IReadOnlyList<string> Read { get; init; } = [];

    [Setting("Values that may act on mail and upstreams.", Example = "[\"mail-operators\"]")]
    public IReadOnlyList<string> Operate { get; init; } = [];

    [Setting("Values that may do everything.", Example = "[\"mail-admins\"]")]
    public IReadOnlyList<string> Admin { get; init; } = [];
}

public sealed record HttpProxyConfig
{
    [Setting("Addresses of the proxies. Their X-Forwarded-For, -Proto and -Host are believed, and nobody else's.", Example = "[\"192.0.2.0/28\"]", Form = SettingForm.Network)]
    public IReadOnlyList<string> Networks { get; init; } = [];

    [Setting("Header in which they name the person they have signed in. From anybody else it is refused. Absent: they sign nobody in.", Example = "X-Forwarded-User")]
    public string? UserHeader { get; init; }

    [Setting("Header with that person's groups, separated by commas.", Example = "X-Forwarded-Groups")]
    public string? GroupsHeader { get; init; }

    [Setting("Groups, or names of persons, that may look; \"*\" for everybody whom the proxy names.", Example = "[\"staff\"]")]
    public IReadOnlyList<string> Read { get; init; } = [];

    [Setting("Groups or names that may act on mail and upstreams.", Example = "[\"mail-operators\"]")]
    public IReadOnlyList<string> Operate { get; init; } = [];

    [Setting("Groups or names that may do everything.", Example = "[\"mail-admins\"]")]
    public IReadOnlyList<string> Admin { get; init; } = [];
}
