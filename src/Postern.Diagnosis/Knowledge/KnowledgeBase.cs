using System.Collections.Frozen;
using Postern.Diagnosis.Causes;

namespace Postern.Diagnosis.Knowledge;

/// <summary>One page for every cause. Read once; immutable and safe to share.</summary>
internal sealed class KnowledgeBase
{
    private const string Prefix = "knowledge/";
    private static readonly Lazy<KnowledgeBase> Embedded = new(() => Load(ReadEmbedded()));

    private readonly FrozenDictionary<CauseId, KnowledgePage> _pages;

    private KnowledgeBase(IEnumerable<KnowledgePage> pages) => _pages = pages.ToFrozenDictionary(p => p.Id);

    /// <summary>The pages that the program carries.</summary>
    public static KnowledgeBase Default => Embedded.Value;

    /// <summary>In the order of the cause table.</summary>
    public IEnumerable<KnowledgePage> Pages => CauseTable.All.Select(row => Of(row.Id));

    /// <summary>Every cause has a page but <see cref="CauseId.None"/>.</summary>
    public KnowledgePage Of(CauseId id) => _pages[id];

    /// <summary>Null, and every error of every page, when anything is wrong.</summary>
    public static KnowledgeBase? TryLoad(IEnumerable<KnowledgeFile> files, out IReadOnlyList<PageError> errors)
    {
        var problems = new List<PageError>();
        var pages = new Dictionary<CauseId, KnowledgePage>();
        var present = new HashSet<string>();
        foreach (var file in files.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            present.Add(file.Name);
            if (PageReader.Read(file, problems) is { } page) pages[page.Id] = page;
        }
        foreach (var row in CauseTable.All)
            if (!present.Contains($"{row.Name}.md")) problems.Add(new PageError($"{row.Name}.md", 1, $"the cause {row.Name} has no page"));
        errors = problems;
        return problems.Count == 0 ? new KnowledgeBase(pages.Values) : null;
    }

    /// <exception cref="InvalidDataException">With every error: the program's own pages are tested, so this is a broken build.</exception>
    private static KnowledgeBase Load(IEnumerable<KnowledgeFile> files) =>
        TryLoad(files, out var errors) ?? throw new InvalidDataException(string.Join('\n', errors));

    private static IEnumerable<KnowledgeFile> ReadEmbedded()
    {
        var assembly = typeof(KnowledgeBase).Assembly;
        foreach (string name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal) && n.EndsWith(".md", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return new KnowledgeFile(name[Prefix.Length..], reader.ReadToEnd());
        }
    }
}
