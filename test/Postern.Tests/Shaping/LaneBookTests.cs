using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Shaping;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Shaping;

public sealed class LaneBookTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(SimulatedSender.SimulationStart);
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-limits-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private LaneBook Open() => new(_time, new LearnedLimits(_folder, NullLogger.Instance));

    private void Teach(Lane lane, int accepted)
    {
        for (int i = 0; i < accepted; i++)
        {
            Assert.True(lane.TryMessage(_time.GetUtcNow()).IsGranted);
            lane.Accepted(new LaneSample(_time.GetUtcNow(), ClientStage.EndOfData, default, LimitKind.None, null, 1, i, _time.GetUtcNow()));
        }
        Assert.True(lane.TryMessage(_time.GetUtcNow()).IsGranted);
        Assert.NotNull(lane.Refused(new LaneSample(_time.GetUtcNow(), ClientStage.Mail, RefusalManner.Reply, LimitKind.MessageRate, null, 1, accepted, _time.GetUtcNow())));
    }

    [Fact]
    public void What_was_learned_survives_a_restart_with_when_and_why()
    {
        using (var book = Open()) Teach(book.For("mx.example.net", "a", new LaneLimits(20)), 60);
        _time.Advance(TimeSpan.FromDays(6));
        using var again = Open();
        var lesson = Assert.Single(again.For("mx.example.net", "a", new LaneLimits(20)).Snapshot().Lessons);
        Assert.Equal((LimitKind.MessageRate, 60, TimeSpan.FromMinutes(1)), (lesson.Kind, lesson.Limit, lesson.Window));
        Assert.Equal(SimulatedSender.SimulationStart, lesson.At);
        Assert.Contains("after 60 in a minute", lesson.Words);
        Assert.Empty(again.For("mx.example.net", "b", new LaneLimits(20)).Snapshot().Lessons);
    }

    [Fact]
    public void What_was_learned_is_forgotten_a_week_after_its_lane_was_last_used()
    {
        using (var book = Open()) Teach(book.For("mx.example.net", "", new LaneLimits(20)), 60);
        _time.Advance(TimeSpan.FromDays(8));
        using var again = Open();
        Assert.Empty(again.For("mx.example.net", "", new LaneLimits(20)).Snapshot().Lessons);
    }

    [Fact]
    public void What_changed_is_written_within_ten_seconds_and_not_again()
    {
        using var book = Open();
        Teach(book.For("mx.example.net", "", new LaneLimits(20)), 60);
        string file = Path.Combine(_folder, "limits.json");
        Assert.False(File.Exists(file));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(File.Exists(file));
        File.Delete(file);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.False(File.Exists(file));
    }

    [Theory]
    [InlineData("{ \"Version\": 1, \"Lanes\": [")]
    [InlineData("{ \"Version\": 1 }")]
    [InlineData("{ \"Version\": 1, \"Lanes\": [ { \"Group\": \"a\", \"Egress\": \"\", \"Limits\": [ null ] } ] }")]
    [InlineData("")]
    public void A_damaged_file_is_set_aside_and_never_stops_a_start(string text)
    {
        File.WriteAllText(Path.Combine(_folder, "limits.json"), text);
        using var book = Open();
        Assert.Equal("limits.json.damaged-20310101000000", Path.GetFileName(Assert.Single(Directory.GetFiles(_folder))));
    }

    [Fact]
    public void A_reload_reaches_a_living_lane()
    {
        using var book = Open();
        var lane = book.For("provider", "", new LaneLimits(20, IsAdaptive: false));
        Assert.Same(lane, book.For("provider", "", new LaneLimits(1, MessagesPerSession: 5, IsAdaptive: false)));
        Assert.Equal((1, 5), (lane.MaxSessions, lane.MessagesPerSession));
    }

    [Fact]
    public void An_unused_lane_goes_and_one_that_is_still_held_comes_back()
    {
        using var book = Open();
        var lane = book.For("mx.example.net", "", new LaneLimits(20));
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Empty(book.Snapshot());
        lane.TryMessage(_time.GetUtcNow());
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Single(book.Snapshot());
        Assert.Same(lane, book.For("mx.example.net", "", new LaneLimits(20)));
    }
}
