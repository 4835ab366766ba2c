using System.Threading.Channels;

namespace Postern.Hosting;

/// <summary>
/// Says when to load the configuration again: on demand, or when the file's time or length has changed and then stayed the same for one look.
/// Looks every two seconds rather than watching: editors and container platforms replace files in ways that watchers miss.
/// </summary>
internal sealed class ConfigWatch(string? file, TimeProvider time)
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(2);

    // One request is enough: a reload reads what is there then.
    private readonly Channel<bool> _requests = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Request() => _requests.Writer.TryWrite(true);

    public async Task RunAsync(Func<Task> reload, CancellationToken cancel)
    {
        var applied = Look();
        var seen = applied;
        using var timer = new PeriodicTimer(_interval, time);
        var tick = timer.WaitForNextTickAsync(cancel).AsTask();
        var request = _requests.Reader.WaitToReadAsync(cancel).AsTask();
        while (true)
        {
            await await Task.WhenAny(tick, request);
            var now = Look();
            bool isDue = now is not null && now != applied && now == seen;
            seen = now;
            if (request.IsCompleted)
            {
                _requests.Reader.TryRead(out _);
                request = _requests.Reader.WaitToReadAsync(cancel).AsTask();
                isDue = true;
            }
            if (tick.IsCompleted) tick = timer.WaitForNextTickAsync(cancel).AsTask();
            if (!isDue) continue;
            applied = now;
            await reload();
        }
    }

    private (DateTime, long)? Look()
    {
        if (file is null) return null;
        try
        {
            var info = new FileInfo(file);
            // Of the target, where the file is a symbolic link (Kubernetes swaps those).
            if (info.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) info = target;
            return info.Exists ? (info.LastWriteTimeUtc, info.Length) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
