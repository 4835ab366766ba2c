using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Postern.Core.State;

namespace Postern.Core.Shaping;

/// <summary>What one lane had learned.</summary>
/// <param name="UsedAt">When it last carried mail; forgotten a week later.</param>
internal sealed record KeptLane(string Group, string Egress, DateTimeOffset UsedAt, IReadOnlyList<KeptLimit> Limits);

/// <summary>
/// The learned limits on disk: &lt;data&gt;/state/limits.json. They are worth a few refusals, not a failed start. Not thread safe; one owner.
/// </summary>
internal sealed class LearnedLimits(string folder, ILogger logger)
{
    private readonly StateFile<LearnedFile> _file = new(folder, "limits.json", "learned limits", LearnedJson.Default.LearnedFile, IsWhole, logger);

    public IReadOnlyList<KeptLane> Read(DateTimeOffset now) => _file.Read(now)?.Lanes ?? [];

    /// <returns>False when it could not be written; said in the log.</returns>
    public bool Write(IReadOnlyList<KeptLane> lanes) => _file.Write(new LearnedFile(1, lanes));

    private static bool IsWhole(LearnedFile file) =>
        file.Lanes is { } lanes && !lanes.Any(l => l?.Group is null || l.Egress is null || l.Limits is null || l.Limits.Any(k => k is not { Value: > 0, Words: not null }));
}

internal sealed record LearnedFile(int Version, IReadOnlyList<KeptLane> Lanes);

[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LearnedFile))]
internal sealed partial class LearnedJson : JsonSerializerContext;
