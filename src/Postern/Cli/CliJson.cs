using System.Text.Json.Serialization;
using Postern.Diagnosis.Checks;

namespace Postern.Cli;

internal sealed record ConfigCheckContract(bool Good, IReadOnlyList<ConfigFindingContract> Errors, IReadOnlyList<ConfigFindingContract> Warnings);

internal sealed record ConfigFindingContract(string Source, int Line, int Column, string Key, string? Value, string Expected, string Mend);

internal sealed record HashContract(string Hash);

/// <summary>postern doctor --json.</summary>
/// <param name="Good">No problem was found; something may still be unknown.</param>
internal sealed record DoctorContract(bool Good, IReadOnlyList<Finding> Findings);

/// <summary>postern explain CAUSE --json.</summary>
/// <param name="Page">The whole page as markdown.</param>
internal sealed record CauseContract(string Id, string Title, string Who, string Summary, string Fix, string Why, string Page);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(Postern.Api.WordEnumConverter<FindingState>)], DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ConfigCheckContract))]
[JsonSerializable(typeof(HashContract))]
[JsonSerializable(typeof(TokenContract))]
[JsonSerializable(typeof(ConfigImportContract))]
[JsonSerializable(typeof(DoctorContract))]
[JsonSerializable(typeof(CauseContract))]
[JsonSerializable(typeof(IReadOnlyList<CauseContract>))]
internal sealed partial class CliJson : JsonSerializerContext;
