namespace Postern.Diagnosis.Causes;

/// <summary>All words of all rows in one tree, and for each word whom it concerns.</summary>
internal sealed class ReplyIndex
{
    private readonly ReplyWords _words = new();
    private readonly Use[][] _uses;
    private readonly List<List<Use>> _building = [];
    private readonly ReplyRows _rows;

    public ReplyIndex(ReplyRows rows)
    {
        _rows = rows;
        Wordless = [.. Enumerable.Range(0, rows.Rows.Length).Where(i => rows.Rows[i].Groups.Length == 0)];
        for (int i = 0; i < rows.Rows.Length; i++)
        {
            var row = rows.Rows[i];
            for (int g = 0; g < row.Groups.Length; g++) Add(row.Groups[g], new Use(UseKind.Group, i, g));
            Add(row.Not, new Use(UseKind.Not, i, 0));
        }
        for (int i = 0; i < rows.Providers.Count; i++) Add(rows.Providers[i].Marks, new Use(UseKind.Provider, i, 0));
        for (int i = 0; i < rows.Lists.Count; i++) Add(rows.Lists[i].Marks, new Use(UseKind.List, i, 0));
        Add(rows.Noise, new Use(UseKind.Noise, 0, 0));
        _words.Freeze();
        _uses = [.. _building.Select(u => u.ToArray())];
        _building.Clear();
    }

    /// <summary>Rows that only look at codes and stages.</summary>
    public IReadOnlyList<int> Wordless { get; }

    public ReplyFindings Find(string plain)
    {
        var hits = _words.Find(plain);
        var found = new ReplyFindings(_rows);
        var noise = Noise(hits);
        foreach (var hit in hits)
        {
            foreach (var use in _uses[hit.Word])
            {
                switch (use.Kind)
                {
                    case UseKind.Group when !IsNoise(hit, noise): found.Add(use.Index, use.Group, hit); break;
                    case UseKind.Not: found.Refute(use.Index); break;
                    case UseKind.Provider: found.AddProvider(use.Index); break;
                    case UseKind.List: found.AddList(use.Index, hit.Start); break;
                }
            }
        }
        return found;
    }

    private List<ReplyHit>? Noise(List<ReplyHit> hits)
    {
        List<ReplyHit>? noise = null;
        foreach (var hit in hits)
        {
            foreach (var use in _uses[hit.Word])
                if (use.Kind == UseKind.Noise && (noise?.Count ?? 0) < 64) (noise ??= []).Add(hit);
        }
        return noise;
    }

    private static bool IsNoise(ReplyHit hit, List<ReplyHit>? noise)
    {
        if (noise is null) return false;
        foreach (var skip in noise)
            if (skip.Start <= hit.Start && hit.End <= skip.End + 1) return true;
        return false;
    }

    private void Add(IReadOnlyList<string> words, Use use)
    {
        foreach (string word in words)
        {
            int id = _words.Add(word);
            while (_building.Count <= id) _building.Add([]);
            if (!_building[id].Contains(use)) _building[id].Add(use);
        }
    }

    private enum UseKind : byte { Group, Not, Provider, List, Noise }

    private readonly record struct Use(UseKind Kind, int Index, int Group);
}
