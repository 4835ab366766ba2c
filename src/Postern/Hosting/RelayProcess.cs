using System.Reflection;
using Postern.Access;
using Postern.Api;
using Postern.Cli;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Submission;
using Postern.Core.Telemetry;
using Postern.Logging;
using Postern.Telemetry;

namespace Postern.Hosting;

/// <summary>
/// The life of a serving process: HTTP first (so that health can be asked while a large queue is read), then the relay, then waiting for a signal,
/// reloading on request, and a stop in bounded time. Everything an operator did wrong is a <see cref="CommandException"/> with exit code 2.
/// </summary>
/// <param name="load">Loads the configuration again, from the same file, environment and options.</param>
/// <param name="file">Watched for changes; null for none.</param>
internal sealed class RelayProcess(Func<ConfigResult> load, string? file, RelayStarter start, Output output, TimeProvider time)
{
    /// <summary>What may be left after the graceful time: closing files and sockets.</summary>
    private static readonly TimeSpan _closing = TimeSpan.FromSeconds(5);

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private PosternConfig _config = new();
    private ConfigResult? _result;
    private RunningRelay? _relay;
    private HttpAccess? _access;
    private volatile bool _stopping;

    /// <summary>Where the service manager's socket and watchdog are named; the process's own environment.</summary>
    public Func<string, string?> Surroundings { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Listens for the signals of this process; is given what a reload does.</summary>
    public Func<Action, StopSignals> Listen { get; init; } = reload => new StopSignals(reload);

    public static string Version { get; } = typeof(RelayProcess).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>Runs until a signal or <paramref name="cancel"/>. Calls <paramref name="started"/> once everything listens.</summary>
    /// <param name="logStream">Standard output, but for tests.</param>
    public async Task<int> RunAsync(Stream logStream, Action<RunningRelay, string>? started, CancellationToken cancel)
    {
        var result = load();
        _config = result.Config ?? throw ConfigCommand.Refusal(result);
        _result = result;
        using var logs = new LineLoggerProvider(logStream, _config.Log, output.IsTerminal ? output.UsesColour ? TextForm.Colour : TextForm.Short : TextForm.Full, time);
        using var export = OtlpExport.Start(_config, Version, Environment.GetEnvironmentVariable);
        using var factory = new LoggerFactory(export?.Logs is { } sent ? [logs, sent] : [logs], OtlpExport.Filter(() => LineLoggerProvider.LevelOf(_config.Log)));
        var log = factory.CreateLogger("Postern");
        using var trouble = export is null ? null : new ExportTrouble(log, time);
        var watch = new ConfigWatch(file, time);
        using var signals = Listen(watch.Request);
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(cancel, signals.Asked);
        foreach (var warning in result.Warnings) PosternLog.ConfigWarning(log, warning.ToString());
        await using var service = SystemdService.Of(Surroundings, time);
        try
        {
            await using var http = _config.Server.Http.Length == 0 ? null : await StartHttpAsync(logs, log, starting.Token);
            _relay = await start(_config, factory, starting.Token);
            Announce(log, http);
            service?.Ready(Words(), _relay.Pulse, log);
            started?.Invoke(_relay, http?.Address ?? "");
            await WaitAsync(watch, signals, service, log, logs, cancel);
            service?.Stopping(_config.Server.StopTimeout + 2 * _closing);
            await StopAsync(signals, log);
        }
        catch (OperationCanceledException) when (_relay is null && signals.Asked.IsCancellationRequested)
        {
            // A large queue takes minutes to read; nothing was begun that would have to be finished.
            service?.Stopping(_closing);
            PosternLog.StartGivenUp(log, await signals.First);
        }
        catch (Exception e) when (e is StoreException or ListenException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.WrongUsage, e.Message, e);
        }
        return ExitCode.Good;
    }

    /// <summary>For the service manager's one line.</summary>
    private string Words() => $"{_config.Server.Hostname} takes mail on {(_relay!.Listening() is { Count: > 0 } listening ? string.Join(", ", listening) : "no listener")}";

    private async Task<HttpServer> StartHttpAsync(ILoggerProvider logs, ILogger log, CancellationToken cancel)
    {
        if (!ListenAddress.TryParse(_config.Server.Http, out var address)) throw new ListenException($"server.http {_config.Server.Http}: expected address:port", null!);
        var view = new RelayView(Version, () => _config.Server.Hostname, _startedAt, () => _relay?.Store, () => _relay?.Listening() ?? [], () => _relay?.Upstreams() ?? [], Problems) { Insight = () => _relay?.Insight, Shaping = () => _relay?.Shaping, Mail = () => _relay?.Http, Detail = () => _relay?.Detail, Configuration = () => _result };
        _access = new HttpAccess(_config, Path.Combine(_config.Server.Data, "state", "sessions"), new AuditLog(() => _relay?.Insight?.Events, log, time), log, time);
        return await HttpServer.StartAsync(address, view, logs, cancel, time, _access);
    }

    private IReadOnlyList<string> Problems()
    {
        if (_stopping) return ["the relay is stopping"];
        if (_relay is not { } relay) return ["the relay is starting: the queue is being read"];
        if (relay.Listening().Count == 0) return ["no listener is bound"];
        return relay.Store.Stats.AcceptsMail ? [] : ["the queue takes no new mail: the disk is nearly full or queue.max_messages is reached"];
    }

    private async Task WaitAsync(ConfigWatch watch, StopSignals signals, SystemdService? service, ILogger log, LineLoggerProvider logs, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var watching = watch.RunAsync(async () =>
        {
            service?.Reloading();
            await ReloadAsync(log, logs, over.Token);
            service?.Reloaded(Words());
        }, over.Token);
        var ended = await Task.WhenAny(signals.First, watching);
        await over.CancelAsync();
        // The watch ends by cancellation only; anything else is a bug and must be seen.
        if (ended == watching && !cancel.IsCancellationRequested) await watching;
        _stopping = true;
        PosternLog.Stopping(log, signals.First.IsCompletedSuccessfully ? await signals.First : "none", _config.Server.StopTimeout.TotalSeconds);
    }

    private async Task ReloadAsync(ILogger log, LineLoggerProvider logs, CancellationToken cancel)
    {
        var result = load();
        string name = file ?? "environment";
        if (result.Config is not { } config)
        {
            Refuse(log, name, [.. result.Errors.Select(e => e.ToString())]);
            return;
        }
        if (config.Server.Data != _config.Server.Data || config.Server.Http != _config.Server.Http)
        {
            Refuse(log, name, [$"{name}: server.data and server.http cannot change while the relay runs; restart it"]);
            return;
        }
        if (_access is not null && AccessRules.NeedsRestart(_config.Http, config.Http))
        {
            Refuse(log, name, [$"{name}: of [http] only hosts, tokens and who has which role can change while the relay runs; restart it"]);
            return;
        }
        if (!config.Telemetry.IsSameAs(_config.Telemetry))
        {
            Refuse(log, name, [$"{name}: [telemetry] cannot change while the relay runs; restart it"]);
            return;
        }
        try
        {
            await _relay!.Apply(config, cancel);
        }
        catch (Exception e) when (e is ListenException or StoreException or IOException or InvalidDataException)
        {
            Refuse(log, name, [e.Message]);
            return;
        }
        _config = config;
        _result = result;
        _access?.Apply(config);
        logs.Apply(config.Log);
        foreach (var warning in result.Warnings) PosternLog.ConfigWarning(log, warning.ToString());
        PosternLog.ConfigApplied(log, name);
        _relay!.Reloaded?.Invoke(name, []);
    }

    private void Refuse(ILogger log, string name, IReadOnlyList<string> mistakes)
    {
        PosternLog.ConfigRefused(log, name, mistakes.Count);
        foreach (string mistake in mistakes) PosternLog.ConfigMistake(log, mistake);
        _relay!.Reloaded?.Invoke(name, mistakes);
    }

    private async Task StopAsync(StopSignals signals, ILogger log)
    {
        long began = time.GetTimestamp();
        using var limit = new CancellationTokenSource(_config.Server.StopTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, signals.AtOnce);
        var stop = _relay!.Stop(either.Token);
        try
        {
            await stop.WaitAsync(_config.Server.StopTimeout + _closing, time);
        }
        catch (OperationCanceledException)
        {
            // Cut short as asked: what was in flight stays in the queue.
        }
        catch (TimeoutException)
        {
            PosternLog.StopTimedOut(log, (_config.Server.StopTimeout + _closing).TotalSeconds);
        }
        PosternLog.RelayStopped(log, _relay.Store.Stats.Messages, (long)time.GetElapsedTime(began).TotalMilliseconds);
    }

    private void Announce(ILogger log, HttpServer? http)
    {
        // Not since the process began: a script that builds first and then becomes this program has begun minutes ago.
        long startMs = (long)(time.GetUtcNow() - _startedAt).TotalMilliseconds;
        var listening = _relay!.Listening();
        if (output.IsTerminal) Banner.Write(output, _config, listening, http?.Address, _relay.Store.Stats.Messages);
        PosternLog.RelayStarted(log, Version, _config.Server.Hostname, string.Join(",", listening), http?.Address, _config.Server.Data, _relay.Store.Stats.Messages, startMs);
    }
}
