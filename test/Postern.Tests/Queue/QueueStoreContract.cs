using Microsoft.Extensions.Time.Testing;
using Postern.Core.Queue;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Queue;

/// <summary>Every promise of <see cref="IQueueStore"/>; each engine runs them all.</summary>
public abstract partial class QueueStoreContract : IAsyncLifetime
{
    protected const string Pool = "pool:provider";
    protected readonly FakeTimeProvider Time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    protected readonly List<ScheduleEntry> Filed = [];
    protected IQueueStore Store = null!;

    /// <summary>Opens the engine on the same data as before, not started.</summary>
    protected abstract IQueueStore Open();

    /// <summary>Ends the engine as a killed process would: nothing more is written.</summary>
    protected abstract ValueTask KillAsync();

    public async ValueTask InitializeAsync() => await StartAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task StartAsync()
    {
        Store = Open();
        lock (Filed) Filed.Clear();
        Store.Filed = entry =>
        {
            lock (Filed) Filed.Add(entry);
        };
        await Store.StartAsync(CancellationToken.None);
    }

    protected async Task ReopenAsync(bool kill = true)
    {
        if (kill) await KillAsync();
        else await Store.DisposeAsync();
        await StartAsync();
    }

    protected ScheduleEntry[] Entries()
    {
        lock (Filed) return [.. Filed];
    }

    protected QueuedEnvelope Envelope(string from = "a@example.org", params (string Address, string Destination)[] to) => new()
    {
        From = new MailPath(from),
        Recipients = [.. (to.Length == 0 ? [("b@example.net", Pool)] : to).Select(t => new QueuedRecipient(new MailPath(t.Item1), t.Item2))],
        Origin = new MessageOrigin { Listener = "127.0.0.1:2525", ClientAddress = "192.0.2.1", ClientHello = "client.test" },
        AcceptedAt = Time.GetUtcNow(),
        ExpiresAt = Time.GetUtcNow().AddDays(5),
    };

    protected static byte[] Body(int bytes, int seed = 1)
    {
        byte[] body = new byte[bytes];
        new Random(seed).NextBytes(body);
        return body;
    }

    protected async Task<MessageId> AcceptAsync(byte[] body, QueuedEnvelope? envelope = null, int block = 16 << 10)
    {
        await using var incoming = Store.TryBegin();
        Assert.NotNull(incoming);
        for (int at = 0; at < body.Length; at += block) await incoming.WriteAsync(body.AsMemory(at, Math.Min(block, body.Length - at)), CancellationToken.None);
        await incoming.CommitAsync(envelope ?? Envelope(), CancellationToken.None);
        return incoming.Id;
    }

    protected async Task<Lease> LeaseAsync(MessageId id, string destination = Pool)
    {
        var lease = await Store.LeaseAsync(id, destination, "test", TimeSpan.FromMinutes(5), CancellationToken.None);
        Assert.NotNull(lease);
        return lease;
    }

    protected ValueTask<Lease?> TryLeaseAsync(MessageId id, string destination = Pool) => Store.LeaseAsync(id, destination, "other", TimeSpan.FromMinutes(5), CancellationToken.None);

    protected static async Task<byte[]> ReadAsync(MessageContent content)
    {
        byte[] bytes = new byte[content.Length];
        int total = 0;
        while (await content.ReadAsync(total, bytes.AsMemory(total, Math.Min(5000, bytes.Length - total)), CancellationToken.None) is > 0 and var read) total += read;
        Assert.Equal(content.Length, total);
        return bytes;
    }

    protected static Settlement Delivered(params int[] indices) => new() { Recipients = [.. indices.Select(i => new RecipientUpdate(i, RecipientStatus.Delivered, "250 2.0.0 ok"))] };

    protected async Task SettleAsync(Lease lease, Settlement settlement)
    {
        Assert.True(await Store.SettleAsync(lease, settlement, CancellationToken.None));
        lease.Dispose();
    }

    protected AttemptEvidence Evidence(int n) => new()
    {
        At = Time.GetUtcNow(), Destination = Pool, Upstream = "provider", Target = $"mx{n}.example.org[192.0.2.{n}]:25", StageReached = ClientStage.Greeting,
        Failure = new StageFailure(ClientStage.Greeting, Speaker.Peer, FailureKind.Refused, "refused", SmtpReply.Of(421, "4.3.2", "try later", "please")),
        Timings = [new StageTiming(ClientStage.Connect, 1.5)], Transcript = [new TranscriptLine(true, 2.5, "421 4.3.2 try later")],
    };

    public static TheoryData<int> Sizes => [0, 1, 511, 4096, 65536, 122879, 122880, 122881, 245760, 1_000_003];

    [Theory, MemberData(nameof(Sizes))]
    public async Task Gives_back_the_exact_bytes_before_and_after_a_kill(int size)
    {
        byte[] body = Body(size);
        var id = await AcceptAsync(body, block: 30_011);
        using (var lease = await LeaseAsync(id)) Assert.Equal(body, await ReadAsync(lease.Content));
        await ReopenAsync();
        using var again = await LeaseAsync(id);
        Assert.Equal(body, await ReadAsync(again.Content));
        Assert.Equal(size, again.Content.Length);
    }

    [Fact]
    public async Task Keeps_every_member_of_the_envelope()
    {
        var envelope = Envelope() with
        {
            From = new MailPath("jürgen@example.org"), Body = BodyType.EightBitMime, SmtpUtf8 = true, Return = DsnReturn.Headers, EnvId = "QQ 1", Priority = -3, HasEightBit = true,
            Origin = new MessageOrigin { Listener = "[::1]:25", ClientAddress = "2001:db8::1", ClientHello = "h", User = "app", Protocol = "UTF8SMTPSA" },
            Recipients = [
                new QueuedRecipient(new MailPath("x@example.net"), "mx:example.net", DsnNotify.Success | DsnNotify.Delay, "rfc822;x@example.net"),
                new QueuedRecipient(new MailPath("y@example.net"), "mx:example.net", DsnNotify.Never),
                new QueuedRecipient(new MailPath("z@example.com"), "mx:example.com")],
        };
        var id = await AcceptAsync(Body(10), envelope);
        await ReopenAsync();
        using var lease = await LeaseAsync(id, "mx:example.net");
        Assert.Equal(envelope.Recipients, lease.Envelope.Recipients);
        Assert.Equal(envelope with { Recipients = [] }, lease.Envelope with { Recipients = [] });
        Assert.Equal([0, 1], lease.Pending);
        Assert.True(lease.Content.HasEightBit);
    }

    [Fact]
    public async Task Files_each_part_once_when_stable_and_again_after_a_restart()
    {
        var id = await AcceptAsync(Body(10), Envelope("a@example.org", ("b@example.net", "mx:example.net"), ("c@example.com", "mx:example.com"), ("d@example.net", "mx:example.net")));
        Assert.Equal(["mx:example.net", "mx:example.com"], Entries().Select(e => e.Destination));
        Assert.All(Entries(), e => Assert.Equal((id, Time.GetUtcNow(), 0), (e.Id, e.Due, e.Attempts)));
        await ReopenAsync();
        Assert.Equal(["mx:example.com", "mx:example.net"], Entries().Select(e => e.Destination).Order());
    }

    [Fact]
    public async Task A_message_that_was_not_committed_is_gone()
    {
        var incoming = Store.TryBegin()!;
        await incoming.WriteAsync(Body(500_000), CancellationToken.None);
        await incoming.DisposeAsync();
        await ReopenAsync();
        Assert.Equal(0, Store.Stats.Messages);
        Assert.Empty(Entries());
    }

    [Fact]
    public async Task A_leased_part_is_refused_to_others_until_released()
    {
        var id = await AcceptAsync(Body(10));
        using var lease = await LeaseAsync(id);
        Assert.Null(await TryLeaseAsync(id));
        Assert.Null(await TryLeaseAsync(id, "mx:nowhere.test"));
        Assert.Equal(1, Store.Stats.Leased);
        Store.Release(lease, Time.GetUtcNow());
        Assert.Equal(2, Entries().Length);
        Assert.NotNull(await TryLeaseAsync(id));
        Assert.False(Store.Renew(lease, TimeSpan.FromMinutes(1)));
        Assert.False(await Store.SettleAsync(lease, Delivered(0), CancellationToken.None));
    }

    [Fact]
    public async Task A_lease_lapses_unless_renewed_and_the_part_is_filed_again()
    {
        var id = await AcceptAsync(Body(10));
        using var lease = await LeaseAsync(id);
        Time.Advance(TimeSpan.FromMinutes(4));
        Assert.True(Store.Renew(lease, TimeSpan.FromMinutes(5)));
        Time.Advance(TimeSpan.FromMinutes(4));
        Assert.Single(Entries());
        Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(2, Entries().Length);
        Assert.False(Store.Renew(lease, TimeSpan.FromMinutes(5)));
        Assert.False(await Store.SettleAsync(lease, Delivered(0), CancellationToken.None));
        using var other = await LeaseAsync(id);
        Assert.Equal(0, other.Attempts);
        Assert.Equal(Body(10), await ReadAsync(lease.Content)); // what the first holder reads stays readable
    }

    [Fact]
    public async Task A_delivered_message_is_gone_for_good()
    {
        var id = await AcceptAsync(Body(10));
        await SettleAsync(await LeaseAsync(id), Delivered(0));
        Assert.Null(await TryLeaseAsync(id));
        Assert.Null(await Store.ShowAsync(id, CancellationToken.None));
        await ReopenAsync(kill: false);
        Assert.Equal(0, Store.Stats.Messages);
        Assert.Empty(Entries());
    }

    [Fact]
    public async Task A_deferred_part_waits_until_due_with_its_attempts_words_and_evidence()
    {
        var id = await AcceptAsync(Body(10), Envelope("a@example.org", ("b@example.net", Pool), ("c@example.net", Pool)));
        for (int n = 1; n <= 10; n++)
        {
            var due = Time.GetUtcNow().AddMinutes(5);
            await SettleAsync(await LeaseAsync(id), new Settlement
            {
                Recipients = [new RecipientUpdate(1, RecipientStatus.Waiting, $"421 no {n} " + new string('x', 600))], NextDue = due, Evidence = Evidence(n), DelayNotified = n == 3, CountsAsAttempt = n != 2,
            });
            Assert.Equal(due, Entries()[^1].Due);
            Assert.Null(await TryLeaseAsync(id));
            Time.Advance(TimeSpan.FromMinutes(5));
        }
        await ReopenAsync(kill: false);
        using var lease = await LeaseAsync(id);
        Assert.Equal(9, lease.Attempts);
        Assert.True(lease.DelayNotified);
        Assert.Equal([0, 1], lease.Pending);
        var details = await Store.ShowAsync(id, CancellationToken.None);
        Assert.Equal(512, details!.Recipients[1].LastReply!.Length);
        Assert.StartsWith("421 no 10 ", details.Recipients[1].LastReply, StringComparison.Ordinal);
        Assert.Null(details.Recipients[0].LastReply);
        Assert.Equal(Enumerable.Range(3, 8).Select(n => $"mx{n}.example.org[192.0.2.{n}]:25"), details.Attempts.Select(a => a.Target));
        Assert.Equal(Evidence(10).Failure, details.Attempts[^1].Failure);
        Assert.Equal(QueueState.Leased, details.Summary.State);
    }

    [Fact]
    public async Task Every_host_of_an_attempt_is_shown()
    {
        var id = await AcceptAsync(Body(10), Envelope("a@example.org", ("b@example.net", Pool)));
        await SettleAsync(await LeaseAsync(id), new Settlement { Recipients = [new RecipientUpdate(0, RecipientStatus.Waiting)], NextDue = Time.GetUtcNow().AddMinutes(5), Evidence = Evidence(3) with { Earlier = [Evidence(1), Evidence(2)] } });
        await ReopenAsync(kill: false);
        var details = await Store.ShowAsync(id, CancellationToken.None);
        Assert.Equal(["mx1.example.org[192.0.2.1]:25", "mx2.example.org[192.0.2.2]:25", "mx3.example.org[192.0.2.3]:25"], details!.Attempts.Select(a => a.Target));
        Assert.All(details.Attempts, a => Assert.Null(a.Earlier));
    }

    [Fact]
    public async Task Parts_settle_on_their_own_and_recipients_move_between_destinations()
    {
        var id = await AcceptAsync(Body(10), Envelope("a@example.org", ("b@example.net", "one"), ("c@example.net", "one"), ("d@example.com", "two")));
        var one = await LeaseAsync(id, "one");
        var two = await LeaseAsync(id, "two");
        var due = Time.GetUtcNow().AddMinutes(1);
        await SettleAsync(one, new Settlement { Recipients = [new RecipientUpdate(0, RecipientStatus.Delivered), new RecipientUpdate(1, RecipientStatus.Waiting, "moved", "three")], NextDue = due });
        await SettleAsync(two, new Settlement { Recipients = [new RecipientUpdate(2, RecipientStatus.Waiting, null, "three")], NextDue = due });
        Assert.Null(await TryLeaseAsync(id, "one"));
        Time.Advance(TimeSpan.FromMinutes(1));
        await ReopenAsync(kill: false);
        Assert.Equal(["three"], Entries().Select(e => e.Destination));
        var three = await LeaseAsync(id, "three");
        Assert.Equal([1, 2], three.Pending);
        Assert.Equal(RecipientStatus.Delivered, three.Envelope.Recipients[0].Status);
        await SettleAsync(three, Delivered(1, 2));
        Assert.Equal(0, Store.Stats.Messages);
    }

    [Fact]
    public async Task A_bounce_and_its_new_message_are_one_commit()
    {
        var id = await AcceptAsync(Body(10));
        var bounce = new GeneratedMessage(Envelope("", ("a@example.org", "mx:example.org")), Body(3000, 2));
        await SettleAsync(await LeaseAsync(id), new Settlement { Recipients = [new RecipientUpdate(0, RecipientStatus.Bounced, "550 5.1.1 no")], NewMessages = [bounce] });
        await ReopenAsync();
        var entry = Assert.Single(Entries());
        Assert.Equal("mx:example.org", entry.Destination);
        using var lease = await LeaseAsync(entry.Id, entry.Destination);
        Assert.True(lease.Envelope.From.IsNull);
        Assert.Equal(bounce.Content.ToArray(), await ReadAsync(lease.Content));
    }

    [Fact]
    public async Task Hold_release_retry_bounce_and_remove_survive_a_restart()
    {
        var id = await AcceptAsync(Body(10));
        var query = new QueueQuery { Id = id };
        Assert.Equal(1, await Store.UpdateAsync(query, QueueAction.Hold, CancellationToken.None));
        Assert.Null(await TryLeaseAsync(id));
        Assert.Equal(1, Store.Stats.Held);
        await ReopenAsync();
        Assert.Empty(Entries());
        Assert.Equal(1, Store.Stats.Held);
        Assert.Equal(RecipientStatus.Held, (await Store.ShowAsync(id, CancellationToken.None))!.Recipients[0].Status);
        await Store.UpdateAsync(query, QueueAction.Release, CancellationToken.None);
        await SettleAsync(await LeaseAsync(id), new Settlement { NextDue = Time.GetUtcNow().AddHours(1) });
        Assert.Null(await TryLeaseAsync(id));
        await Store.UpdateAsync(query, QueueAction.Retry, CancellationToken.None);
        Store.Release(await LeaseAsync(id), Time.GetUtcNow().AddHours(1));
        await Store.UpdateAsync(query, QueueAction.Bounce, CancellationToken.None);
        await ReopenAsync();
        using (var lease = await LeaseAsync(id))
        {
            Assert.True(lease.BounceRequested);
            Store.Release(lease, Time.GetUtcNow());
        }
        Assert.Equal(1, await Store.UpdateAsync(query, QueueAction.Remove, CancellationToken.None));
        await ReopenAsync();
        Assert.Equal((0, 0), (Store.Stats.Messages, Store.Stats.Held));
    }

    [Fact]
    public async Task An_action_on_a_leased_part_is_done_when_its_lease_ends()
    {
        var id = await AcceptAsync(Body(10));
        var lease = await LeaseAsync(id);
        Assert.Equal(1, await Store.UpdateAsync(new QueueQuery { Id = id }, QueueAction.Hold, CancellationToken.None));
        await SettleAsync(lease, new Settlement { NextDue = Time.GetUtcNow() });
        Assert.Null(await TryLeaseAsync(id));
        Assert.Equal(1, Store.Stats.Held);
        await Store.UpdateAsync(new QueueQuery { Id = id }, QueueAction.Release, CancellationToken.None);
        lease = await LeaseAsync(id);
        await Store.UpdateAsync(new QueueQuery { Id = id }, QueueAction.Remove, CancellationToken.None);
        Store.Release(lease, Time.GetUtcNow());
        Assert.Equal(0, Store.Stats.Messages);
    }

    [Fact]
    public async Task Lists_by_destination_sender_recipient_state_and_age_in_pages()
    {
        var ids = new List<MessageId>();
        for (int i = 0; i < 10; i++)
        {
            ids.Add(await AcceptAsync(Body(100 + i), Envelope($"s{i % 2}@example.org", ($"r{i}@Example.net", i < 5 ? "mx:example.net" : Pool))));
            Time.Advance(TimeSpan.FromMinutes(1));
        }
        await ListedAsync(new QueueQuery { Destination = "mx:*" }, 0, 1, 2, 3, 4);
        await ListedAsync(new QueueQuery { Sender = "S1@example.org" }, 1, 3, 5, 7, 9);
        await ListedAsync(new QueueQuery { Recipient = "r7@*" }, 7);
        await ListedAsync(new QueueQuery { OlderThan = TimeSpan.FromMinutes(8.5) }, 0, 1);
        await ListedAsync(new QueueQuery { Limit = 3, After = ids[4] }, 5, 6, 7);
        await SettleAsync(await LeaseAsync(ids[2], "mx:example.net"), new Settlement { NextDue = Time.GetUtcNow().AddHours(1), Recipients = [new RecipientUpdate(0, RecipientStatus.Waiting, "450 busy")] });
        await ListedAsync(new QueueQuery { State = QueueState.Deferred }, 2);
        var summary = (await Store.ListAsync(new QueueQuery { Id = ids[2] }, CancellationToken.None))[0];
        Assert.Equal(("s0@example.org", 102L, 1, 1, 1, "450 busy"), (summary.Sender, summary.SizeBytes, summary.RecipientsWaiting, summary.RecipientsTotal, summary.Attempts, summary.LastReply));
        Assert.Equal(5, Store.Stats.ByDestination["mx:example.net"]);
        Assert.Equal(Time.GetUtcNow().AddMinutes(-10), Store.Stats.OldestAcceptedAt);

        async Task ListedAsync(QueueQuery query, params int[] expected) =>
            Assert.Equal(expected, (await Store.ListAsync(query, CancellationToken.None)).Select(m => ids.IndexOf(m.Id)));
    }

    [Fact]
    public async Task An_export_reads_on_after_the_message_has_gone()
    {
        byte[] body = Body(300_000);
        var id = await AcceptAsync(body);
        using var export = await Store.ExportAsync(id, CancellationToken.None);
        await SettleAsync(await LeaseAsync(id), Delivered(0));
        Assert.Equal(body, await ReadAsync(export!.Content));
        Assert.Null(await Store.ExportAsync(id, CancellationToken.None));
    }

    [Fact]
    public async Task Concurrent_commits_share_their_syncs_and_all_survive()
    {
        var ids = new System.Collections.Concurrent.ConcurrentDictionary<MessageId, int>();
        long before = Store.Stats.Syncs;
        await Parallel.ForEachAsync(Enumerable.Range(0, 500), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (n, _) => ids[await AcceptAsync(Body(1000, n))] = n);
        Assert.Equal(500, ids.Count);
        Assert.InRange(Store.Stats.Syncs - before, 1, 499);
        await ReopenAsync();
        Assert.Equal(500, Store.Stats.Messages);
        foreach (var (id, n) in ids)
        {
            using var lease = await LeaseAsync(id);
            Assert.Equal(Body(1000, n), await ReadAsync(lease.Content));
        }
    }
}
