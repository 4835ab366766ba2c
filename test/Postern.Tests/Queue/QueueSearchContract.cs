using Postern.Core.Queue;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Queue;

public abstract partial class QueueStoreContract
{
    private readonly List<MessageId> _sent = [];

    [Fact]
    public async Task Searches_by_any_word_of_a_message()
    {
        await SendSomeAsync();
        await FoundAsync(new QueueQuery { Text = "alice" }, 0, 1);
        await FoundAsync(new QueueQuery { Text = "ALICE Example.net" }, 1);
        await FoundAsync(new QueueQuery { Text = "192.0.2.7" }, 0);
        await FoundAsync(new QueueQuery { Text = "billing" }, 2);
        await FoundAsync(new QueueQuery { Text = "pool:provider" }, 0, 2);
        await FoundAsync(new QueueQuery { Text = _sent[1].ToString().ToUpperInvariant() }, 1);
        await FoundAsync(new QueueQuery { Text = "alice nobody" });
        await FoundAsync(new QueueQuery { Text = "Jörg" }, 3);
    }

    [Fact]
    public async Task Searches_by_user_client_tenant_and_size()
    {
        await SendSomeAsync();
        await FoundAsync(new QueueQuery { User = "Billing" }, 2);
        await FoundAsync(new QueueQuery { Client = "192.0.2.*" }, 0, 1, 3);
        await FoundAsync(new QueueQuery { Tenant = "billing" }, 2);
        await FoundAsync(new QueueQuery { Tenant = "example.org" }, 0, 1);
        await FoundAsync(new QueueQuery { Tenant = "192.0.2.9" }, 3);
        await FoundAsync(new QueueQuery { Sender = "<>" }, 3);
        await FoundAsync(new QueueQuery { MinBytes = 102 }, 2, 3);
        await FoundAsync(new QueueQuery { MinBytes = 101, MaxBytes = 102 }, 1, 2);
        await FoundAsync(new QueueQuery { YoungerThan = TimeSpan.FromMinutes(2.5) }, 2, 3);
        await FoundAsync(new QueueQuery { UpTo = _sent[1] }, 0, 1);
        await FoundAsync(new QueueQuery { Ids = [_sent[2], _sent[0], _sent[2], new MessageId(1)] }, 0, 2);
    }

    [Fact]
    public async Task Searches_by_upstream_cause_and_reply_of_the_last_attempt_also_after_a_restart()
    {
        await SendSomeAsync();
        await DeferAsync(0, "provider", "rate-limited", "450 4.7.0 slow down");
        await DeferAsync(1, "mx1.example.net", "greylisted", "451 4.7.1 Greylisted, come back");
        await DeferAsync(2, "provider", "upstream-down", null);
        for (int again = 0; again < 2; again++)
        {
            await FoundAsync(new QueueQuery { Upstream = "PROVIDER" }, 0, 2);
            await FoundAsync(new QueueQuery { Cause = "greylisted" }, 1);
            await FoundAsync(new QueueQuery { Reply = "*come back" }, 1);
            await FoundAsync(new QueueQuery { Text = "slow" }, 0);
            await FoundAsync(new QueueQuery { Text = "upstream-down" }, 2);
            await ReopenAsync();
        }
        await DeferAsync(1, "mx2.example.net", "mailbox-full", "452 4.2.2 full");
        await FoundAsync(new QueueQuery { Cause = "greylisted" });
        await FoundAsync(new QueueQuery { Reply = "452*" }, 1);
    }

    [Fact]
    public async Task Finds_the_last_recipient_of_a_great_many()
    {
        var many = Enumerable.Range(0, 900).Select(i => ($"person{i}@example.net", Pool)).ToArray();
        _sent.Add(await AcceptAsync(Body(10), Envelope("news@example.org", many)));
        _sent.Add(await AcceptAsync(Body(10), Envelope("news@example.org", ("other@example.net", Pool))));
        await FoundAsync(new QueueQuery { Recipient = "person899@example.net" }, 0);
        await FoundAsync(new QueueQuery { Text = "person899" }, 0);
        await FoundAsync(new QueueQuery { Text = "person900" });
        Assert.Equal(1, (await Store.CountAsync(new QueueQuery { Text = "person899" }, CancellationToken.None)).Messages);
    }

    [Fact]
    public async Task Pages_from_either_end_give_every_message_once_while_mail_comes_and_goes()
    {
        for (int i = 0; i < 30; i++) _sent.Add(await AcceptAsync(Body(10)));
        foreach (bool newest in (bool[])[false, true])
        {
            var seen = new List<MessageId>();
            MessageId? after = null;
            do
            {
                var page = await Store.ListAsync(new QueueQuery { Limit = 7, After = after, NewestFirst = newest }, CancellationToken.None);
                seen.AddRange(page.Select(m => m.Id));
                after = page.Count == 7 ? page[^1].Id : null;
                // The one where the page ended goes: the next page begins behind its place all the same.
                if (seen.Count == 14) await Store.UpdateAsync(new QueueQuery { Id = seen[^1] }, QueueAction.Remove, CancellationToken.None);
                if (!newest) continue;
                await AcceptAsync(Body(10));
            }
            while (after is not null);
            Assert.Equal(newest ? _sent.Except([_sent[13]]).Reverse() : _sent, seen);
        }
    }

    [Fact]
    public async Task Counts_what_matches_with_its_bytes_and_states()
    {
        await SendSomeAsync();
        await DeferAsync(0, "provider", "rate-limited", "450 4.7.0 slow down");
        await Store.UpdateAsync(new QueueQuery { Id = _sent[1] }, QueueAction.Hold, CancellationToken.None);
        using var lease = await LeaseAsync(_sent[2]);
        Assert.Equal(new QueueTally(4, 406, 1, 1, 1, 1, _sent[3]), await Store.CountAsync(new QueueQuery(), CancellationToken.None));
        Assert.Equal(new QueueTally(1, 100, 0, 1, 0, 0, _sent[0]), await Store.CountAsync(new QueueQuery { Cause = "rate-*" }, CancellationToken.None));
        Assert.Equal(default, await Store.CountAsync(new QueueQuery { Text = "nobody" }, CancellationToken.None));
    }

    [Fact]
    public async Task An_action_on_all_takes_what_is_there_and_tells_how_far_it_is()
    {
        for (int i = 0; i < 2500; i++) _sent.Add(await AcceptAsync(Body(1)));
        var told = new List<int>();
        Assert.Equal(2500, await Store.UpdateAsync(new QueueQuery(), QueueAction.Hold, CancellationToken.None, told.Add));
        Assert.Equal([1024, 2048, 2500], told);
        Assert.Equal(2500, Store.Stats.Held);
        // Held already: the same again changes nothing.
        Assert.Equal(2500, await Store.UpdateAsync(new QueueQuery(), QueueAction.Hold, CancellationToken.None));
        Assert.Equal(1000, await Store.UpdateAsync(new QueueQuery { UpTo = _sent[999] }, QueueAction.Remove, CancellationToken.None));
        await ReopenAsync();
        Assert.Equal((1500, 1500), (Store.Stats.Messages, Store.Stats.Held));
    }

    private async Task SendSomeAsync()
    {
        await SendAsync("alice@Example.org", null, "192.0.2.7", ("r0@example.com", Pool));
        await SendAsync("alice@example.org", null, "192.0.2.8", ("r1@example.net", "mx:example.net"));
        await SendAsync("invoices@example.com", "billing", "198.51.100.1", ("r2@example.com", Pool));
        await SendAsync("", null, "192.0.2.9", ("JÖRG@example.com", "mx:example.com"));
    }

    private async Task SendAsync(string from, string? user, string client, (string Address, string Destination) to)
    {
        var envelope = Envelope(from, to);
        envelope = envelope with { Origin = envelope.Origin with { User = user, ClientAddress = client } };
        _sent.Add(await AcceptAsync(Body(100 + _sent.Count), envelope));
        Time.Advance(TimeSpan.FromMinutes(1));
    }

    private async Task DeferAsync(int index, string upstream, string cause, string? reply)
    {
        var entry = Entries().Last(e => e.Id == _sent[index]);
        Time.Advance(TimeSpan.FromSeconds(1));
        var verdict = new Verdict(cause, 0.9, "", "", "", "upstream", "");
        await SettleAsync(await LeaseAsync(_sent[index], entry.Destination), new Settlement
        {
            NextDue = Time.GetUtcNow(),
            Recipients = reply is null ? [] : [new RecipientUpdate(0, RecipientStatus.Waiting, reply)],
            Evidence = new AttemptEvidence
            {
                At = Time.GetUtcNow(),
                Destination = entry.Destination,
                Upstream = upstream,
                Target = upstream + ":25",
                Diagnosis = new DiagnosisReport { Id = "1", Target = upstream, At = Time.GetUtcNow(), Stage = "connect", Verdict = verdict, Evidence = [] },
            },
        });
    }

    private async Task FoundAsync(QueueQuery query, params int[] expected)
    {
        Assert.Equal(expected, (await Store.ListAsync(query, CancellationToken.None)).Select(m => _sent.IndexOf(m.Id)));
        Assert.Equal(expected.Reverse(), (await Store.ListAsync(query with { NewestFirst = true }, CancellationToken.None)).Select(m => _sent.IndexOf(m.Id)));
        Assert.Equal(expected.Length, (await Store.CountAsync(query, CancellationToken.None)).Messages);
    }
}
