using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;
using Postern.Core.Scheduling;
using Postern.Core.Shaping;

namespace Postern.Benchmarks.Store;

/// <summary>
/// What is done to a folder of waiting mail, each in a process of its own, so that its memory is what a relay would have and killing it is a real kill. Every
/// step ends with one line of figures on standard output.
/// </summary>
internal static class WaitingSteps
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>Accepts so many messages and closes.</summary>
    public static async Task<int> FillAsync(string folder, long messages, int bodyBytes, int destinations)
    {
        var (store, scheduler) = await OpenAsync(folder);
        long began = TimeProvider.System.GetTimestamp();
        await new Filler(store, destinations, bodyBytes).RunAsync(messages, CancellationToken.None);
        var elapsed = TimeProvider.System.GetElapsedTime(began);
        await Task.Delay(Settling, TimeProvider.System);
        Console.WriteLine($"{Show.Count(messages)} messages of {bodyBytes} bytes to {destinations} destinations accepted in {Show.Seconds(elapsed)} ({Show.Count(messages / elapsed.TotalSeconds)}/s); {ProcessUse.OfThis()}; disk {Show.MiB(store.Stats.DiskBytes)}");
        await CloseAsync(store, scheduler);
        return 0;
    }

    /// <summary>Opens and tells how long it took until every waiting part was filed.</summary>
    public static async Task<int> OpenOnlyAsync(string folder, long atLeast)
    {
        long began = TimeProvider.System.GetTimestamp();
        var (store, scheduler) = await OpenAsync(folder);
        var elapsed = TimeProvider.System.GetElapsedTime(began);
        if (store.Stats.Messages < atLeast || scheduler.Waiting != store.Stats.Messages || store.Stats.SetAside != 0)
            throw new InvalidOperationException($"{store.Stats.Messages} messages found, {scheduler.Waiting} filed, {store.Stats.SetAside} set aside; at least {atLeast} were acknowledged");
        var use = ProcessUse.OfThis();
        await Task.Delay(Settling, TimeProvider.System);
        Console.WriteLine($"{Show.Count(store.Stats.Messages)} messages filed after {Show.Seconds(elapsed)}; {use}; later {ProcessUse.OfThis()}; disk {Show.MiB(store.Stats.DiskBytes)}");
        await CloseAsync(store, scheduler);
        return 0;
    }

    /// <summary>Accepts until it is killed, saying ten times a second how many it has acknowledged.</summary>
    public static async Task<int> LoadAsync(string folder, int bodyBytes, int destinations)
    {
        var (store, _) = await OpenAsync(folder);
        var filler = new Filler(store, destinations, bodyBytes);
        var filling = filler.RunAsync(long.MaxValue, CancellationToken.None);
        while (!filling.IsCompleted)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            Console.WriteLine(filler.Acknowledged);
        }
        await filling;
        return 1;
    }

    /// <summary>Settles everything as delivered and waits for the disk space to come back.</summary>
    public static async Task<int> DrainAsync(string folder)
    {
        var parts = new FiledParts();
        var store = await TempStore.OpenAtAsync(folder, parts.Add);
        long messages = store.Stats.Messages, disk = store.Stats.DiskBytes, began = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => parts.DeliverAsync(store, () => true))));
        var elapsed = TimeProvider.System.GetElapsedTime(began);
        if (store.Stats.Messages != 0) throw new InvalidOperationException($"{store.Stats.Messages} messages are left");
        var returned = await Space.ReturnedAsync(store);
        Console.WriteLine($"{Show.Count(messages)} messages settled in {Show.Seconds(elapsed)} ({Show.Count(messages / elapsed.TotalSeconds)}/s); {ProcessUse.OfThis()}; disk {Show.MiB(disk)} before, {Show.MiB(store.Stats.DiskBytes)} {Show.Seconds(returned)} after the last");
        await store.DisposeAsync();
        return 0;
    }

    /// <summary>With the relay's scheduler behind it, whose sessions all wait for ever: its memory belongs to the figure.</summary>
    private static async Task<(EmbeddedQueueStore Store, Scheduler Scheduler)> OpenAsync(string folder)
    {
        var scheduler = new Scheduler(new SessionLimits(new PosternConfig()), static _ => { }, TimeProvider.System);
        return (await TempStore.OpenAtAsync(folder, scheduler.File), scheduler);
    }

    private static async Task CloseAsync(IQueueStore store, Scheduler scheduler)
    {
        scheduler.Stop();
        scheduler.Dispose();
        await store.DisposeAsync();
    }
}
