using System.Diagnostics;
using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Benchmarks.Store;

/// <summary>
/// An operator's looks at a great many waiting messages: pages and counts by every kind of filter, what they cost those who hand mail in meanwhile, and actions on all. A thousand
/// senders, a recipient each, five thousand destinations; a quarter has failed, with replies of their own.
/// </summary>
internal static class SearchBenchmark
{
    private const int Rounds = 15;
    private const int Page = 100;
    private static readonly string[] Causes = ["rate-limited", "greylisted", "upstream-down", "mailbox-full"];

    public static async Task<int> RunAsync(string parent, long messages)
    {
        var parts = new FiledParts();
        await using var temp = await TempStore.OpenAsync(parent, parts.Add);
        var store = temp.Store;
        await FillAsync(store, 0, messages);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => FailAsync(store, parts, messages / 4 / 4))));
        Console.WriteLine($"{Show.Count(messages)} messages wait, {Show.Count(messages / 4)} of them deferred; {ProcessUse.OfThis()}");
        var last = (await store.ListAsync(new QueueQuery { NewestFirst = true, Limit = 1 }, default))[0];
        (string Name, QueueQuery Query)[] looks =
        [
            ("first page", new QueueQuery()),
            ("last page", new QueueQuery { NewestFirst = true }),
            ("one id", new QueueQuery { Id = last.Id }),
            ("a word that is in none", new QueueQuery { Text = "nowhere-to-be-found" }),
            ("a word that is in the last one only", new QueueQuery { Text = $"customer{messages - 1}@" }),
            ("two words", new QueueQuery { Text = "shop77.example d4077.example.org" }),
            ("recipient, exactly", new QueueQuery { Recipient = $"customer{messages / 2}@example.org" }),
            ("recipient, *part*", new QueueQuery { Recipient = $"*{messages / 2}@*" }),
            ("sender, of which there are a thousandth", new QueueQuery { Sender = "*@shop500.example" }),
            ("destination and state", new QueueQuery { Destination = "mx:d4321.example.org", State = QueueState.Deferred }),
            ("cause", new QueueQuery { Cause = "mailbox-full" }),
            ("reply, *part*, in none", new QueueQuery { Reply = "*no such words*" }),
            ("reply, a number of its own", new QueueQuery { Text = "ticket-777x" }),
            ("older than an hour", new QueueQuery { OlderThan = TimeSpan.FromHours(1) }),
            ("size, in none", new QueueQuery { MinBytes = 1 << 20 }),
        ];
        Console.WriteLine("| look | matches | page of 100: median, worst (ms) | count of all: median, worst (ms) |\n|---|---|---|---|");
        foreach (var (name, query) in looks)
        {
            long matches = (await store.CountAsync(query, default)).Messages;
            Console.WriteLine($"| {name} | {Show.Count(matches)} | {await TimeAsync(() => store.ListAsync(query with { Limit = Page }, default).AsTask())} | {await TimeAsync(() => store.CountAsync(query, default).AsTask())} |");
        }
        await BesideAsync(store, messages);
        foreach (var action in (QueueAction[])[QueueAction.Hold, QueueAction.Release, QueueAction.Remove]) await ActAsync(store, action);
        return 0;
    }

    private static async Task FillAsync(EmbeddedQueueStore store, long from, long messages)
    {
        long next = from;
        byte[] body = Samples.Message(1024);
        await Task.WhenAll(Enumerable.Range(0, 128).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) - 1 is var number && number < from + messages) await AcceptAsync(store, body, number);
        })));
    }

    private static async Task AcceptAsync(EmbeddedQueueStore store, byte[] body, long number)
    {
        await using var incoming = store.TryBegin() ?? throw new InvalidOperationException("the store takes no more mail: is the disk nearly full?");
        await incoming.WriteAsync(body, CancellationToken.None);
        var envelope = Samples.Envelope($"mx:d{number % 5000}.example.org", TimeProvider.System.GetUtcNow()) with { From = new MailPath($"orders@shop{number % 1000}.example") };
        await incoming.CommitAsync(envelope with { Recipients = [envelope.Recipients[0] with { Address = new MailPath($"customer{number}@example.org") }] }, CancellationToken.None);
    }

    private static async Task FailAsync(EmbeddedQueueStore store, FiledParts parts, long count)
    {
        for (long i = 0; i < count; i++)
        {
            var part = parts.Next()!.Value;
            using var lease = (await store.LeaseAsync(part.Id, part.Destination, "bench", TimeSpan.FromMinutes(5), default))!;
            string cause = Causes[i % 4], host = $"mx{i % 50}.example.net";
            var verdict = new Verdict(cause, 0.9, "", "", "", "upstream", "");
            var now = TimeProvider.System.GetUtcNow();
            await store.SettleAsync(lease, new Settlement
            {
                NextDue = now.AddHours(1),
                // A tenth has words that no other has.
                Recipients = [new RecipientUpdate(0, RecipientStatus.Waiting, i % 10 == 0 ? $"450 4.7.1 {cause} ticket-{i}x" : $"450 4.7.1 {cause} at {host}")],
                Evidence = new AttemptEvidence { At = now, Destination = part.Destination, Upstream = host, Target = host + ":25", Diagnosis = new DiagnosisReport { Id = "1", Target = host, At = now, Stage = "rcpt", Verdict = verdict, Evidence = [] } },
            }, default);
        }
    }

    private static async Task<string> TimeAsync<T>(Func<Task<T>> look)
    {
        var times = new List<double>();
        for (int i = 0; i < Rounds; i++)
        {
            long began = Stopwatch.GetTimestamp();
            await look();
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        times.Sort();
        return $"{Show.Number(times[Rounds / 2], "0.0")}, {Show.Number(times[^1], "0.0")}";
    }

    /// <summary>How long those wait who hand in mail, one after the other, with and without somebody who searches all the time.</summary>
    private static async Task BesideAsync(EmbeddedQueueStore store, long from)
    {
        byte[] body = Samples.Message(1024);
        foreach (bool isSearched in (bool[])[false, true])
        {
            using var over = new CancellationTokenSource();
            long walks = 0;
            var searching = isSearched ? Task.Run(async () =>
            {
                for (; !over.IsCancellationRequested; walks++) await store.CountAsync(new QueueQuery { Text = "nowhere-to-be-found" }, default);
            }) : Task.CompletedTask;
            var times = new List<double>();
            for (int i = 0; i < 3000; i++)
            {
                long began = Stopwatch.GetTimestamp();
                await AcceptAsync(store, body, from + i);
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
            await over.CancelAsync();
            await searching;
            times.Sort();
            Console.WriteLine($"accepting one by one{(isSearched ? $", beside a search without pause ({walks} walks)" : "")}: median {Show.Number(times[1500], "0.00")} ms, 99 % {Show.Number(times[2970], "0.00")} ms, worst {Show.Number(times[^1], "0.00")} ms");
        }
    }

    private static async Task ActAsync(EmbeddedQueueStore store, QueueAction action)
    {
        long began = Stopwatch.GetTimestamp();
        int done = await store.UpdateAsync(new QueueQuery(), action, default);
        var elapsed = Stopwatch.GetElapsedTime(began);
        Console.WriteLine($"{action} all: {Show.Count(done)} in {Show.Seconds(elapsed)} ({Show.Count(done / elapsed.TotalSeconds)}/s); {ProcessUse.OfThis()}");
    }
}
