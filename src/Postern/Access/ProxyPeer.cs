using System.Net;

namespace Postern.Access;

/// <summary>Whether the other end of the connection is one of our proxies. Noted before forwarded headers put the client's address in its place.</summary>
internal sealed record ProxyPeer(IPAddress Address, bool IsTrusted)
{
    public static Func<HttpContext, RequestDelegate, Task> Note(HttpAccess access) => (http, next) =>
    {
        var address = Plain(http.Connection.RemoteIpAddress ?? IPAddress.None);
        // A dual-stack socket shows IPv4 clients as IPv6 ones, which no network of the configuration would match.
        http.Connection.RemoteIpAddress = address;
        http.Features.Set(new ProxyPeer(address, access.Rules.Proxies.Contains(address)));
        return next(http);
    };

    public static ProxyPeer Of(HttpContext http) => http.Features.Get<ProxyPeer>() ?? new ProxyPeer(IPAddress.None, false);

    /// <summary>Address of the client, as the proxy named it where there is one.</summary>
    public static IPAddress Client(HttpContext http) => Plain(http.Connection.RemoteIpAddress ?? IPAddress.None);

    public static IPNetwork Network(string text)
    {
        if (IPNetwork.TryParse(text, out var network)) return network;
        var address = IPAddress.Parse(text);
        return new IPNetwork(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128);
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
