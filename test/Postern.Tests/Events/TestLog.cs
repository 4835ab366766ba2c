using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Postern.Core.Events;
using Postern.Core.Telemetry;
using Postern.Tests.Delivery;

namespace Postern.Tests.Events;

/// <summary>A real event log in a folder of its own, and what is in it.</summary>
internal sealed class TestLog : IAsyncDisposable
{
    private readonly PosternMetrics _metrics = new();

    public TestLog()
    {
        Log = Open();
        News = new RelayNews(Log, _metrics);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("postern-news-").FullName;
    public EventLog Log { get; }
    public RelayNews News { get; }

    public EventLog Open() => new(Path.Combine(Folder, "events"), "relay.test", 64 << 20, _metrics, NullLogger.Instance, TimeProvider.System);

    /// <summary>All that has been published so far, when it is on disk.</summary>
    public async Task<IReadOnlyList<JsonElement>> AllAsync()
    {
        long last = Log.PublishedId;
        if (last > 0) await Log.WaitAsync(last - 1, TestContext.Current.CancellationToken);
        return [.. Log.Read(0, 100_000).Select(e => JsonDocument.Parse(e.Line).RootElement)];
    }

    /// <summary>Waits for events that are published by others.</summary>
    public async Task<IReadOnlyList<JsonElement>> UntilAsync(string type, int count = 1)
    {
        IReadOnlyList<JsonElement> found = [];
        await DeliveryRig.Until(() => (found = Of(type)).Count >= count, $"{count} {type}");
        return found;
    }

    public static string Type(JsonElement e) => e.GetProperty("type").GetString()!;

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        _metrics.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private List<JsonElement> Of(string type) => [.. Log.Read(0, 100_000).Select(e => JsonDocument.Parse(e.Line).RootElement).Where(e => Type(e) == type)];
}
