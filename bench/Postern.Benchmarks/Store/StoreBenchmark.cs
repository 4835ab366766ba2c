namespace Postern.Benchmarks.Store;

/// <summary>The store alone: durable accepts by the number of producers, with and without delivery beside; then leasing and settling.</summary>
internal static class StoreBenchmark
{
    private const int Runs = 3;
    private const int SettledMessages = 200_000;

    public static async Task<int> RunAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        Console.WriteLine($"Store in {folder}, medians of {Runs} runs; CPU is the whole process's, producers included.");
        Console.WriteLine();
        Console.WriteLine("| | producers | body | messages/s | CPU ms | p50 ms | p99 ms | messages per sync | bytes allocated |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (bool deliver in new[] { false, true })
        {
            foreach (int bytes in new[] { 4 << 10, 64 << 10 })
            {
                foreach (int producers in new[] { 1, 64, 256 }) Print(await MedianAsync(folder, producers, bytes, deliver), producers, bytes, deliver);
            }
        }
        Console.WriteLine();
        await SettleAsync(folder);
        return 0;
    }

    private static async Task<AcceptResult> MedianAsync(string folder, int producers, int bytes, bool deliver)
    {
        var results = new List<AcceptResult>();
        for (int run = 0; run < Runs; run++)
            results.Add(await new AcceptRun(folder, producers, bytes, deliver, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(2)).RunAsync());
        double Of(Func<AcceptResult, double> value) => Show.Median(results.Select(value));
        return new AcceptResult(Of(r => r.PerSecond), Of(r => r.CpuMs), Of(r => r.P50Ms), Of(r => r.P99Ms), Of(r => r.MessagesPerSync), Of(r => r.AllocatedBytes), (long)Of(r => r.Messages));
    }

    private static void Print(AcceptResult result, int producers, int bytes, bool deliver) => Console.WriteLine(
        $"| {(deliver ? "accept and deliver" : "accept")} | {producers} | {bytes >> 10} KiB | {Show.Count(result.PerSecond)} | {Show.Number(result.CpuMs, "0.0000")} | {Show.Number(result.P50Ms, "0.00")} | {Show.Number(result.P99Ms, "0.00")} | {Show.Number(result.MessagesPerSync, "0.0")} | {Show.Count(result.AllocatedBytes)} |");

    /// <summary>Most of the messages are no longer in memory when their turn comes, so this reads their records back.</summary>
    private static async Task SettleAsync(string folder)
    {
        var time = TimeProvider.System;
        var parts = new FiledParts();
        await using var temp = await TempStore.OpenAsync(folder, parts.Add);
        await new Filler(temp.Store, destinations: 100, bodyBytes: 4 << 10).RunAsync(SettledMessages, CancellationToken.None);
        long disk = temp.Store.Stats.DiskBytes, allocated = GC.GetTotalAllocatedBytes(), began = time.GetTimestamp();
        var cpu = Environment.CpuUsage.TotalTime;
        long[] delivered = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => parts.DeliverAsync(temp.Store, () => true))));
        var elapsed = time.GetElapsedTime(began);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        if (delivered.Sum() != SettledMessages) throw new InvalidOperationException($"{delivered.Sum()} of {SettledMessages} messages were settled");
        Console.WriteLine($"Lease, read, settle as delivered, {Show.Count(SettledMessages)} waiting messages of 4 KiB, 4 workers: {Show.Count(SettledMessages / elapsed.TotalSeconds)}/s, {Show.Number(cpu.TotalMilliseconds / SettledMessages, "0.0000")} ms CPU, {Show.Count((GC.GetTotalAllocatedBytes() - allocated) / (double)SettledMessages)} bytes allocated each.");
        var returned = await Space.ReturnedAsync(temp.Store);
        Console.WriteLine($"Disk {Show.MiB(disk)} before, {Show.MiB(temp.Store.Stats.DiskBytes)} {Show.Seconds(returned)} after the last settlement.");
    }
}
