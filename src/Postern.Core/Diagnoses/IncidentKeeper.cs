using Microsoft.Extensions.Logging;
using Postern.Core.Events;
using Postern.Core.State;
using Postern.Core.Telemetry;

namespace Postern.Core.Diagnoses;

/// <summary>
/// Keeps the incidents over a restart: &lt;data&gt;/state/incidents.json, written a few seconds after something changed. The file never knows more than the event log has on disk, and
/// what the log knows beyond it is read from there: so that after a crash, too, an incident whose opening was told goes on under its id, and one that was not told was never there.
/// </summary>
internal sealed class IncidentKeeper : IAsyncDisposable
{
    internal const string FileName = "incidents.json";

    /// <summary>Without a file: what the last events say of incidents, which is what was open lately.</summary>
    private const int MaxReplayed = 1000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Of the disk's time that thousands of incidents may cost.</summary>
    private const int RestShare = 10;

    private readonly IncidentBook _book;
    private readonly EventLog _log;
    private readonly StateFile<KeptIncidents> _file;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private long _written = -1;

    public IncidentKeeper(IncidentBook book, EventLog log, string folder, ILogger logger, TimeProvider time)
    {
        (_book, _log, _logger, _time) = (book, log, logger, time);
        _file = new StateFile<KeptIncidents>(folder, FileName, "incidents", IncidentJson.Default.KeptIncidents, static f => f.IsWhole, logger);
    }

    /// <summary>Puts what is kept into the book, and begins to keep. Before anything is delivered.</summary>
    public void Start()
    {
        var kept = _file.Read(_time.GetUtcNow());
        var replay = new IncidentReplay(kept?.Open ?? [], kept?.Closed ?? []);
        // An event log that was deleted begins anew, and the file's word is from before.
        long at = kept is null || kept.EventsTo > _log.LastId ? kept is null ? Math.Max(0, _log.LastId - MaxReplayed) : _log.LastId : kept.EventsTo;
        while (_log.Read(at, 100) is { Count: > 0 } page)
        {
            foreach (var next in page) replay.Add(next);
            at = page[^1].Id;
        }
        _book.Restore([.. replay.Open], replay.Closed);
        _written = kept is not null && at == kept.EventsTo ? _book.Changes : -1;
        if (replay.Open.Count > 0) PosternLog.IncidentsRecalled(_logger, replay.Open.Count, string.Join(", ", replay.Open.Take(5).Select(i => $"{i.Incident.Upstream} {i.Incident.Cause}")));
        _work = Task.Run(WorkAsync);
    }

    /// <summary>Writes what is left. After the event log is closed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
        if (_written != _book.Changes) Write(_book.Kept());
    }

    private async Task WorkAsync()
    {
        try
        {
            var rest = Interval;
            while (true)
            {
                await Task.Delay(rest, _time, _stop.Token);
                if (_written == _book.Changes) continue;
                var (changes, kept) = _book.Kept();
                await _log.WaitAsync(kept.EventsTo - 1, _stop.Token);
                long begun = _time.GetTimestamp();
                Write((changes, kept));
                rest = Interval + _time.GetElapsedTime(begun) * RestShare;
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The last one is written when all else has stopped.
        }
    }

    private void Write((long Changes, KeptIncidents Kept) state)
    {
        if (_file.Write(state.Kept)) _written = state.Changes;
    }
}
