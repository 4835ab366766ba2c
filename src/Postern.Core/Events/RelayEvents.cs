using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Postern.Core.Configuration;
using Postern.Core.Telemetry;

namespace Postern.Core.Events;

/// <summary>The event log of a relay and the webhooks that are told of it; follows the configuration.</summary>
internal sealed class RelayEvents : IAsyncDisposable
{
    private readonly Dictionary<string, (WebhookConfig Config, WebhookSender Sender)> _hooks = new(StringComparer.OrdinalIgnoreCase);
    private readonly PosternMetrics _metrics;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly string _instance;
    private volatile IReadOnlyList<WebhookSender> _senders = [];

    /// <exception cref="InvalidDataException">The folder cannot be used; the message says which, why and how to mend it.</exception>
    public RelayEvents(PosternConfig config, PosternMetrics metrics, ILogger logger, TimeProvider time)
    {
        (_metrics, _logger, _time) = (metrics, logger, time);
        string folder = Path.Combine(config.Server.Data, "events");
        try
        {
            Log = new EventLog(folder, config.Server.Hostname, config.Events.KeepBytes, metrics, logger, time);
            _instance = Instance(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException(SystemText.CannotBeKept("events", folder, e), e);
        }
        // Redirects are not followed: a signed event is for the address that was given.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10), PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("Postern-Webhook/1");
    }

    public EventLog Log { get; }

    /// <summary>By name; those that are switched off are not among them.</summary>
    public IReadOnlyList<WebhookStatus> Webhooks => [.. _senders.Select(s => s.Status).OrderBy(s => s.Name, StringComparer.Ordinal)];

    /// <summary>Starts the webhooks that are new or changed, ends those that are gone.</summary>
    public async Task ApplyAsync(PosternConfig config)
    {
        Log.Apply(config.Server.Hostname, config.Events.KeepBytes);
        var wanted = config.Webhook.Where(w => w.Enabled).ToDictionary(w => w.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, (known, sender)) in _hooks.ToArray())
        {
            if (wanted.TryGetValue(name, out var same) && same.IsSameAs(known)) continue;
            _hooks.Remove(name);
            await sender.DisposeAsync();
        }
        foreach (var (name, hook) in wanted)
            if (!_hooks.ContainsKey(name)) _hooks.Add(name, (hook, new WebhookSender(hook, Log, _instance, _http, _metrics, _logger, _time)));
        _senders = [.. _hooks.Values.Select(h => h.Sender)];
    }

    /// <summary>Writes what is left and tells it to the webhooks that take it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        await Task.WhenAll(_senders.Select(s => s.DisposeAsync().AsTask()));
        _http.Dispose();
    }

    private static string Instance(string folder)
    {
        string path = Path.Combine(folder, "instance");
        if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } known) return known;
        string made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        File.WriteAllText(path, made + "\n");
        return made;
    }
}
