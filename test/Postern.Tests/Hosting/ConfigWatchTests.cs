using Microsoft.Extensions.Time.Testing;
using Postern.Hosting;

namespace Postern.Tests.Hosting;

public sealed class ConfigWatchTests
{
    [Fact]
    public async Task A_changed_file_is_loaded_once_it_has_stopped_changing_and_a_request_at_once()
    {
        string file = Path.GetTempFileName();
        var time = new FakeTimeProvider();
        var watch = new ConfigWatch(file, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var reloaded = new SemaphoreSlim(0);
        var running = watch.RunAsync(() => Task.FromResult(reloaded.Release()), over.Token);

        watch.Request();
        Assert.True(await reloaded.WaitAsync(TimeSpan.FromSeconds(10), over.Token));

        await File.WriteAllTextAsync(file, "changed", over.Token);
        // Ticks are handled on other threads: keep the clock going until the reload is heard.
        bool heard = false;
        for (int i = 0; i < 500 && !heard; i++)
        {
            time.Advance(TimeSpan.FromSeconds(2));
            heard = await reloaded.WaitAsync(TimeSpan.FromMilliseconds(20), over.Token);
        }
        Assert.True(heard);
        Assert.False(await reloaded.WaitAsync(TimeSpan.FromMilliseconds(50), over.Token));

        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        File.Delete(file);
    }
}
