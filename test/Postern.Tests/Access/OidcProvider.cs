using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Postern.Tests.Access;

/// <summary>
/// A small OpenID Connect provider on loopback: discovery, authorization code with PKCE (RFC 7636, S256 only), ID tokens signed with RSA, userinfo. Everybody who comes is the person that the
/// test has put before it; it checks the client as a real one would.
/// </summary>
internal sealed class OidcProvider : IAsyncDisposable
{
    public const string ClientId = "postern", Secret = "a secret of the client";

    private readonly RSA _rsa = RSA.Create(2048);
    private readonly ConcurrentDictionary<string, Grant> _codes = new();
    private readonly WebApplication _app;

    private sealed record Grant(string Challenge, string Nonce, string RedirectUri);

    private OidcProvider()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(System.Net.IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        _app = builder.Build();
        _app.UseRouting();
        _app.MapGet("/.well-known/openid-configuration", (RequestDelegate)(http => http.Response.WriteAsJsonAsync(new Dictionary<string, object>
        {
            ["issuer"] = Issuer, ["authorization_endpoint"] = Issuer + "/authorize", ["token_endpoint"] = Issuer + "/token", ["userinfo_endpoint"] = Issuer + "/userinfo", ["jwks_uri"] = Issuer + "/keys",
            ["response_types_supported"] = new[] { "code" }, ["subject_types_supported"] = new[] { "public" }, ["id_token_signing_alg_values_supported"] = new[] { "RS256" }, ["code_challenge_methods_supported"] = new[] { "S256" },
        })));
        _app.MapGet("/keys", (RequestDelegate)Keys);
        _app.MapGet("/authorize", (RequestDelegate)Authorize);
        _app.MapPost("/token", (RequestDelegate)Token);
        _app.MapGet("/userinfo", (RequestDelegate)(http => http.Response.WriteAsJsonAsync(new Dictionary<string, object> { ["sub"] = "subject-1", ["groups"] = Groups })));
    }

    public string Issuer => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    public string Person { get; set; } = "ann";

    /// <summary>Told by userinfo only, as many providers do.</summary>
    public string[] Groups { get; set; } = [];

    /// <summary>Signs with another key than the one it publishes.</summary>
    public bool IsForged { get; set; }

    /// <summary>What the client was seen to do.</summary>
    public List<string> Seen { get; } = [];

    public static async Task<OidcProvider> StartAsync()
    {
        var provider = new OidcProvider();
        await provider._app.StartAsync();
        return provider;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _rsa.Dispose();
    }

    private Task Keys(HttpContext http)
    {
        var key = _rsa.ExportParameters(false);
        return http.Response.WriteAsJsonAsync(new { keys = new[] { new { kty = "RSA", use = "sig", kid = "k1", alg = "RS256", n = Base64UrlEncoder.Encode(key.Modulus), e = Base64UrlEncoder.Encode(key.Exponent) } } });
    }

    private Task Authorize(HttpContext http)
    {
        var query = http.Request.Query;
        if (query["client_id"] != ClientId || query["response_type"] != "code" || query["code_challenge_method"] != "S256" || query["code_challenge"].ToString().Length != 43)
        {
            http.Response.StatusCode = 400;
            return http.Response.WriteAsync("not what this client is registered for");
        }
        Seen.Add($"authorize scope={query["scope"]}");
        string code = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        _codes[code] = new Grant(query["code_challenge"]!, query["nonce"]!, query["redirect_uri"]!);
        http.Response.Redirect($"{query["redirect_uri"]}?code={code}&state={Uri.EscapeDataString(query["state"]!)}");
        return Task.CompletedTask;
    }

    private async Task Token(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        string verifier = form["code_verifier"].ToString();
        bool known = _codes.TryRemove(form["code"].ToString(), out var grant);
        if (!known || form["client_secret"] != Secret || form["redirect_uri"] != grant!.RedirectUri || Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))) != grant.Challenge)
        {
            http.Response.StatusCode = 400;
            await http.Response.WriteAsJsonAsync(new { error = "invalid_grant" });
            return;
        }
        Seen.Add("token with PKCE");
        using var other = RSA.Create(2048);
        var key = new RsaSecurityKey(IsForged ? other : _rsa) { KeyId = "k1" };
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        string token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer, Audience = ClientId, IssuedAt = now, NotBefore = now, Expires = now.AddMinutes(5),
            Claims = new Dictionary<string, object> { ["sub"] = "subject-1", ["nonce"] = grant.Nonce, ["preferred_username"] = Person },
            SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.RsaSha256) { CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false } },
        });
        await http.Response.WriteAsJsonAsync(new { access_token = "opaque", token_type = "Bearer", expires_in = 300, id_token = token });
    }
}
