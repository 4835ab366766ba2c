namespace Postern.Access;

/// <summary>
/// Turns away what another site's page makes a browser send (CSRF). Browsers say where a request comes from: Sec-Fetch-Site in every request, Origin in every unsafe one and every WebSocket;
/// programs say neither. Following a link here is allowed; anything else from elsewhere is not, so that a page can neither act, nor open a stream or a socket.
/// (OWASP CSRF prevention: Fetch Metadata, with Origin for what does not send it. That makes tokens in forms unnecessary.)
/// </summary>
internal static class OriginGuard
{
    /// <summary>Null when the request may pass, else what is wrong.</summary>
    /// <param name="byCookie">A browser's session: it must say where it comes from, because every browser does.</param>
    public static string? Problem(HttpRequest request, bool byCookie)
    {
        bool isSafe = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        string? site = request.Headers["Sec-Fetch-Site"];
        string? origin = request.Headers.Origin;
        if (origin is not null && !IsOurs(request, origin)) return $"it was sent by a page of {Shown(origin)}";
        if (site is not null && site is not ("same-origin" or "none") && !(isSafe && IsNavigation(request))) return "it was sent by a page of another site";
        bool isSocket = request.Headers.Upgrade.Count > 0 || HttpMethods.IsConnect(request.Method);
        if (byCookie && (!isSafe || isSocket) && origin is null && site is null) return "it does not say which page sent it";
        return null;
    }

    /// <summary>The page's scheme, name and port must be those that the request was sent to.</summary>
    private static bool IsOurs(HttpRequest request, string origin)
    {
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var page)) return false;
        // The scheme of a socket is that of its page, and behind a proxy that strips TLS without saying so it may differ from ours; name and port may not.
        var host = request.Host;
        int port = host.Port ?? (page.Scheme == Uri.UriSchemeHttps ? 443 : 80);
        return page.Scheme is "http" or "https" && page.Port == port && page.Host.Trim('[', ']').Equals(host.Host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A link or an address typed in: the answer is shown to the person and not to the page that had the link. Frames are refused by frame-ancestors.</summary>
    private static bool IsNavigation(HttpRequest request) => request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document";

    private static string Shown(string origin) => Uri.TryCreate(origin, UriKind.Absolute, out var page) ? $"{page.Scheme}://{page.Authority}" : "an unknown site";
}
