using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Shaping;
using Postern.Core.Upstreams;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Upstreams;

public sealed class UpstreamResetTests : IDisposable
{
    private static readonly StageFailure Listed = new(ClientStage.Greeting, Speaker.Peer, FailureKind.Refused, "554 listed", new SmtpReply(554, null, "listed"));

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-reset-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private UpstreamRegistry Registry() => new([TimeSpan.FromMinutes(1)], new LaneBook(_time, new LearnedLimits(_folder, NullLogger.Instance)), _time);

    private Lane Teach(UpstreamRegistry registry, string group, string egress = "")
    {
        var lane = registry.Lanes.For(group, egress, new LaneLimits(20));
        for (int i = 0; i < 60; i++)
        {
            Assert.True(lane.TryMessage(_time.GetUtcNow()).IsGranted);
            lane.Accepted(new LaneSample(_time.GetUtcNow(), ClientStage.EndOfData, default, LimitKind.None, null, 1, i, _time.GetUtcNow()));
        }
        Assert.True(lane.TryMessage(_time.GetUtcNow()).IsGranted);
        Assert.NotNull(lane.Refused(new LaneSample(_time.GetUtcNow(), ClientStage.Mail, RefusalManner.Reply, LimitKind.MessageRate, TimeSpan.FromHours(2), 1, 60, _time.GetUtcNow())));
        Assert.False(lane.TryMessage(_time.GetUtcNow()).IsGranted);
        return lane;
    }

    [Fact]
    public void What_was_learned_is_forgotten_at_once_for_that_group_alone_and_over_a_restart()
    {
        var registry = Registry();
        var lane = Teach(registry, "google");
        Teach(registry, "google", "b");
        Teach(registry, "microsoft");
        registry.Rests.Refused("google", "b", Listed, null, null, _time.GetTimestamp());
        registry.Rests.Refused("microsoft", "b", Listed, null, null, _time.GetTimestamp());
        registry.Lanes.Tend();

        Assert.Equal((2, 1), registry.Forget("google"));
        Assert.Empty(lane.Snapshot().Lessons);
        Assert.Null(lane.Snapshot().RestedUntil > _time.GetUtcNow() ? "still waits" : null);
        for (int i = 0; i < 200; i++) Assert.True(lane.TryMessage(_time.GetUtcNow()).IsGranted);
        Assert.True(registry.Rests.TryEnter("google", "b", false, out _));
        Assert.False(registry.Rests.TryEnter("microsoft", "b", false, out _));

        registry.Lanes.Dispose();
        using var again = Registry().Lanes;
        Assert.Empty(again.For("google", "", new LaneLimits(20)).Snapshot().Lessons);
        Assert.Empty(again.For("google", "b", new LaneLimits(20)).Snapshot().Lessons);
        Assert.Single(again.For("microsoft", "", new LaneLimits(20)).Snapshot().Lessons);
    }

    [Fact]
    public void What_is_known_from_before_a_restart_is_forgotten_without_being_used()
    {
        var before = Registry();
        Teach(before, "google");
        before.Lanes.Dispose();
        var registry = Registry();
        Assert.Equal(["google"], registry.GroupsOf("Google"));
        Assert.Equal((1, 0), registry.Forget("google"));
        registry.Lanes.Dispose();
        Assert.Empty(Registry().GroupsOf("google"));
    }

    [Theory]
    [InlineData("provider", "provider")]
    [InlineData("mx1.example.org:25", "mx1.example.org,mx2.example.org")]
    [InlineData("mx1.example.org", "mx1.example.org,mx2.example.org")]
    [InlineData("google", "google", "google/example.net")]
    [InlineData("mx1.example.or")]
    public void A_group_is_found_by_its_name_its_upstreams_and_its_hosts(string name, params string[] groups)
    {
        var registry = Registry();
        registry.Pool("provider").Group = "provider";
        registry.MxHost("mx1.example.org:25 from b").Group = "mx1.example.org,mx2.example.org";
        registry.MxHost("mx.google.test:25").Group = "google";
        registry.MxHost("alt.google.test:25").Group = "google/example.net";
        Assert.Equal(groups, registry.GroupsOf(name).Order());
    }

    [Fact]
    public void A_member_that_is_out_of_its_turn_takes_it_again()
    {
        var registry = Registry();
        var member = registry.Pool("a");
        member.Group = "a";
        member.Ejection = new Ejection(_time.GetUtcNow(), _time.GetUtcNow().AddMinutes(5), 1, "why");
        registry.Forget("a");
        Assert.False(OutlierWatch.IsOut(member, _time.GetUtcNow()));
    }
}
