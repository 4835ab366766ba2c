namespace Postern.Core.Configuration;

/// <summary>
/// Describes one key of the configuration file: the one source of the reference page, the schema and the error messages.
/// The key's name is the property's in snake_case, without a unit suffix (MaxMessageBytes is max_message).
/// </summary>
/// <param name="summary">What it does, in one or two sentences.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SettingAttribute(string summary) : Attribute
{
    public string Summary { get; } = summary;

    /// <summary>Where the default comes from ("RFC 5321 section 4.5.3.2.1").</summary>
    public string? Source { get; init; }

    public string? Example { get; init; }

    /// <summary>Smallest and largest value allowed, as written in the file ("1s", "1MiB", "1"); null for none.</summary>
    public string? Min { get; init; }
    public string? Max { get; init; }
}
