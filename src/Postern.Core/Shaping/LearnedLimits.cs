using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Postern.Core.Queue.Embedded;
using Postern.Core.Telemetry;

namespace Postern.Core.Shaping;

/// <summary>What one lane had learned.</summary>
/// <param name="UsedAt">When it last carried mail; forgotten a week later.</param>
internal sealed record KeptLane(string Group, string Egress, DateTimeOffset UsedAt, IReadOnlyList<KeptLimit> Limits);

/// <summary>
/// The learned limits on disk: &lt;data&gt;/state/limits.json, written whole (a new file, synced, renamed over the old one). They are worth a few
/// refusals, not a failed start: a damaged file is set aside, a failed write is tried again. Not thread safe; one owner.
/// </summary>
internal sealed class LearnedLimits(string folder, ILogger logger)
{
    private const string Name = "limits.json";
    private const int MaxFileBytes = 64 << 20;

    private readonly DiskFolder _folder = new(folder);

    public IReadOnlyList<KeptLane> Read(DateTimeOffset now)
    {
        string path = Path.Combine(_folder.Path, Name);
        try
        {
            if (!File.Exists(path)) return [];
            if (new FileInfo(path).Length > MaxFileBytes) throw new InvalidDataException("it is far larger than anything we write");
            var file = JsonSerializer.Deserialize(File.ReadAllBytes(path), LearnedJson.Default.LearnedFile);
            if (file?.Lanes is not { } lanes || lanes.Any(l => l?.Group is null || l.Egress is null || l.Limits is null || l.Limits.Any(k => k is not { Value: > 0, Words: not null })))
                throw new InvalidDataException("something in it is missing");
            return lanes;
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            SetAside(path, now, error.Message);
            return [];
        }
    }

    /// <returns>False when it could not be written; said in the log.</returns>
    public bool Write(IReadOnlyList<KeptLane> lanes)
    {
        try
        {
            Directory.CreateDirectory(_folder.Path);
            using (var file = File.Create(Path.Combine(_folder.Path, Name + ".new")))
            {
                JsonSerializer.Serialize(file, new LearnedFile(1, lanes), LearnedJson.Default.LearnedFile);
                file.Flush(flushToDisk: true);
            }
            _folder.Rename(Name + ".new", Name);
            _folder.Sync();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            PosternLog.LimitsNotKept(logger, error.Message);
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
        PosternLog.LimitsSetAside(logger, aside, reason);
    }
}

internal sealed record LearnedFile(int Version, IReadOnlyList<KeptLane> Lanes);

[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LearnedFile))]
internal sealed partial class LearnedJson : JsonSerializerContext;
