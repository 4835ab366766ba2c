using Postern.Lab.Net;
using Postern.Lab.Truth;

namespace Postern.Lab.Scenarios;

/// <summary>
/// Evidence that a scenario asks for: <c>ID</c>, <c>ID|ID</c> for one of them, <c>ID: WORDS</c> for one that says so. An id that ends in <c>.*</c> stands for all that
/// begin so; in the words <c>*</c> stands for anything and <c>@mx1</c> for an address of the lab.
/// </summary>
internal sealed class EvidenceAsk
{
    private readonly string _words;

    private EvidenceAsk(string text, IReadOnlyList<string> ids, string words) => (Text, Ids, _words) = (text, ids, words);

    public string Text { get; }
    public IReadOnlyList<string> Ids { get; }

    public static EvidenceAsk Parse(string text)
    {
        int colon = text.IndexOf(": ", StringComparison.Ordinal);
        string[] ids = (colon < 0 ? text : text[..colon]).Split('|', StringSplitOptions.TrimEntries);
        if (ids.Any(i => i.Length == 0 || i.Contains(' ', StringComparison.Ordinal))) throw new FormatException($"no evidence to ask for: {text}");
        return new EvidenceAsk(text, ids, colon < 0 ? "" : LabAddresses.Fill(text[(colon + 2)..].Trim()));
    }

    /// <param name="observed">The sentence of the evidence.</param>
    public bool IsMetBy(string id, string observed) => Ids.Any(i => i == id || (i.EndsWith(".*", StringComparison.Ordinal) && id.StartsWith(i[..^1], StringComparison.Ordinal))) && TruthLine.Has(observed, _words);
}
