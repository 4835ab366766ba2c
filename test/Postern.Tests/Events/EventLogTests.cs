using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Events;
using Postern.Core.Telemetry;
using Postern.Tests.Delivery;

namespace Postern.Tests.Events;

public sealed class EventLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-events-").FullName;
    private readonly PosternMetrics _metrics = new();
    private readonly FakeTimeProvider _time = new(DeliveryRig.Start);

    private EventLog Open(long keep = 256L << 20) => new(_folder, "relay.example.net", keep, _metrics, NullLogger.Instance, _time);

    public void Dispose()
    {
        _metrics.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_event_is_one_line_of_JSON_with_its_data()
    {
        await using (var log = Open()) log.Publish(EventType.IncidentOpened, "mx1.example.test:25", w => w.WriteString("cause", "upstream-down"));
        string line = Assert.Single(File.ReadAllLines(Path.Combine(_folder, "000000000001.jsonl")));
        Assert.Equal("""{"id":1,"type":"incident.opened","at":"2026-01-05T12:00:00+00:00","relay":"relay.example.net","subject":"mx1.example.test:25","data":{"cause":"upstream-down"}}""".Replace("2026-01-05T12:00:00+00:00", DeliveryRig.Start.ToString("yyyy-MM-ddTHH:mm:sszzz", System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal), line);
    }

    [Fact]
    public async Task What_was_published_is_read_again_after_a_restart_and_ids_go_on()
    {
        await using (var log = Open())
            for (int i = 0; i < 300; i++) log.Publish(EventType.UpstreamDown, $"host{i}");
        await using var again = Open();
        Assert.Equal(300, again.LastId);
        again.Publish(EventType.UpstreamUp, "host0");
        await Written(again, 301);
        Assert.Equal([299L, 300L, 301L], again.Read(298, 100).Select(e => e.Id));
        Assert.Equal("upstream.up", again.Read(300, 1)[0].Type);
        Assert.Equal(50, again.Read(0, 50).Count);
        Assert.Empty(again.Read(301, 10));
    }

    [Fact]
    public async Task Half_a_line_of_a_power_cut_is_cut_off_and_its_id_given_again()
    {
        await using (var log = Open())
        {
            log.Publish(EventType.UpstreamDown, "a");
            log.Publish(EventType.UpstreamDown, "b");
        }
        string path = Path.Combine(_folder, "000000000001.jsonl");
        byte[] all = File.ReadAllBytes(path);
        File.WriteAllBytes(path, all[..^9]);
        await using (var log = Open())
        {
            Assert.Equal(1, log.LastId);
            log.Publish(EventType.UpstreamUp, "c");
            await Written(log, 2);
            Assert.Equal(["a", "c"], log.Read(0, 10).Select(Subject));
        }
    }

    [Fact]
    public async Task The_oldest_files_go_when_more_is_there_than_is_to_be_kept()
    {
        string large = new('x', 200_000);
        await using var log = Open(keep: 8 << 20);
        for (int i = 1; i <= 100; i++)
        {
            log.Publish(EventType.MessageBounced, large);
            await Written(log, i);
        }
        long bytes = new DirectoryInfo(_folder).EnumerateFiles("*.jsonl").Sum(f => f.Length);
        Assert.InRange(bytes, 4 << 20, (8 << 20) + EventFiles.SegmentBytes);
        var left = log.Read(0, 1000);
        Assert.Equal(100, left[^1].Id);
        Assert.True(left[0].Id > 40);
        Assert.Equal(Enumerable.Range((int)left[0].Id, left.Count), left.Select(e => (int)e.Id));
    }

    [Fact]
    public async Task An_event_that_is_too_large_keeps_its_news_and_loses_its_data()
    {
        await using var log = Open();
        log.Publish(EventType.IncidentOpened, "mx", w => w.WriteString("reply", new string('x', RelayEvent.MaxBytes)));
        await Written(log, 1);
        var kept = JsonDocument.Parse(log.Read(0, 1)[0].Line).RootElement;
        Assert.Equal("incident.opened", kept.GetProperty("type").GetString());
        Assert.True(kept.GetProperty("data").GetProperty("too_large").GetBoolean());
    }

    [Fact]
    public async Task Events_from_many_threads_are_all_there_once_and_in_order()
    {
        await using (var log = Open()) await Parallel.ForAsync(0, 4000, async (i, _) =>
        {
            log.Publish(EventType.UpstreamDown, $"{i}");
            await Task.Yield();
        });
        await using var again = Open();
        var all = again.Read(0, 5000);
        Assert.Equal(Enumerable.Range(1, 4000), all.Select(e => (int)e.Id));
        Assert.Equal(4000, all.Select(Subject).Distinct().Count());
    }

    [Theory]
    [InlineData("*", "incident.opened", true)]
    [InlineData("incident.*", "incident.opened", true)]
    [InlineData("incident.opened", "incident.opened", true)]
    [InlineData("incident.opened", "incident.closed", false)]
    [InlineData("inc*", "incident.opened", false)]
    [InlineData("upstream.*", "incident.opened", false)]
    public void A_pattern_takes_a_type_a_family_or_all(string pattern, string word, bool expected) => Assert.Equal(expected, EventTypes.Matches(pattern, word));

    [Fact]
    public void Every_type_has_its_row()
    {
        Assert.Equal(Enum.GetValues<EventType>(), EventTypes.All.Select(r => r.Type));
        Assert.Equal(EventTypes.All.Count, EventTypes.All.Select(r => r.Word).Distinct().Count());
    }

    private static string Subject(RelayEvent e) => JsonDocument.Parse(e.Line).RootElement.GetProperty("subject").GetString()!;

    private async Task Written(EventLog log, long id)
    {
        var waits = log.WaitAsync(id - 1, TestContext.Current.CancellationToken);
        while (!waits.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(200));
            await Task.WhenAny(waits, Task.Delay(5, TestContext.Current.CancellationToken));
        }
        await waits;
    }
}
