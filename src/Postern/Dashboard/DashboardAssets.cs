using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using Postern.Access;

namespace Postern.Dashboard;

/// <summary>
/// The style sheet and the scripts, which are part of the program: so it stays one file, and nothing is fetched from elsewhere. Their names carry a hash of what is
/// in them, so that a browser may keep them for good and gets the right ones after an upgrade.
/// </summary>
internal sealed class DashboardAssets
{
    private const string Folder = "/_postern/";

    private static readonly (string File, string Type)[] Files =
    [
        ("postern.css", "text/css; charset=utf-8"),
        ("postern.js", "text/javascript; charset=utf-8"),
        ("blazor.web.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ];

    private readonly FrozenDictionary<string, Asset> _byPath;
    private readonly FrozenDictionary<string, string> _paths;

    private DashboardAssets(IReadOnlyList<Asset> assets)
    {
        _byPath = assets.ToFrozenDictionary(a => a.Path, StringComparer.Ordinal);
        _paths = assets.ToFrozenDictionary(a => a.File, a => a.Path, StringComparer.Ordinal);
    }

    public static DashboardAssets Load() => new([.. Files.Select(f => Read(f.File, f.Type))]);

    /// <summary>Where a page finds it.</summary>
    public string this[string file] => _paths[file];

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet(Folder + "{name}", (RequestDelegate)ServeAsync).OpenToAll();

    private Task ServeAsync(HttpContext http)
    {
        if (!_byPath.TryGetValue(http.Request.Path.Value ?? "", out var asset))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
        var headers = http.Response.Headers;
        headers.ETag = asset.Tag;
        headers.CacheControl = "public, max-age=31536000, immutable";
        headers.Vary = "Accept-Encoding";
        if (http.Request.Headers.IfNoneMatch == asset.Tag)
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        http.Response.ContentType = asset.Type;
        bool zipped = http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        byte[] bytes = zipped ? asset.Zipped : asset.Bytes;
        if (zipped) headers.ContentEncoding = "gzip";
        http.Response.ContentLength = bytes.Length;
        return http.Response.Body.WriteAsync(bytes, http.RequestAborted).AsTask();
    }

    private static Asset Read(string file, string type)
    {
        using var resource = typeof(DashboardAssets).Assembly.GetManifestResourceStream("dashboard/" + file) ?? throw new InvalidOperationException($"the program was built without {file}");
        using var all = new MemoryStream();
        resource.CopyTo(all);
        byte[] bytes = all.ToArray();
        using var zipped = new MemoryStream();
        using (var zip = new GZipStream(zipped, CompressionLevel.Optimal, leaveOpen: true)) zip.Write(bytes);
        string hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..12];
        string path = $"{Folder}{Path.GetFileNameWithoutExtension(file)}.{hash}{Path.GetExtension(file)}";
        return new Asset(file, path, type, $"\"{hash}\"", bytes, zipped.ToArray());
    }

    private sealed record Asset(string File, string Path, string Type, string Tag, byte[] Bytes, byte[] Zipped);
}
