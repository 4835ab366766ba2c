using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Scheduling;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Scheduling;

[Collection(Alone.Name)]
public sealed class TenantFairnessTests : IDisposable
{
    private readonly SchedulerRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Tenants_take_turns_at_a_destination_whatever_one_of_them_has_waiting()
    {
        _rig.New();
        _rig.FileMany("pool:a", 1000, tenant: 1);
        _rig.FileMany("pool:a", 10, tenant: 2);
        var taken = _rig.Take(_rig.Started[0]);
        Assert.Equal(1010, taken.Count);
        Assert.Equal(10, taken.Take(20).Count(p => p.Tenant == 2));
        Assert.All(taken.Take(20).Chunk(2), pair => Assert.NotEqual(pair[0].Tenant, pair[1].Tenant));
    }

    [Fact]
    public void A_users_weight_is_his_share()
    {
        _rig.New(users: [new UserConfig { Name = "news", Password = new Secret("x", ""), Weight = 30 }, new UserConfig { Name = "batch", Password = new Secret("x", ""), Weight = 1 }]);
        ushort news = TenantTag.OfUser("news"), batch = TenantTag.OfUser("batch");
        foreach (ushort tenant in (ushort[])[news, batch, 7]) _rig.FileMany("pool:a", 500, tenant);
        var shares = _rig.Take(_rig.Started[0], 410).CountBy(p => p.Tenant).ToDictionary();
        Assert.InRange(shares[news], 298, 302);
        Assert.InRange(shares[7], 98, 102);
        Assert.InRange(shares[batch], 9, 11);
    }

    [Fact]
    public void A_tenant_that_comes_later_does_not_wait_for_what_the_others_have_had()
    {
        _rig.New();
        _rig.FileMany("pool:a", 1000, tenant: 1);
        _rig.FileMany("pool:a", 1000, tenant: 2);
        _rig.Take(_rig.Started[0], 500);
        _rig.FileMany("pool:a", 3, tenant: 3);
        Assert.Equal(3, _rig.Take(_rig.Started[0], 9).Count(p => p.Tenant == 3));
        // And it has no claim on the turns that it let pass.
        _rig.Take(_rig.Started[0], 500);
        _rig.FileMany("pool:a", 100, tenant: 3);
        Assert.InRange(_rig.Take(_rig.Started[0], 30).Count(p => p.Tenant == 3), 9, 11);
    }

    [Fact]
    public void A_million_parts_of_sixty_thousand_tenants_cost_hardly_more_than_those_of_one()
    {
        _rig.New(perDestination: 1);
        _rig.File("pool:a");
        long before = GC.GetTotalMemory(true);
        for (int i = 0; i < 1_000_000; i++) _rig.File("pool:a", tenant: (ushort)(i % 60_000));
        Assert.InRange(GC.GetTotalMemory(true) - before, 0, 60L << 20);
        Assert.Equal(1_000_001, _rig.Take(_rig.Started[0]).Count);
    }

    [Fact]
    public void Urgent_mail_goes_first_and_leaves_one_turn_of_eight_to_the_lowest_and_one_to_those_between()
    {
        _rig.New();
        foreach (int priority in (int[])[-4, 0, 1, 9]) _rig.FileMany("pool:a", 400, priority: priority);
        var taken = _rig.Take(_rig.Started[0], 400).ConvertAll(p => p.Priority);
        Assert.All(taken.Chunk(8), eight => Assert.Equal((6, 1, 1), (eight.Count(p => p == 9), eight.Count(p => p is 0 or 1), eight.Count(p => p == -4))));
        Assert.Equal(25, taken.Count(p => p == 0));
        Assert.Equal(1200, _rig.Take(_rig.Started[0]).Count);
    }

    [Fact]
    public void After_an_outage_what_waited_and_what_came_since_go_three_to_one()
    {
        var scheduler = _rig.New();
        _rig.FileMany("pool:a", 300);
        var queue = _rig.Started[0];
        var opened = _rig.Time.GetUtcNow() + TimeSpan.FromMinutes(1);
        scheduler.Gate(queue, opened);
        while (queue.Workers > 0) scheduler.EndWorker(queue);
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(scheduler.TryTake(queue, 0, true, out _));
        scheduler.Open(queue);
        _rig.FileMany("pool:a", 100);
        var taken = _rig.Take(queue, 80);
        Assert.All(taken.Chunk(4), four => Assert.Equal(1, four.Count(p => p.Accepted >= opened.ToUnixTimeMilliseconds())));
        // The longest waiting of each first.
        Assert.All(taken.GroupBy(p => p.Accepted >= opened.ToUnixTimeMilliseconds()), g => Assert.Equal(g.Select(p => p.Id.Value).Order(), g.Select(p => p.Id.Value)));
        // A second outage makes backlog of what is left.
        _rig.Time.Advance(TimeSpan.FromSeconds(1));
        scheduler.Gate(queue, _rig.Time.GetUtcNow() + TimeSpan.FromMinutes(1));
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        scheduler.Open(queue);
        _rig.FileMany("pool:a", 10);
        taken = _rig.Take(queue);
        Assert.Equal(399 - 80 + 10, taken.Count);
        Assert.Equal(10, taken.Take(40).Count(p => p.Accepted > opened.ToUnixTimeMilliseconds()));
    }

    [Fact]
    public void What_an_earlier_run_left_does_not_hold_up_what_comes_now()
    {
        _rig.New();
        for (int i = 0; i < 100; i++) _rig.File("pool:a", age: TimeSpan.FromHours(1));
        _rig.FileMany("pool:a", 5);
        Assert.Equal(5, _rig.Take(_rig.Started[0], 20).Count(p => p.Accepted >= _rig.Time.GetUtcNow().ToUnixTimeMilliseconds()));
    }

    [Fact]
    public void What_expires_is_found_among_all_tenants_and_priorities_in_bounded_looks()
    {
        var scheduler = _rig.New();
        for (int i = 0; i < 300; i++)
        {
            var expires = i % 3 == 0 ? TimeSpan.FromHours(1) : TimeSpan.FromDays(9);
            _rig.File("pool:a", tenant: (ushort)(i % 20), priority: i % 4, expires: expires, due: i % 5 == 0 ? TimeSpan.FromDays(1) : default);
        }
        var queue = _rig.Started[0];
        scheduler.Gate(queue, _rig.Time.GetUtcNow() + TimeSpan.FromDays(1));
        while (queue.Workers > 0) scheduler.EndWorker(queue);
        _rig.Time.Advance(TimeSpan.FromHours(2));
        var found = new List<long>();
        for (int look = 0; look < 10; look++) found.AddRange(scheduler.TakeOverdue(TimeSpan.Zero, 30).Select(o => o.Part.Id.Value));
        Assert.Equal(100, found.Distinct().Count());
        Assert.Equal(100, found.Count);
        Assert.Equal(200, scheduler.Waiting);
        _rig.Time.Advance(TimeSpan.FromHours(22));
        scheduler.Open(queue);
        Assert.Equal(200, _rig.Take(queue).Count);
    }

    [Fact]
    public void A_tenant_is_the_user_else_the_senders_domain_else_the_client()
    {
        var byDomain = TenantTag.Of(Envelope("a@Example.ORG", null, "192.0.2.1"));
        Assert.Equal(byDomain, TenantTag.Of(Envelope("b@example.org", null, "192.0.2.2")));
        Assert.NotEqual(byDomain, TenantTag.Of(Envelope("b@example.net", null, "192.0.2.2")));
        Assert.Equal(TenantTag.OfUser("app"), TenantTag.Of(Envelope("a@example.org", "app", "192.0.2.1")));
        Assert.Equal(TenantTag.Of(Envelope("", null, "192.0.2.1")), TenantTag.Of(Envelope("", null, "192.0.2.1")));
        Assert.NotEqual(TenantTag.Of(Envelope("", null, "192.0.2.1")), TenantTag.Of(Envelope("", null, "192.0.2.2")));
    }

    [Fact]
    public void A_part_keeps_what_it_was_filed_with()
    {
        var due = new DateTimeOffset(2026, 1, 1, 0, 0, 0, 123, TimeSpan.Zero);
        var part = new WaitingPart(new ScheduleEntry(new MessageId(5L << 22), "mx:a.test", due, due + TimeSpan.FromDays(5), 1, -9, FilingNotes.BounceRequested | FilingNotes.DelayNotified, ushort.MaxValue));
        Assert.Equal((due.ToUnixTimeMilliseconds(), (due + TimeSpan.FromDays(5)).ToUnixTimeMilliseconds(), -9, FilingNotes.BounceRequested | FilingNotes.DelayNotified, ushort.MaxValue, 5), (part.Due, part.Expires, part.Priority, part.Notes, part.Tenant, part.Accepted));
        Assert.Equal(24, System.Runtime.CompilerServices.Unsafe.SizeOf<WaitingPart>());
        Assert.True(new WaitingPart(new ScheduleEntry(default, "mx:a.test", DateTimeOffset.MaxValue, DateTimeOffset.MaxValue, 0, 9)).Due > due.AddYears(200).ToUnixTimeMilliseconds());
    }

    private static QueuedEnvelope Envelope(string from, string? user, string client) => new()
    {
        From = new MailPath(from),
        Recipients = [],
        Origin = new MessageOrigin { Listener = "x", User = user, ClientAddress = client },
        AcceptedAt = DateTimeOffset.UnixEpoch,
        ExpiresAt = DateTimeOffset.UnixEpoch,
    };
}
