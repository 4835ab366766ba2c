namespace Postern.Core.Configuration;

/// <summary>The operating system's words for a failure, fit to stand inside our own sentence.</summary>
internal static class SystemText
{
    /// <summary>One line, no full stop, without the path that .NET appends ("No space left on device : '/x'"): the sentence around it names the path.</summary>
    public static string Of(Exception error)
    {
        string text = error.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.');
        int path = text.IndexOf(" : '", StringComparison.Ordinal);
        return path > 0 ? text[..path].TrimEnd() : text;
    }

    /// <summary>A folder that cannot be made or written.</summary>
    /// <param name="what">Begins the sentence, in the plural: "events".</param>
    public static string CannotBeKept(string what, string folder, Exception error) => $"{what} cannot be kept in {folder}: {Of(error)}; give the relay's user the right to write there";
}
