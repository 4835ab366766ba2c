using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Postern.Api;
using Postern.Core.Configuration;
using Postern.Core.Submission;

namespace Postern.Access;

/// <summary>
/// Who may use the HTTP server: everything between the socket and a route. One for each server; <see cref="Apply"/> takes another configuration into use for the requests that follow.
/// The order is that of the checks: which proxy, which name, which headers, who, from which page, with which role.
/// </summary>
internal sealed class HttpAccess : IDisposable
{
    /// <summary>For pages and sessions; the name of the scheme and of the cookie.</summary>
    internal const string Cookie = "postern-session";

    /// <summary>TLS handshakes read the certificate; its files are looked at by one of them at a time.</summary>
    private readonly Lock _certificateLock = new();
    private readonly ServerCertificate? _certificate;
    private readonly string? _keys;
    private volatile AccessRules _rules;

    /// <param name="keys">Folder of the keys that protect sessions, so that a restart signs nobody out; null to keep them in memory.</param>
    /// <exception cref="ListenException">The certificate cannot be used.</exception>
    public HttpAccess(PosternConfig config, string? keys, AuditLog audit, ILogger logger, TimeProvider time)
    {
        (_rules, _keys, Audit, Logger, Time) = (new AccessRules(config), keys, audit, logger, time);
        Tokens = new TokenBook(_rules, time);
        if (config.Http.Tls && config.Tls is { } tls) _certificate = new ServerCertificate(tls, logger, time);
    }

    public AccessRules Rules => _rules;
    public TokenBook Tokens { get; }
    public AuditLog Audit { get; }
    public ILogger Logger { get; }
    public TimeProvider Time { get; }

    /// <summary>Loopback, and everybody who reaches it may do everything.</summary>
    public static HttpAccess Open(AuditLog audit, ILogger logger, TimeProvider time) => new(new PosternConfig(), null, audit, logger, time);

    public void Apply(PosternConfig config)
    {
        var rules = new AccessRules(config);
        Tokens.Apply(rules);
        _rules = rules;
    }

    /// <summary>The role that a caller has now. An open page outlives its request: a token that was taken away meanwhile gives none.</summary>
    public ApiRole? RoleNow(Caller caller) => caller.Way switch
    {
        "token" => Tokens.Again(caller.Name, caller.Mark ?? "")?.Role,
        "local" => Rules.AsksWho ? null : caller.Role,
        _ => caller.Role,
    };

    public void Listen(ListenOptions listen)
    {
        if (_certificate is not { } certificate) return;
        listen.UseHttps((_, _, _, _) =>
        {
            lock (_certificateLock) certificate.Look();
            return ValueTask.FromResult(certificate.Options);
        }, null!);
    }

    /// <exception cref="ListenException">The folder of the keys cannot be used.</exception>
    public void AddServices(IServiceCollection services)
    {
        services.AddSingleton(this);
        services.AddSingleton(Audit);
        var protection = services.AddDataProtection().SetApplicationName("postern");
        // Where nobody signs in, the keys protect nothing that outlives the process.
        if (_keys is not null && _rules.AsksWho) protection.PersistKeysToFileSystem(KeyFolder(_keys));
        else protection.UseEphemeralDataProtectionProvider();
        var authentication = services.AddAuthentication().AddCookie(Cookie, cookie =>
        {
            cookie.Cookie.Name = Cookie;
            cookie.Cookie.HttpOnly = true;
            // Lax and not Strict: the browser comes back from the provider by a link of another site, and must be known then. What acts is checked by its origin.
            cookie.Cookie.SameSite = SameSiteMode.Lax;
            cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            cookie.Cookie.IsEssential = true;
            cookie.ExpireTimeSpan = _rules.Http.Session;
            cookie.SlidingExpiration = false;
            cookie.TimeProvider = Time;
        });
        if (_rules.Http.Oidc is { } oidc) new OidcSignIn(this, oidc).AddTo(authentication);
    }

    /// <summary>Before routing.</summary>
    public void UseGuards(IApplicationBuilder app)
    {
        app.Use(ProxyPeer.Note(this));
        if (_rules.Http.Proxy is { } proxy)
        {
            var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost, ForwardLimit = 8 };
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (string network in proxy.Networks) options.KnownIPNetworks.Add(ProxyPeer.Network(network));
            app.UseForwardedHeaders(options);
        }
        app.Use(SecurityHeaders.InvokeAsync);
        app.Use(new HostGuard(this).InvokeAsync);
    }

    /// <summary>After routing: the route says which role it needs.</summary>
    public void UseGate(IApplicationBuilder app)
    {
        // Answers the provider's callback; it asks nobody who he is.
        app.UseAuthentication();
        app.Use(new AccessGate(this).InvokeAsync);
    }

    public void Dispose() => Tokens.Dispose();

    /// <summary>Who can read these keys can make himself a session: the folder is for the relay's user alone.</summary>
    private static DirectoryInfo KeyFolder(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows()) return Directory.CreateDirectory(path);
            return Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ListenException(SystemText.CannotBeKept("sessions", path, e), e);
        }
    }
}
