using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;
using Postern.Core.Configuration;
using Postern.Core.Telemetry;

namespace Postern.Core.Events;

/// <summary>
/// Posts events to one address, one at a time and in order, each until it is taken (2xx): what fails is tried again at growing intervals, and the events behind it wait in
/// the log. At least once; a receiver tells a repetition by the header webhook-id.
/// </summary>
internal sealed class WebhookSender : IAsyncDisposable
{
    /// <summary>Standard Webhooks, "Retry schedule": 5 s, 5 min, 30 min, 2 h, … ; closer together at first, because news of an outage is wanted soon.</summary>
    private static readonly TimeSpan[] Waits = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1)];

    /// <summary>What is left at a stop is sent then, if the receiver takes it so soon: else nobody would hear of a stop before the next start.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    /// <summary>After trouble with our own disk.</summary>
    private static readonly TimeSpan DiskWait = TimeSpan.FromSeconds(30);

    private const int Page = 64;

    private readonly WebhookConfig _config;
    private readonly EventLog _log;
    private readonly WebhookCursor _cursor;
    private readonly WebhookSignature? _signature;
    private readonly string _instance;
    private readonly HttpClient _http;
    private readonly PosternMetrics _metrics;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private readonly long _from;
    private volatile WebhookStatus _status;

    /// <param name="instance">Of this data folder, so that ids of two relays differ.</param>
    public WebhookSender(WebhookConfig config, EventLog log, string instance, HttpClient http, PosternMetrics metrics, ILogger logger, TimeProvider time)
    {
        (_config, _log, _instance, _http, _metrics, _logger, _time) = (config, log, instance, http, metrics, logger, time);
        _from = log.LastId;
        _cursor = new WebhookCursor(log.Folder, config.Name);
        _signature = config.Secret is { } secret ? new WebhookSignature(secret.Reveal()) : null;
        _status = new WebhookStatus { Name = config.Name, Address = new Uri(config.Url).GetLeftPart(UriPartial.Authority), Events = config.Events, LastId = log.LastId, Waiting = 0, Failures = 0 };
        _work = Task.Run(WorkAsync);
    }

    public WebhookStatus Status => _status with { Waiting = Math.Max(0, _log.LastId - _status.LastId) };

    /// <summary>Ends at once; where the log is closed, after what is left has been taken or has failed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        if (_log.Closed.IsCancellationRequested && _status.Failures == 0) await Task.WhenAny(_work, Task.Delay(Farewell, _time, CancellationToken.None));
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    private async Task WorkAsync()
    {
        while (true)
        {
            try
            {
                await SendAsync();
                return;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // What was not taken is sent after the start.
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Nothing is lost: what has been sent and could not be noted is sent again.
                PosternLog.WebhookBroke(_logger, e, _config.Name);
            }
            await Task.Delay(DiskWait, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Returns when the log is closed and all is sent.</summary>
    private async Task SendAsync()
    {
        // A new webhook hears of what happens from now on, not of last month.
        long at = _cursor.Read() ?? Begin();
        _status = _status with { LastId = at };
        while (await _log.WaitAsync(at, _stop.Token))
        {
            foreach (var next in _log.Read(at, Page))
            {
                if (next.Id > at + 1) PosternLog.WebhookMissed(_logger, _config.Name, next.Id - at - 1);
                if (Wants(next.Type)) await DeliverAsync(next);
                at = next.Id;
                _cursor.Write(at);
                _status = _status with { LastId = at };
            }
            // Nothing in the files although there are later ones: all up to the last one are gone.
            if (_log.LastId > at && _log.Read(at, 1).Count == 0) _status = _status with { LastId = at = _log.LastId };
        }
    }

    /// <summary>From when it was configured, not from when the work began: what happened between is told too.</summary>
    private long Begin()
    {
        _cursor.Write(_from);
        return _from;
    }

    private bool Wants(string type) => _config.Events.Count == 0 || _config.Events.Any(p => EventTypes.Matches(p, type));

    private async Task DeliverAsync(RelayEvent next)
    {
        _status = _status with { PendingSince = next.At };
        for (int failures = 0; ; failures++)
        {
            string? problem = await PostAsync(next);
            _metrics.WebhookPosts.Add(1, new("webhook", _config.Name), new("result", problem is null ? "taken" : "failed"));
            if (problem is null)
            {
                if (failures > 0) PosternLog.WebhookRecovered(_logger, _config.Name, failures);
                _status = _status with { Failures = 0, FailingSince = null, Problem = null, NextTry = null, PendingSince = null };
                return;
            }
            var now = _time.GetUtcNow();
            var wait = Waits[Math.Min(failures, Waits.Length - 1)];
            _status = _status with { Failures = failures + 1, FailingSince = _status.FailingSince ?? now, Problem = problem, NextTry = now + wait };
            PosternLog.WebhookFailed(_logger, _config.Name, next.Id, problem, wait.TotalSeconds);
            await Task.Delay(wait, _time, _stop.Token);
        }
    }

    /// <summary>Null when it was taken, else what was wrong.</summary>
    private async Task<string?> PostAsync(RelayEvent next)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(_config.Timeout);
        using var request = new HttpRequestMessage(HttpMethod.Post, _config.Url) { Content = new ReadOnlyMemoryContent(next.Line) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var now = _time.GetUtcNow();
        string id = string.Create(CultureInfo.InvariantCulture, $"{_instance}-{next.Id}");
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        if (_signature is not null) request.Headers.Add("webhook-signature", _signature.Sign(id, now, next.Line.Span));
        try
        {
            // The answer's body is of no interest, and may be endless.
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return response.IsSuccessStatusCode ? null : $"{(int)response.StatusCode} {response.ReasonPhrase}";
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return $"no answer within {_config.Timeout.TotalSeconds:0} s";
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
    }
}
