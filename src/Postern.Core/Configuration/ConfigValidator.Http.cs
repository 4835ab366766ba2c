using System.Net;
using Postern.Core.Submission;

namespace Postern.Core.Configuration;

internal sealed partial class ConfigValidator
{
    /// <summary>Shortest token: 20 of 64 letters are 120 bits; who chooses a word instead is told.</summary>
    internal const int ShortestToken = 20;

    private const int MostTokens = 100;

    private void CheckHttp()
    {
        CheckHttpAddress();
        CheckTokens();
        CheckOidc();
        CheckProxy();
        for (int i = 0; i < config.Http.Hosts.Count; i++)
        {
            string host = config.Http.Hosts[i];
            if (host == "*" || SettingForms.Problem(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host, SettingForm.HostName) is null) continue;
            Error($"http.hosts[{i}]", $"\"{host}\"", "expected a host name without a port", "write \"relay.example.net\", \"*.example.net\" or \"*\"");
        }
        if (config.Http.Tls && config.Tls is null && !HasFailed("tls"))
            Error("http.tls", "true", "TLS needs a certificate and there is no [tls]", "add [tls] with certificate = \"…\" and key = \"…\", or leave the line out");
    }

    private void CheckHttpAddress()
    {
        string http = config.Server.Http;
        if (http.Length == 0)
        {
            if (config.Http.AsksWho) Warn("server.http", "\"\"", "the HTTP server is off, so that nobody can sign in", "leave [http] out, or give server.http an address");
            return;
        }
        if (SettingForms.Problem(http, SettingForm.Listen) is { } problem)
        {
            Error("server.http", $"\"{http}\"", problem.Expected, problem.Mend);
            return;
        }
        if (SettingForms.IsLoopback(http)) return;
        if (!config.Http.AsksWho && !HasFailed("http."))
            Error("server.http", $"\"{http}\"", "other machines could reach the HTTP server and nobody would have to sign in",
                "add [[http.token]] with name, role and token ('postern config token' makes one), [http.oidc], or [http.proxy] with user_header; or write \"127.0.0.1:8025\" and use an SSH tunnel");
        else if (!config.Http.Tls && config.Http.Proxy is null)
            Warn("server.http", $"\"{http}\"", "tokens and mail would cross the network unencrypted", "set http.tls = true with [tls], or name the proxy that speaks TLS before this server in http.proxy.networks");
    }

    private void CheckTokens()
    {
        var tokens = config.Http.Token;
        Unique("http.token", tokens.Select(t => t.Name), "name");
        if (tokens.Count > MostTokens) Error("http.token", null, $"{tokens.Count} tokens, at most {MostTokens}", "give a token to each program, not to each of its users");
        for (int i = 0; i < tokens.Count; i++)
        {
            // Null where binding refused it; the check itself must not end there.
            if (tokens[i].Token is not { } secret) continue;
            string value = secret.Reveal();
            if (PasswordHash.IsForeignHash(value))
                Error($"http.token[{i}].token", null, "a hash of a kind that cannot be checked here", "make one with 'postern config token' or 'postern config hash'");
            else if (!PasswordHash.IsHash(value) && value.Length < ShortestToken)
                Error($"http.token[{i}].token", null, $"a token of {value.Length} characters can be guessed", $"use one of at least {ShortestToken}; 'postern config token' makes one");
        }
    }

    private void CheckOidc()
    {
        if (config.Http.Oidc is not { } oidc) return;
        CheckRoles("http.oidc", oidc.Read, oidc.Operate, oidc.Admin, $"values of the claim {oidc.RoleClaim}");
        if (!Uri.TryCreate(oidc.Authority, UriKind.Absolute, out var authority)) return;
        if (authority.Scheme != Uri.UriSchemeHttps && !authority.IsLoopback)
            Error("http.oidc.authority", $"\"{oidc.Authority}\"", "who is on the way could sign in as anybody", "write it with https://");
    }

    private void CheckProxy()
    {
        if (config.Http.Proxy is not { } proxy) return;
        if (proxy.Networks.Count == 0 && !HasFailed("http.proxy.networks"))
            Error("http.proxy.networks", "[]", "no proxy would be believed", "name the proxy's addresses, such as [\"192.0.2.10\"]");
        for (int i = 0; i < proxy.Networks.Count; i++)
            if (IPNetwork.TryParse(proxy.Networks[i], out var network) && network.PrefixLength == 0)
                Error($"http.proxy.networks[{i}]", $"\"{proxy.Networks[i]}\"", "everybody would be taken for the proxy and could sign in as anybody", "name the proxy's own addresses");
        if (proxy.UserHeader is { } header)
        {
            CheckHeaderName("http.proxy.user_header", header);
            CheckRoles("http.proxy", proxy.Read, proxy.Operate, proxy.Admin, "groups or names");
        }
        else if (proxy.Read.Count + proxy.Operate.Count + proxy.Admin.Count > 0)
            Error("http.proxy", null, "roles are given, but there is no user_header that names a person", "add user_header = \"X-Forwarded-User\", or leave the roles out");
        if (proxy.GroupsHeader is { } groups) CheckHeaderName("http.proxy.groups_header", groups);
    }

    private void CheckHeaderName(string key, string name)
    {
        if (name.Length is 0 or > 100 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            Error(key, $"\"{name}\"", "expected the name of a header", "write letters, digits and hyphens, such as \"X-Forwarded-User\"");
    }

    private void CheckRoles(string section, IReadOnlyList<string> read, IReadOnlyList<string> operate, IReadOnlyList<string> admin, string what)
    {
        if (read.Count + operate.Count + admin.Count == 0)
            Error(section, null, "nobody who signs in this way would be allowed anything", $"name {what} in read, operate or admin");
        if (operate.Contains("*") || admin.Contains("*"))
            Warn(section, null, "everybody who signs in this way may act on mail", $"name {what} in operate and admin, and keep \"*\" for read");
    }
}
