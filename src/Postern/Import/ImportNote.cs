namespace Postern.Import;

/// <summary>What became of a parameter.</summary>
internal enum ImportFate : byte
{
    /// <summary>The new configuration does the same.</summary>
    Carried,

    /// <summary>It does nearly the same; the note says what differs.</summary>
    Changed,

    /// <summary>It does not: somebody has to look at it.</summary>
    NotCarried,

    /// <summary>There is nothing to carry: it is about parts that Postern does not have or does by itself.</summary>
    Irrelevant,
}

/// <param name="Subject">The parameter, table entry or variable.</param>
/// <param name="Place">"main.cf:12".</param>
/// <param name="Text">What, and why; a whole sentence without its full stop.</param>
internal sealed record ImportNote(ImportFate Fate, string Subject, string Place, string Text);
