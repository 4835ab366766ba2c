using System.Buffers;
using System.Globalization;
using System.Text;
using Postern.Core.Events;

namespace Postern.Api;

/// <summary>
/// GET /api/v1/events/stream: events as they come, as server-sent events (WHATWG HTML section 9.2). Each is read from the log when its turn has come, so a reader costs no memory;
/// one that takes nothing for <see cref="Patience"/> is dropped and goes on later from where it was, with Last-Event-ID or after=.
/// </summary>
internal sealed class EventStream(TimeProvider time)
{
    internal const int MaxReaders = 32;

    private const int Page = 64;

    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A line now and then shows both sides, and what is between them, that the other is there.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private int _readers;

    /// <summary>Returns when the reader is gone or the log is closed. False when there are too many readers; nothing is answered then.</summary>
    /// <param name="query">Its <see cref="EventQuery.After"/>: null for what comes from now on.</param>
    public async Task<bool> RunAsync(HttpContext http, EventLog log, EventQuery query)
    {
        if (Interlocked.Increment(ref _readers) > MaxReaders)
        {
            Interlocked.Decrement(ref _readers);
            return false;
        }
        try
        {
            http.Response.ContentType = "text/event-stream";
            http.Response.Headers.CacheControl = "no-store";
            // nginx would gather them up.
            http.Response.Headers["X-Accel-Buffering"] = "no";
            // The first bytes tell that it has begun.
            await WriteAsync(http, ": events of this relay\n\n"u8.ToArray());
            await FollowAsync(http, log, query);
        }
        catch (OperationCanceledException)
        {
            // The reader is gone, or so slow that it is dropped.
        }
        finally
        {
            Interlocked.Decrement(ref _readers);
        }
        return true;
    }

    private async Task FollowAsync(HttpContext http, EventLog log, EventQuery query)
    {
        long at = Math.Min(query.After ?? log.LastId, log.LastId);
        while (true)
        {
            bool? isMore = await NextAsync(log, at, http.RequestAborted);
            if (isMore is false) return;
            if (isMore is null)
            {
                await WriteAsync(http, ":\n\n"u8.ToArray());
                continue;
            }
            var page = log.Read(at, Page);
            // Those up to the last one are no longer kept.
            at = page.Count == 0 ? log.LastId : page[^1].Id;
            foreach (var next in page.Where(query.Wants)) await WriteAsync(http, Format(next));
        }
    }

    /// <summary>Null when nothing came for a while.</summary>
    private async Task<bool?> NextAsync(EventLog log, long at, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await using var timer = time.CreateTimer(static l => ((CancellationTokenSource)l!).Cancel(), limit, Heartbeat, Timeout.InfiniteTimeSpan);
        try
        {
            return await log.WaitAsync(at, limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> bytes)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        await using var timer = time.CreateTimer(static l => ((CancellationTokenSource)l!).Cancel(), limit, Patience, Timeout.InfiniteTimeSpan);
        try
        {
            await http.Response.BodyWriter.WriteAsync(bytes, limit.Token);
        }
        catch (OperationCanceledException)
        {
            http.Abort();
            throw;
        }
    }

    private static ReadOnlyMemory<byte> Format(RelayEvent next)
    {
        var text = new ArrayBufferWriter<byte>(next.Line.Length + 96);
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {next.Id}\nevent: {next.Type}\ndata: "), text);
        text.Write(next.Line.Span);
        text.Write("\n\n"u8);
        return text.WrittenMemory;
    }
}
