namespace Postern.Lab.Daemons;

/// <summary>The files that a real server delivered to, one for each message, as Maildir has them: complete once they stand in the folder.</summary>
public sealed class DeliveredMail(string folder)
{
    public string Folder => folder;

    /// <summary>Contents in order of arrival.</summary>
    public IReadOnlyList<byte[]> Messages => !Directory.Exists(folder)
        ? []
        : [.. new DirectoryInfo(folder).EnumerateFiles().OrderBy(f => f.LastWriteTimeUtc).ThenBy(f => f.Name, StringComparer.Ordinal).Select(f => File.ReadAllBytes(f.FullName))];

    public int Count => Directory.Exists(folder) ? Directory.EnumerateFiles(folder).Count() : 0;

    /// <summary>Waits until that many are there and returns all. Throws TimeoutException after <paramref name="limit"/> (20 s).</summary>
    public async Task<IReadOnlyList<byte[]>> WaitAsync(int count, TimeSpan? limit = null)
    {
        using var late = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(20), TimeProvider.System);
        while (Count < count)
        {
            if (late.IsCancellationRequested) throw new TimeoutException($"{Count} of {count} messages were delivered to {folder}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }
        return Messages;
    }

    /// <summary>Waits for the one message that holds the text. Throws TimeoutException.</summary>
    public async Task<byte[]> WaitForAsync(string text, TimeSpan? limit = null)
    {
        byte[] wanted = System.Text.Encoding.UTF8.GetBytes(text);
        using var late = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(20), TimeProvider.System);
        while (true)
        {
            if (Messages.FirstOrDefault(m => m.AsSpan().IndexOf(wanted) >= 0) is { } found) return found;
            if (late.IsCancellationRequested) throw new TimeoutException($"no message with '{text}' among the {Count} in {folder}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
    }
}
