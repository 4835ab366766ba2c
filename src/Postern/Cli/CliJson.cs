using System.Text.Json.Serialization;

namespace Postern.Cli;

internal sealed record ConfigCheckContract(bool Good, IReadOnlyList<ConfigFindingContract> Errors, IReadOnlyList<ConfigFindingContract> Warnings);

internal sealed record ConfigFindingContract(string Source, int Line, int Column, string Key, string? Value, string Expected, string Mend);

internal sealed record HashContract(string Hash);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ConfigCheckContract))]
[JsonSerializable(typeof(HashContract))]
internal sealed partial class CliJson : JsonSerializerContext;
