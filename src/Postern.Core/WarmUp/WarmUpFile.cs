using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Postern.Core.State;

namespace Postern.Core.WarmUp;

/// <summary>The warm-ups on disk: &lt;data&gt;/state/warmup.json. Without it they begin from the first day, which is the safe side. Not thread safe; one owner.</summary>
internal sealed class WarmUpFile(string folder, ILogger logger)
{
    private readonly StateFile<WarmUpState> _file = new(folder, "warmup.json", "warm-ups", WarmUpJson.Default.WarmUpState, IsWhole, logger);

    /// <returns>Null: nothing is known.</returns>
    public WarmUpState? Read(DateTimeOffset now) => _file.Read(now);

    /// <returns>False when it could not be written; said in the log.</returns>
    public bool Write(WarmUpState state) => _file.Write(state);

    private static bool IsWhole(WarmUpState state) =>
        state is { Addresses: { } addresses, Runs: { } runs } && addresses.All(a => a?.Egress is not null) && runs.All(r => r is { Group: not null, Egress: not null, Day: > 0, Taken: >= 0 });
}

internal sealed record WarmUpState(int Version, IReadOnlyList<KeptAddress> Addresses, IReadOnlyList<KeptRun> Runs)
{
    public const int Current = 1;
}

[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WarmUpState))]
internal sealed partial class WarmUpJson : JsonSerializerContext;
