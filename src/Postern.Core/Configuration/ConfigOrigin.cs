namespace Postern.Core.Configuration;

/// <summary>Where a value comes from: a place in a file, an environment variable, a command-line option or the default.</summary>
/// <param name="Source">File path as given, "environment variable X", "option --x" or "default".</param>
/// <param name="Line">From 1; 0 when the source has no lines.</param>
/// <param name="Column">From 1; 0 when the source has no columns.</param>
public readonly record struct ConfigOrigin(string Source, int Line = 0, int Column = 0)
{
    public static readonly ConfigOrigin Default = new("default");

    public static ConfigOrigin Environment(string variable) => new($"environment variable {variable}");

    public static ConfigOrigin Option(string option) => new($"option {option}");

    public override string ToString() => Line == 0 ? Source : $"{Source}:{Line}:{Column}";
}
