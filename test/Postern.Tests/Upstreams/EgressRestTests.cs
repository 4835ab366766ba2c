using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Upstreams;

public sealed class EgressRestTests
{
    private static readonly StageFailure Listed = new(ClientStage.Greeting, Speaker.Peer, FailureKind.Refused, "554 listed", new SmtpReply(554, null, "listed"));
    private static readonly IPAddress Ours = IPAddress.Parse("192.0.2.10");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly EgressRests _rests;
    private readonly List<(string Group, RestEnd End)> _ended = [];
    private readonly List<IReadOnlyList<string>> _asked = [];
    private readonly Dictionary<string, BlocklistResult> _lists = [];

    public EgressRestTests()
    {
        _rests = new EgressRests(_time);
        _rests.Ended += (rest, end) => _ended.Add((rest.Group, end));
    }

    private void Refuse(string group = "g", string egress = "a", string? list = null) => _rests.Refused(group, egress, Listed, Ours, list, _time.GetTimestamp());

    [Fact]
    public void A_refused_address_rests_there_alone_and_is_tried_by_one_message_at_growing_intervals()
    {
        var waits = new List<double>();
        for (int i = 0; i < 7; i++)
        {
            Assert.True(_rests.TryEnter("g", "a", false, out _));
            Assert.Equal(i == 0, _rests.TryEnter("g", "a", false, out _));
            Refuse();
            Assert.False(_rests.TryEnter("g", "a", false, out var until));
            Assert.True(_rests.IsRested("g", "a", _time.GetUtcNow()));
            waits.Add((until - _time.GetUtcNow()).TotalMinutes);
            _time.SetUtcNow(until);
            Assert.False(_rests.IsRested("g", "a", _time.GetUtcNow()));
        }
        Assert.Equal([1, 2, 4, 8, 15, 15, 15], waits);
        Assert.True(_rests.TryEnter("g", "b", false, out _));
        Assert.True(_rests.TryEnter("other", "a", false, out _));
        Assert.True(_rests.Accepted("g", "a"));
        Assert.True(_rests.IsEmpty);
        Assert.Equal([("g", RestEnd.Accepted)], _ended);
    }

    [Fact]
    public void The_operator_gets_through_and_a_try_given_up_leaves_it_as_it_was()
    {
        Refuse();
        Assert.True(_rests.TryEnter("g", "a", true, out _));
        _rests.Abandoned("g", "a", _time.GetTimestamp());
        Assert.False(_rests.IsEmpty);
        Assert.Equal("g from a", Assert.Single(_rests.Snapshot()).Name);
    }

    [Fact]
    public void What_rests_is_bounded_and_forgotten_when_nobody_wants_it()
    {
        for (int i = 0; i < EgressRests.Most + 50; i++) Refuse($"g{i}");
        Assert.Equal(EgressRests.Most, _rests.Snapshot().Count);
        _time.Advance(TimeSpan.FromMinutes(60));
        _rests.Sweep();
        Assert.False(_rests.IsEmpty);
        _time.Advance(TimeSpan.FromMinutes(2));
        _rests.Sweep();
        Assert.True(_rests.IsEmpty);
    }

    private RestWatch Watch() => new(_rests, (address, zones, _) =>
    {
        Assert.Equal(Ours, address);
        _asked.Add(zones);
        return Task.FromResult<IReadOnlyList<BlocklistFact>>([.. _lists.Where(l => zones.Count == 0 || zones.Contains(l.Key)).Select(l => new BlocklistFact { SaidBy = Speaker.Dns, Observed = "", Zone = l.Key, Name = l.Key, Address = address.ToString(), Result = l.Value })]);
    }, NullLogger.Instance, _time);

    private async Task Pass(RestWatch watch, TimeSpan time)
    {
        for (var end = _time.GetUtcNow() + time; _time.GetUtcNow() < end;)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await watch.LookAsync();
        }
    }

    [Fact]
    public async Task All_lists_are_asked_once_then_those_that_list_it_once_a_minute_for_all_groups_and_the_rest_ends_with_the_last()
    {
        (_lists["x.test"], _lists["y.test"], _lists["z.test"]) = (BlocklistResult.Listed, BlocklistResult.Listed, BlocklistResult.NotListed);
        await using var watch = Watch();
        Refuse("g");
        Refuse("h");
        await Pass(watch, TimeSpan.FromSeconds(5));
        Assert.Empty(Assert.Single(_asked));
        Assert.All(_rests.Snapshot(), r => Assert.Equal(["x.test", "y.test"], r.Lists.Order()));
        await Pass(watch, TimeSpan.FromMinutes(10));
        Assert.InRange(_asked.Count, 10, 11);
        Assert.All(_asked.Skip(1), a => Assert.Equal(["x.test", "y.test"], a.Order()));

        _lists["x.test"] = BlocklistResult.NotListed;
        _lists["y.test"] = BlocklistResult.NoAnswer;
        await Pass(watch, TimeSpan.FromMinutes(3));
        Assert.Empty(_ended);
        _lists["y.test"] = BlocklistResult.NotListed;
        await Pass(watch, TimeSpan.FromSeconds(62));
        Assert.Equal([("g", RestEnd.Delisted), ("h", RestEnd.Delisted)], _ended.OrderBy(e => e.Group));
        Assert.True(_rests.TryEnter("g", "a", false, out _));
        Assert.False(_rests.TryEnter("g", "a", false, out _));

        // Turned away all the same: the waits begin from the first.
        Refuse("g");
        Assert.False(_rests.TryEnter("g", "a", false, out var until));
        Assert.Equal(TimeSpan.FromMinutes(1), until - _time.GetUtcNow());
    }

    [Fact]
    public async Task The_list_that_the_refusal_named_is_the_one_that_counts()
    {
        (_lists["x.test"], _lists["y.test"]) = (BlocklistResult.Listed, BlocklistResult.Listed);
        await using var watch = Watch();
        Refuse(list: "y.test");
        await Pass(watch, TimeSpan.FromSeconds(2));
        Assert.Equal(["y.test"], Assert.Single(_rests.Snapshot()).Lists);
        _lists["y.test"] = BlocklistResult.NotListed;
        await Pass(watch, TimeSpan.FromSeconds(62));
        Assert.Equal([("g", RestEnd.Delisted)], _ended);
    }

    [Fact]
    public async Task A_probe_that_breaks_ends_neither_the_watch_nor_the_rest()
    {
        int calls = 0;
        await using var watch = new RestWatch(_rests, (_, _, _) => ++calls == 1 ? throw new InvalidOperationException("a bug") : Task.FromResult<IReadOnlyList<BlocklistFact>>([]), NullLogger.Instance, _time);
        Refuse();
        await Pass(watch, TimeSpan.FromMinutes(11));
        Assert.Equal(2, calls);
        Assert.Empty(_ended);
        Assert.False(_rests.IsEmpty);
    }
}
