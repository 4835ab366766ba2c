using Postern.Api;
using Postern.Core.Configuration;
using Postern.Core.Submission;

namespace Postern.Access;

/// <summary>The part of the configuration that says who may use the HTTP server, compiled. Immutable; swapped whole on reload.</summary>
internal sealed class AccessRules
{
    private readonly string[] _hosts;

    public AccessRules(PosternConfig config)
    {
        Http = config.Http;
        AsksWho = config.Http.AsksWho;
        MaxFailures = config.Limits.MaxAuthFailures;
        _hosts = [config.Server.Hostname, "localhost", .. config.Http.Hosts];
        Proxies = NetworkSet.Parse(config.Http.Proxy?.Networks ?? []);
        OidcRoles = config.Http.Oidc is { } oidc ? new RoleTable(oidc.Read, oidc.Operate, oidc.Admin) : RoleTable.Empty;
        ProxyRoles = config.Http.Proxy is { } proxy ? new RoleTable(proxy.Read, proxy.Operate, proxy.Admin) : RoleTable.Empty;
    }

    public HttpConfig Http { get; }

    /// <summary>False where the server is on loopback and nothing else is configured: then everybody who reaches it may do everything.</summary>
    public bool AsksWho { get; }

    /// <summary>Wrong tokens of one address within ten minutes.</summary>
    public int MaxFailures { get; }

    public NetworkSet Proxies { get; }
    public RoleTable OidcRoles { get; }
    public RoleTable ProxyRoles { get; }

    /// <summary>Names under which this server may be called, besides addresses.</summary>
    public bool IsOurs(string host)
    {
        foreach (string ours in _hosts)
        {
            if (ours == "*" || ours.Equals(host, StringComparison.OrdinalIgnoreCase)) return true;
            if (ours.StartsWith("*.", StringComparison.Ordinal) && host.Length > ours.Length - 1 && host.EndsWith(ours[1..], StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }

    /// <summary>What was fixed when the server started: a change of it needs a restart. Tokens, hosts and the values that give roles do not.</summary>
    public static bool NeedsRestart(HttpConfig now, HttpConfig next) => Fixed(now) != Fixed(next);

    private static string Fixed(HttpConfig http) => string.Join('\n',
        http.Tls, http.Session, http.AsksWho,
        http.Oidc is { } oidc ? string.Join('\n', oidc.Authority, oidc.ClientId, oidc.ClientSecret?.Reveal(), string.Join(' ', oidc.Scopes), oidc.NameClaim, oidc.RoleClaim) : "-",
        http.Proxy is { } proxy ? string.Join('\n', string.Join(' ', proxy.Networks), proxy.UserHeader, proxy.GroupsHeader) : "-");
}

/// <summary>Which values of a claim, or which groups, give which role.</summary>
internal sealed class RoleTable(IReadOnlyList<string> read, IReadOnlyList<string> operate, IReadOnlyList<string> admin)
{
    public static RoleTable Empty { get; } = new([], [], []);

    /// <summary>The highest that one of the values gives; null for none. Values are compared exactly.</summary>
    public ApiRole? RoleOf(IReadOnlyCollection<string> values) =>
        Has(admin, values) ? ApiRole.Admin : Has(operate, values) ? ApiRole.Operate : Has(read, values) ? ApiRole.Read : null;

    /// <summary>Those of the values that give anything: all that has to be remembered of a person.</summary>
    public IReadOnlyList<string> Known(IEnumerable<string> values) => [.. values.Where(v => read.Contains(v) || operate.Contains(v) || admin.Contains(v)).Distinct()];

    private static bool Has(IReadOnlyList<string> list, IReadOnlyCollection<string> values) => list.Any(l => l == "*" || values.Contains(l));
}
