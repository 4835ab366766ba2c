using System.IO.Compression;
using Postern.Access;
using Postern.Api;
using Postern.Core.Queue;

namespace Postern.Dashboard;

/// <summary>Waiting messages that match a search as one archive of .eml files, written while it is read. Bounded in messages and bytes; what is left out is said in it.</summary>
internal static class MessageArchive
{
    public const string Path = "/_postern/messages.zip";

    private const int MaxMessages = 1000;
    private const long MaxBytes = 1L << 30;

    public static async Task ServeAsync(HttpContext http, IQueueStore? store)
    {
        string text = http.Request.Query["q"].ToString();
        if (store is null || MessageSearch.Read(text, out string? problem) is not { } filters)
        {
            http.Response.StatusCode = store is null ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status400BadRequest;
            return;
        }
        http.Audit("queue.export", QueueFilters.Words(filters));
        http.Response.ContentType = "application/zip";
        http.Response.Headers.ContentDisposition = "attachment; filename=\"messages.zip\"";
        var query = QueueFilters.Read(filters, out _)! with { Limit = MaxMessages };
        var found = await store.ListAsync(query, http.RequestAborted);
        await using var zip = await ZipArchive.CreateAsync(http.Response.BodyWriter.AsStream(), ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, http.RequestAborted);
        long bytes = 0;
        byte[] buffer = new byte[64 * 1024];
        foreach (var message in found)
        {
            using var export = await store.ExportAsync(message.Id, http.RequestAborted);
            // It left meanwhile.
            if (export is null) continue;
            bytes += export.Content.Length;
            if (bytes > MaxBytes) break;
            var entry = zip.CreateEntry($"{message.Id}.eml", CompressionLevel.Fastest);
            await using var into = await entry.OpenAsync(http.RequestAborted);
            for (long offset = 0; offset < export.Content.Length;)
            {
                int read = await export.Content.ReadAsync(offset, buffer, http.RequestAborted);
                if (read == 0) break;
                await into.WriteAsync(buffer.AsMemory(0, read), http.RequestAborted);
                offset += read;
            }
        }
        if (found.Count < MaxMessages && bytes <= MaxBytes) return;
        var note = zip.CreateEntry("NOT-ALL.txt");
        await using var words = new StreamWriter(await note.OpenAsync(http.RequestAborted));
        await words.WriteAsync($"At most {MaxMessages} messages or 1 GiB are in one archive; narrow the search for the others.\n");
    }
}
