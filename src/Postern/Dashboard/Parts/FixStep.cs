namespace Postern.Dashboard.Parts;

/// <summary>One line of a fix: a numbered step, a sentence, or a command to copy.</summary>
/// <param name="Number">Null where it has none.</param>
internal sealed record FixStep(string? Number, string Text, bool IsCommand)
{
    public static IEnumerable<FixStep> Read(string fix)
    {
        foreach (string line in fix.Split('\n'))
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            // The pages indent commands; a step of words begins with its number or a capital.
            string text = line.Trim();
            int digits = 0;
            while (digits < text.Length && char.IsAsciiDigit(text[digits])) digits++;
            if (digits > 0 && text.AsSpan(digits).StartsWith(". ")) yield return new FixStep(text[..digits], text[(digits + 2)..], false);
            else yield return new FixStep(null, text, char.IsWhiteSpace(line[0]) && !char.IsUpper(text[0]));
        }
    }
}
