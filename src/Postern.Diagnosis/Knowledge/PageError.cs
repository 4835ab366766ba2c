namespace Postern.Diagnosis.Knowledge;

/// <summary>One thing wrong with a page: "greylisted.md:12: …".</summary>
internal sealed record PageError(string File, int Line, string Message)
{
    public override string ToString() => $"{File}:{Line}: {Message}";
}

/// <param name="Name">"greylisted.md".</param>
internal sealed record KnowledgeFile(string Name, string Text);
