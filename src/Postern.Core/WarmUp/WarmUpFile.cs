using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Postern.Core.Queue.Embedded;
using Postern.Core.Telemetry;

namespace Postern.Core.WarmUp;

/// <summary>
/// The warm-ups on disk: &lt;data&gt;/state/warmup.json, written whole (a new file, synced, renamed over the old one). A damaged file is set aside and the
/// warm-ups begin from the first day, which is the safe side; a failed write is tried again. Not thread safe; one owner.
/// </summary>
internal sealed class WarmUpFile(string folder, ILogger logger)
{
    private const string Name = "warmup.json";
    private const int MaxFileBytes = 64 << 20;

    private readonly DiskFolder _folder = new(folder);

    /// <returns>Null: nothing is known.</returns>
    public WarmUpState? Read(DateTimeOffset now)
    {
        string path = Path.Combine(_folder.Path, Name);
        try
        {
            if (!File.Exists(path)) return null;
            if (new FileInfo(path).Length > MaxFileBytes) throw new InvalidDataException("it is far larger than anything we write");
            var state = JsonSerializer.Deserialize(File.ReadAllBytes(path), WarmUpJson.Default.WarmUpState);
            if (state is not { Addresses: { } addresses, Runs: { } runs } || addresses.Any(a => a?.Egress is null) || runs.Any(r => r is not { Group: not null, Egress: not null, Day: > 0, Taken: >= 0 }))
                throw new InvalidDataException("something in it is missing");
            return state;
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            SetAside(path, now, error.Message);
            return null;
        }
    }

    /// <returns>False when it could not be written; said in the log.</returns>
    public bool Write(WarmUpState state)
    {
        try
        {
            Directory.CreateDirectory(_folder.Path);
            using (var file = File.Create(Path.Combine(_folder.Path, Name + ".new")))
            {
                JsonSerializer.Serialize(file, state, WarmUpJson.Default.WarmUpState);
                file.Flush(flushToDisk: true);
            }
            _folder.Rename(Name + ".new", Name);
            _folder.Sync();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            PosternLog.WarmUpNotKept(logger, error.Message);
            return false;
        }
    }

    private void SetAside(string path, DateTimeOffset now, string reason)
    {
        string aside = $"{path}.damaged-{now.UtcDateTime:yyyyMMddHHmmss}";
        try
        {
            File.Move(path, aside, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            reason = $"{reason}; and it could not be renamed: {error.Message}";
        }
        PosternLog.WarmUpSetAside(logger, aside, reason);
    }
}

internal sealed record WarmUpState(int Version, IReadOnlyList<KeptAddress> Addresses, IReadOnlyList<KeptRun> Runs)
{
    public const int Current = 1;
}

[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WarmUpState))]
internal sealed partial class WarmUpJson : JsonSerializerContext;
