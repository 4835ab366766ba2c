namespace Postern.Core.Configuration;

/// <summary>
/// A password or key from the file, an environment variable or another file. Never printed: its text form is "***".
/// </summary>
/// <param name="origin">For messages: "in the file", "environment variable X", "file path".</param>
public sealed class Secret(string value, string origin)
{
    /// <summary>The secret itself. Never log it.</summary>
    public string Reveal() => value;

    public string Origin { get; } = origin;

    public override string ToString() => "***";
}
