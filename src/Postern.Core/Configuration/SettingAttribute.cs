namespace Postern.Core.Configuration;

/// <summary>What a text value must look like, beyond being text; checked by <see cref="ConfigValidator"/>.</summary>
public enum SettingForm : byte
{
    Any,

    /// <summary>A name used in other keys, logs and metrics: letters, digits, dot, hyphen, underscore; at most 64.</summary>
    Name,

    /// <summary>A host name of letters, digits, hyphens and dots (RFC 5321 section 4.1.2), or an address literal in brackets.</summary>
    HostName,

    /// <summary>address:port to listen on; "[::]:25", "*:25".</summary>
    Listen,

    /// <summary>host:port or [IPv6]:port to connect to.</summary>
    HostPort,

    /// <summary>A domain, or host:port.</summary>
    Control,

    /// <summary>An IP address, with a port or without.</summary>
    Resolver,

    /// <summary>An IP address.</summary>
    Address,

    /// <summary>A network in CIDR notation, or one address.</summary>
    Network,

    /// <summary>A page for people: http:// or https://.</summary>
    WebPage,

    /// <summary>A file that must exist. Relative paths are relative to the configuration file's folder.</summary>
    File,

    /// <summary>A word of the cause table.</summary>
    Cause,

    /// <summary>A folder; made when it does not exist. Relative paths are relative to the configuration file's folder.</summary>
    Folder,

    /// <summary>An http or https URL.</summary>
    Url,

    /// <summary>A type of events, "incident.*" or "*".</summary>
    EventPattern,

    /// <summary>A day: year-month-day.</summary>
    Date,
}

/// <summary>
/// Describes one key of the configuration file: the one source of the reference page, the schema and the error messages.
/// The key's name is the property's in snake_case, without the suffix Bytes (MaxMessageBytes is max_message), or <see cref="Name"/>.
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

    /// <summary>The key's name where the rule would give a misleading one.</summary>
    public string? Name { get; init; }

    /// <summary>Of the text, or of each text of a list.</summary>
    public SettingForm Form { get; init; }
}
