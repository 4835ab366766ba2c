using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Access;
using Postern.Api;
using Postern.Core.Configuration;
using Postern.Core.Events;
using Postern.Core.Submission;
using Postern.Logging;
using Postern.Tests.Events;
using Postern.Tests.Hosting;

namespace Postern.Tests.Access;

/// <summary>The real HTTP server with a configuration of its own, around a queue of canned answers; the events it tells are real files.</summary>
internal sealed class AccessRig : IAsyncDisposable
{
    public const string Reader = "reader-token-0123456789", Operator = "operator-token-0123456789", Admin = "admin-token-0123456789", Sender = "sender-token-0123456789";

    /// <summary>One of each role; the operator's is hashed.</summary>
    public static readonly string Tokens = string.Concat(
        Token("look", "read", Reader), Token("act", "operate", PasswordHash.Create(Operator, 1000)), Token("boss", "admin", Admin), Token("app", "send", Sender));

    private readonly MemoryStream _logged = new();
    private readonly LineLoggerProvider _logs;
    private readonly HttpServer _server;
    private readonly string _keys = Directory.CreateTempSubdirectory("postern-keys-").FullName;

    private AccessRig(PosternConfig config, Func<HttpAccess, RelayView, ILoggerProvider, string, Task<HttpServer>> start, TimeProvider time, string? keys)
    {
        _logs = new LineLoggerProvider(_logged, new LogConfig(), TextForm.Full, TimeProvider.System);
        var insight = new RelayInsight(_ => [], _ => null, _ => [], (_, _) => throw new FormatException("examined"), Events.Log, () => []);
        var view = new RelayView("0", () => config.Server.Hostname, DateTimeOffset.UnixEpoch, () => Store, () => [], () => [], () => []) { Insight = () => insight };
        var logger = _logs.CreateLogger("Postern");
        Access = new HttpAccess(config, keys ?? _keys, new AuditLog(() => Events.Log, logger, time), logger, time);
        _server = start(Access, view, _logs, "").GetAwaiter().GetResult();
        Address = new Uri(_server.Address.Replace("[::]", "127.0.0.1", StringComparison.Ordinal));
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
    }

    public MemoryStore Store { get; } = new();
    public TestLog Events { get; } = new();
    public HttpAccess Access { get; }
    public HttpClient Http { get; }
    public Uri Address { get; }
    public HttpServer Server => _server;
    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="http">What [http] and what is below it has, as TOML.</param>
    /// <param name="map">Further routes.</param>
    public static Task<AccessRig> StartAsync(string http = "", TimeProvider? time = null, string? keys = null, string more = "")
    {
        var config = Config(http, more);
        Assert.True(ListenAddress.TryParse("127.0.0.1:0", out var address));
        return Task.FromResult(new AccessRig(config, (access, view, logs, _) => HttpServer.StartAsync(address, view, logs, Cancel, time, access), time ?? TimeProvider.System, keys));
    }

    public static PosternConfig Config(string http, string more = "")
    {
        var result = new ConfigLoader(new ConfigSurroundings(_ => null, [], Path.GetTempPath()))
            .LoadText($"[server]\nhostname = \"relay.example.net\"\n{http}\n{more}\n[[upstream]]\nname = \"a\"\naddress = \"smtp.example.com:587\"\n", "postern.toml", []);
        Assert.Empty(result.Errors.Select(e => e.ToString()));
        return result.Config!;
    }

    public static string Token(string name, string role, string token) => $"[[http.token]]\nname = \"{name}\"\nrole = \"{role}\"\ntoken = \"{token}\"\n";

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token = null, object? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (body is string form) request.Content = new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded");
        else if (body is not null) request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
    }

    public Task<HttpResponseMessage> GetAsync(string path, string? token = null, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, token, null, headers);

    /// <summary>Holds everything: the action that the tests of this folder try.</summary>
    public Task<HttpResponseMessage> ActAsync(string? token = null, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Post, "/api/v1/queue/actions", token, new { action = "hold", all = true }, headers);

    /// <summary>What a browser sends with its form.</summary>
    public Task<HttpResponseMessage> SignInAsync(string token, string next = "/") =>
        SendAsync(HttpMethod.Post, "/sign-in", null, $"token={Uri.EscapeDataString(token)}&next={Uri.EscapeDataString(next)}", ("Origin", Address.GetLeftPart(UriPartial.Authority)), ("Sec-Fetch-Site", "same-origin"));

    /// <summary>The cookies of an answer as the next request carries them.</summary>
    public static string Cookies(HttpResponseMessage answer) => string.Join("; ", answer.Headers.TryGetValues("Set-Cookie", out var set) ? set.Select(c => c.Split(';')[0]) : []);

    /// <summary>All lines that were logged so far.</summary>
    public string Logged()
    {
        _logs.Dispose();
        return Encoding.UTF8.GetString(_logged.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.DisposeAsync();
        _logs.Dispose();
        await Events.DisposeAsync();
        Directory.Delete(_keys, recursive: true);
    }
}
