using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Postern.Api;
using Postern.Core.Configuration;

namespace Postern.Cli;

/// <summary>Talks to the running relay's API. Every failure is a <see cref="CommandException"/> with one clear line.</summary>
internal sealed class RelayClient : IDisposable
{
    public const string DefaultServer = "127.0.0.1:8025";

    private readonly HttpClient _http;
    private readonly string _server;

    /// <param name="server">host:port, or a URL.</param>
    /// <param name="token">For a relay that asks for one.</param>
    public RelayClient(string server, string? token = null)
    {
        string url = server.Contains("://", StringComparison.Ordinal) ? server : $"http://{server}";
        if (!Uri.TryCreate(url.TrimEnd('/') + "/", UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new CommandException(ExitCode.WrongUsage, $"--server {server}: expected host:port; the default is {DefaultServer}");
        _server = server;
        // A proxy of the environment is not meant for a relay on this machine.
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) }) { BaseAddress = uri, Timeout = TimeSpan.FromSeconds(30) };
        if (token is not null) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public static RelayClient Of(ParseResult parsed, Option<string> server) => new(parsed.GetValue(server)!, Token(parsed.GetValue<FileInfo>(ServerOption.TokenName)));

    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, path), (content, token) => content.ReadFromJsonAsync(type, token)!, cancel)!;

    /// <summary>A relay that is not ready answers too, with 503 and its reasons.</summary>
    public async Task<ReadinessContract> GetReadinessAsync(CancellationToken cancel)
    {
        try
        {
            using var response = await _http.GetAsync("health/ready", cancel);
            return await response.Content.ReadFromJsonAsync(ApiJson.Default.ReadinessContract, cancel) ?? throw new JsonException("an empty answer");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or NotSupportedException || (e is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            throw new CommandException(ExitCode.NotDetermined, $"no relay answers at {_server} ({e.Message})", e);
        }
    }

    public Task<TAnswer> PostAsync<TBody, TAnswer>(string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> type, CancellationToken cancel) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, bodyType) }, (content, token) => content.ReadFromJsonAsync(type, token)!, cancel)!;

    /// <summary>Copies the answer's bytes.</summary>
    public Task<bool> CopyAsync(string path, Stream target, CancellationToken cancel) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, path), async (content, token) =>
        {
            await content.CopyToAsync(target, token);
            return true;
        }, cancel);

    /// <summary>Reads the answer while it comes, however long that lasts.</summary>
    public Task<bool> ReadAsync(string path, Func<Stream, CancellationToken, Task> read, CancellationToken cancel) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, path), async (content, token) =>
        {
            await using var stream = await content.ReadAsStreamAsync(token);
            await read(stream, token);
            return true;
        }, cancel);

    public void Dispose() => _http.Dispose();

    private async Task<T> SendAsync<T>(HttpRequestMessage request, Func<HttpContent, CancellationToken, Task<T>> read, CancellationToken cancel)
    {
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (response.IsSuccessStatusCode) return await read(response.Content, cancel);
            var problem = await ReadProblem(response, cancel);
            int exit = response.StatusCode switch
            {
                HttpStatusCode.NotFound => ExitCode.ProblemFound,
                HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ExitCode.WrongUsage,
                _ => ExitCode.NotDetermined,
            };
            throw new CommandException(exit, $"{problem.Detail}; {problem.Mend}");
        }
        catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
        {
            throw new CommandException(ExitCode.NotDetermined, $"no relay answers at {_server}; start one with 'postern serve', or say where it is with --server HOST:PORT (its server.http)", e);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException or NotSupportedException)
        {
            throw new CommandException(ExitCode.NotDetermined, $"what answers at {_server} does not speak like a relay ({e.Message}); check --server", e);
        }
        catch (TaskCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new CommandException(ExitCode.NotDetermined, $"the relay at {_server} did not answer within 30 s; look at its log", e);
        }
    }

    private static string? Token(FileInfo? file)
    {
        if (file is null) return Environment.GetEnvironmentVariable("POSTERN_TOKEN") is { Length: > 0 } token ? token.Trim() : null;
        try
        {
            string text = File.ReadAllText(file.FullName).Trim();
            return text.Length > 0 && !text.Any(char.IsControl) ? text : throw new CommandException(ExitCode.WrongUsage, $"--token-file {file}: expected the token on one line, and nothing else");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.WrongUsage, $"--token-file {file}: it cannot be read ({SystemText.Of(e)}); correct the path or its rights", e);
        }
    }

    private static async Task<ProblemContract> ReadProblem(HttpResponseMessage response, CancellationToken cancel)
    {
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json" && await response.Content.ReadFromJsonAsync(ApiJson.Default.ProblemContract, cancel) is { } problem) return problem;
        return Problems.Of(ProblemKind.Failed, $"the relay answered {(int)response.StatusCode}", "check --server: another program may listen there");
    }
}
