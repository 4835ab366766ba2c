namespace Postern.Core.Configuration;

/// <summary>One thing wrong with the configuration, said so that an operator can mend it without looking anything up.</summary>
/// <param name="Key">"limits.max_message", "upstream[0].tls"; empty for the file as a whole.</param>
/// <param name="Value">As written; null when there is none or it is a secret.</param>
/// <param name="Expected">What was expected, or what is wrong.</param>
/// <param name="Mend">What to do.</param>
public sealed record ConfigError(ConfigOrigin At, string Key, string? Value, string Expected, string Mend)
{
    /// <summary>One line: "postern.toml:4:1: limits.max_message = 7: expected …; write …".</summary>
    public override string ToString()
    {
        string subject = Key.Length == 0 ? "" : Value is null ? $"{Key}: " : $"{Key} = {Value}: ";
        return Printable($"{At}: {subject}{Expected}; {Mend}");
    }

    /// <summary>What an operator wrote is shown on a terminal and in a log: control characters in it are not.</summary>
    private static string Printable(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
}

/// <summary>What loading gave: a configuration that can be used, or every error at once.</summary>
/// <param name="Config">Null exactly when there are errors.</param>
/// <param name="Warnings">What is allowed but probably not meant.</param>
/// <param name="Origins">Where each key that was set comes from, by its path; what is absent is at its default.</param>
public sealed record ConfigResult(
    PosternConfig? Config,
    IReadOnlyList<ConfigError> Errors,
    IReadOnlyList<ConfigError> Warnings,
    IReadOnlyDictionary<string, ConfigOrigin> Origins);
