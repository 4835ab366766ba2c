using Microsoft.Extensions.Logging.Abstractions;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;

namespace Postern.Tests.Queue;

/// <summary>The contract on the embedded engine, with small segments so that rolling and cleaning take part.</summary>
public sealed class EmbeddedQueueStoreTests : QueueStoreContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-store-").FullName;
    private int _copies;
    private string _current = "";

    private QueueConfig Config { get; set; } = new() { SegmentBytes = 1 << 20, MinFreeBytes = 0 };

    protected override IQueueStore Open()
    {
        if (_current.Length == 0) _current = Path.Combine(_folder, "0");
        return new EmbeddedQueueStore(_current, Config, Time, NullLogger.Instance);
    }

    /// <summary>What a kill leaves is what the files hold at that moment: the store goes on with a copy of them.</summary>
    protected override async ValueTask KillAsync()
    {
        string copy, journal = Path.Combine(_current, "journal");
        do
        {
            copy = Path.Combine(_folder, (++_copies).ToString(System.Globalization.CultureInfo.InvariantCulture));
            Directory.CreateDirectory(Path.Combine(copy, "journal"));
        }
        while (!TryCopy(journal, Path.Combine(copy, "journal")));
        await Store.DisposeAsync();
        _current = copy;
    }

    /// <summary>False when the copy is not of one moment: the cleaner was at work, or a spare became the next segment.</summary>
    private static bool TryCopy(string from, string to)
    {
        string[] files = Directory.GetFiles(from);
        try
        {
            foreach (string file in files) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        return files.Order().SequenceEqual(Directory.GetFiles(from).Order());
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_second_process_on_the_same_data_is_told_who_has_it()
    {
        var error = Assert.Throws<StoreException>(Open);
        Assert.Equal($"the data folder {_current} is in use by process {Environment.ProcessId}; stop that process, or set server.data to another folder", error.Message);
    }

    [Fact]
    public async Task Space_stays_bounded_while_one_old_message_is_deferred_for_ever()
    {
        byte[] old = Body(200_000, 7);
        var first = await AcceptAsync(old);
        await SettleAsync(await LeaseAsync(first), new Settlement { NextDue = Time.GetUtcNow(), Recipients = [new RecipientUpdate(0, RecipientStatus.Waiting, "451 later")] });
        for (int i = 0; i < 400; i++)
        {
            await SettleAsync(await LeaseAsync(await AcceptAsync(Body(60_000, i))), Delivered(0));
            if (i % 10 == 0) Time.Advance(TimeSpan.FromSeconds(1));
        }
        for (int i = 0; i < 200 && Store.Stats.DiskBytes > 8 << 20; i++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }
        Assert.InRange(Store.Stats.DiskBytes, 1, 8 << 20);
        Assert.InRange(Store.Stats.LiveBytes, 200_000, 210_000);
        await ReopenAsync(kill: false); // a kill may repeat the last delivery
        using var lease = await LeaseAsync(first);
        Assert.Equal((1, 1), (lease.Attempts, Entries().Length));
        Assert.Equal(old, await ReadAsync(lease.Content));
        Assert.Equal("451 later", (await Store.ShowAsync(first, CancellationToken.None))!.Recipients[0].LastReply);
    }

    [Fact]
    public async Task A_corrupted_record_in_the_middle_is_set_aside_and_the_others_go_on()
    {
        var ids = new List<MessageId>();
        for (int i = 0; i < 3; i++) ids.Add(await AcceptAsync(Body(1000, i)));
        await Store.DisposeAsync();
        string segment = Path.Combine(_current, "journal", "00000001.seg");
        byte[] bytes = File.ReadAllBytes(segment);
        byte[] second = Body(1000, 1);
        int at = bytes.AsSpan().IndexOf(second);
        bytes[at + 500] ^= 1;
        File.WriteAllBytes(segment, bytes);
        await StartAsync();
        Assert.Equal((2, 1), (Store.Stats.Messages, Store.Stats.SetAside));
        Assert.Equal([ids[0], ids[2]], Entries().Select(e => e.Id).Order());
        string damaged = Assert.Single(Directory.GetFiles(Path.Combine(_current, "journal", "damaged"), "*.bin"));
        Assert.True(File.ReadAllBytes(damaged).AsSpan().IndexOf(second.AsSpan(0, 500)) >= 0);
    }

    [Fact]
    public async Task Refuses_new_mail_when_the_queue_is_full_but_settles()
    {
        await Store.DisposeAsync();
        Config = Config with { MaxMessages = 2 };
        await StartAsync();
        var id = await AcceptAsync(Body(10));
        await AcceptAsync(Body(10));
        Assert.Null(Store.TryBegin());
        Assert.False(Store.Stats.AcceptsMail);
        await SettleAsync(await LeaseAsync(id), Delivered(0));
        await AcceptAsync(Body(10));
    }

    [Fact]
    public async Task Refuses_new_mail_when_the_disk_is_nearly_full_but_settles()
    {
        var id = await AcceptAsync(Body(10));
        await Store.DisposeAsync();
        Config = Config with { MinFreeBytes = long.MaxValue };
        await StartAsync();
        Assert.Null(Store.TryBegin());
        await SettleAsync(await LeaseAsync(id), Delivered(0));
        Assert.Equal(0, Store.Stats.Messages);
    }
}
