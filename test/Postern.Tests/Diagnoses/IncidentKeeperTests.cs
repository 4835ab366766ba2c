using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Diagnoses;
using Postern.Core.Events;
using Postern.Core.Telemetry;
using Postern.Diagnosis.Causes;
using Postern.Tests.Delivery;
using Postern.Tests.Diagnosis.Checks;
using Postern.Tests.Events;

namespace Postern.Tests.Diagnoses;

/// <summary>The book over restarts: in good order, by a kill at any moment, with a file that is damaged or gone.</summary>
public sealed class IncidentKeeperTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(DeliveryRig.Start);
    private readonly PosternMetrics _metrics = new();
    private readonly TestLog _disk = new();
    private readonly EventLog _log;
    private readonly IncidentBook _book;

    public IncidentKeeperTests()
    {
        _log = _disk.Log;
        _book = new IncidentBook(_ => 3, NullLogger.Instance, _time, _disk.News);
    }

    private string State => Path.Combine(_disk.Folder, "state");
    private string FilePath => Path.Combine(State, IncidentKeeper.FileName);

    public ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        return _disk.DisposeAsync();
    }

    private IncidentKeeper Keep(IncidentBook book, EventLog? log = null, ILogger? logger = null)
    {
        var keeper = new IncidentKeeper(book, log ?? _log, State, logger ?? NullLogger.Instance, _time);
        keeper.Start();
        return keeper;
    }

    /// <summary>Another process on the same data, after the first one is gone.</summary>
    private async Task<IReadOnlyList<Incident>> AfterRestartAsync(ILogger? logger = null, Action<IncidentBook>? look = null)
    {
        await using var log = _disk.Open();
        var book = new IncidentBook(_ => 3, NullLogger.Instance, _time, new RelayNews(log, _metrics));
        await using var keeper = Keep(book, log, logger);
        look?.Invoke(book);
        return book.Snapshot(withClosed: true);
    }

    private void Trouble()
    {
        _book.Note("up", "mx:example.org", FakeProbes.Report("upstream-down"));
        _book.Note("up", "mx:example.net", FakeProbes.Report("upstream-down"));
        _book.Did("up", CauseId.UpstreamDown, "kept {n messages}: it is down");
        _book.Did("up", CauseId.UpstreamDown, "kept {n messages}: it is down");
        _book.Note("limited", "mx:example.org", FakeProbes.Report("rate-limited"));
        _book.Note("gone", "mx:example.org", FakeProbes.Report("network-path"));
        _book.Accepted("gone");
    }

    private static void Same(IReadOnlyList<Incident> expected, IReadOnlyList<Incident> found) => Assert.Equal(
        expected.Select(i => System.Text.Json.JsonSerializer.Serialize(i, IncidentJson.Default.Incident)), found.Select(i => System.Text.Json.JsonSerializer.Serialize(i, IncidentJson.Default.Incident)));

    [Fact]
    public async Task After_a_stop_all_goes_on_with_id_time_count_actions_and_diagnosis()
    {
        await using (Keep(_book))
        {
            Trouble();
            await _log.DisposeAsync();
        }
        var before = _book.Snapshot(true);
        _time.Advance(TimeSpan.FromMinutes(10));
        Same(before, await AfterRestartAsync());
    }

    [Fact]
    public async Task What_goes_on_is_counted_on_and_ends_as_the_same_incident()
    {
        await using (Keep(_book))
        {
            Trouble();
            await _log.DisposeAsync();
        }
        _time.Advance(TimeSpan.FromMinutes(10));
        await AfterRestartAsync(look: book =>
        {
            book.Note("up", "mx:example.org", FakeProbes.Report("upstream-down"));
            book.Did("up", CauseId.UpstreamDown, "kept {n messages}: it is down");
            var incident = Assert.Single(book.Snapshot(false), i => i.Upstream == "up");
            Assert.Equal((_book.Snapshot(false).Single(i => i.Upstream == "up").Id, DeliveryRig.Start, 3L), (incident.Id, incident.OpenedAt, incident.Failures));
            Assert.Equal("kept 3 messages: it is down", Assert.Single(incident.Actions).Did);
            book.Accepted("up");
            var fresh = book.Note("new", "mx:example.org", FakeProbes.Report("upstream-down"))!;
            Assert.DoesNotContain(_book.Snapshot(true), i => i.Id == fresh.Id);
        });
        await using var log = _disk.Open();
        var types = log.Read(0, 1000).Select(e => e.Type).ToList();
        // Nothing is told twice by a restart.
        Assert.Equal(4, types.Count(t => t == "incident.opened"));
        Assert.Equal(1, types.Count(t => t == "incident.acted"));
        Assert.Equal(2, types.Count(t => t == "incident.closed"));
    }

    [Fact]
    public async Task After_a_kill_before_anything_was_written_the_events_say_it_all()
    {
        var keeper = Keep(_book);
        Trouble();
        await _disk.AllAsync();
        var before = _book.Snapshot(true);
        Assert.False(File.Exists(FilePath));
        // What was counted after the last event of an incident is lost with the process; the incident is not.
        var after = await AfterRestartAsync();
        Assert.Equal(before.Select(i => (i.Id, i.Upstream, i.Cause, i.OpenedAt, i.ClosedAt, i.Settled)), after.Select(i => (i.Id, i.Upstream, i.Cause, i.OpenedAt, i.ClosedAt, i.Settled)));
        Assert.Equal("kept 1 message: it is down", after.Single(i => i.Upstream == "up").Actions[0].Did);
        await keeper.DisposeAsync();
    }

    [Fact]
    public async Task After_a_kill_the_events_bring_an_older_file_up_to_date()
    {
        var keeper = Keep(_book);
        Trouble();
        await WrittenAsync();
        _book.Accepted("up");
        _book.Note("late", "mx:example.org", FakeProbes.Report("network-path"));
        await _disk.AllAsync();
        var before = _book.Snapshot(true);
        Same(before, await AfterRestartAsync());
        await keeper.DisposeAsync();
    }

    [Fact]
    public async Task The_file_waits_for_the_events_it_rests_on()
    {
        await using var keeper = Keep(_book);
        for (int i = 0; i < 50; i++)
        {
            _book.Note($"up{i}", "mx:example.org", FakeProbes.Report("upstream-down"));
            _time.Advance(TimeSpan.FromSeconds(5));
            if (!File.Exists(FilePath)) continue;
            long to = System.Text.Json.JsonSerializer.Deserialize(await File.ReadAllBytesAsync(FilePath, TestContext.Current.CancellationToken), IncidentJson.Default.KeptIncidents)!.EventsTo;
            Assert.True(to <= _log.LastId, $"{to} was written while the log had {_log.LastId}");
        }
        await WrittenAsync();
    }

    [Fact]
    public async Task What_has_not_changed_is_not_written_again()
    {
        await using var keeper = Keep(_book);
        Trouble();
        await WrittenAsync();
        File.Delete(FilePath);
        for (int i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }
        Assert.False(File.Exists(FilePath));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"version\":1,\"open\":[")]
    [InlineData("{\"version\":1,\"events_to\":1,\"open\":[null],\"closed\":[]}")]
    [InlineData("{\"version\":1,\"events_to\":1,\"open\":[{\"incident\":{\"id\":\"i1\"}}],\"closed\":[]}")]
    [InlineData("[]")]
    public async Task A_damaged_file_is_set_aside_and_the_incidents_come_back_from_the_events(string text)
    {
        await using (Keep(_book))
        {
            Trouble();
            await _log.DisposeAsync();
        }
        await File.WriteAllTextAsync(FilePath, text, TestContext.Current.CancellationToken);
        var logger = new Lines();
        var after = await AfterRestartAsync(logger);
        Assert.Equal(_book.Snapshot(true).Select(i => i.Id), after.Select(i => i.Id));
        Assert.Single(Directory.GetFiles(State, "incidents.json.damaged-*"));
        Assert.StartsWith("Warning state file damaged and set aside, it is begun anew what=incidents file=", logger.Written[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_log_that_was_deleted_does_not_hide_what_comes_after()
    {
        await using (Keep(_book))
        {
            Trouble();
            await _log.DisposeAsync();
        }
        Directory.Delete(_log.Folder, recursive: true);
        await AfterRestartAsync(look: book => book.Accepted("up"));
        Assert.Equal(["limited"], (await AfterRestartAsync()).Where(i => i.ClosedAt is null).Select(i => i.Upstream));
    }

    [Fact]
    public async Task An_end_that_was_not_told_before_the_stop_is_told_after_it()
    {
        await using (Keep(_book))
        {
            for (int i = 0; i < 10; i++)
            {
                _book.Note("up", "mx:example.org", FakeProbes.Report("upstream-down"));
                _book.Accepted("up");
            }
            await _log.DisposeAsync();
        }
        _time.Advance(TimeSpan.FromMinutes(2));
        await AfterRestartAsync(look: book => book.Sweep());
        await using var log = _disk.Open();
        Assert.Equal("incident.closed", log.Read(0, 1000)[^1].Type);
    }

    private async Task WrittenAsync()
    {
        await _disk.AllAsync();
        await DeliveryRig.Until(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            return File.Exists(FilePath) && File.ReadAllText(FilePath).Contains($"\"events_to\":{_log.LastId},", StringComparison.Ordinal);
        }, "the file");
    }

    private sealed class Lines : ILogger
    {
        public List<string> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Written.Add($"{logLevel} {formatter(state, exception)}");
    }
}
