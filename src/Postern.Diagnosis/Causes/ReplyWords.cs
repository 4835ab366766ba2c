namespace Postern.Diagnosis.Causes;

/// <summary>Where a word was found.</summary>
internal readonly record struct ReplyHit(int Word, int Start, int End);

/// <summary>
/// Finds thousands of words in one pass: a tree of letters, walked from each position. A word is found where it begins a word of the text, or anywhere when it
/// was given with a "*". Time is bounded by the text's length times the longest word, whatever the text.
/// </summary>
internal sealed class ReplyWords
{
    private const int MaxHits = 2048;
    private readonly List<Node> _building = [new()];
    private readonly Dictionary<string, int> _ids = [];
    private int[] _first = [], _count = [], _word = [], _children = [], _root = [], _space = [];
    private char[] _letters = [];

    public int Count => _ids.Count;

    /// <summary>The number of a word; words are numbered from 0 as they come.</summary>
    public int Add(string word)
    {
        string letters = Letters(word);
        if (_ids.TryGetValue(letters, out int known)) return known;
        int id = _ids[letters] = _ids.Count;
        var node = _building[0];
        foreach (char c in letters)
        {
            if (!node.Next.TryGetValue(c, out int next))
            {
                next = _building.Count;
                node.Next[c] = next;
                _building.Add(new Node());
            }
            node = _building[next];
        }
        node.Word = id;
        return id;
    }

    /// <summary>As it must stand in a plain text: with a space before it unless it may stand anywhere, or is written without spaces between words.</summary>
    private static string Letters(string word)
    {
        string folded = string.Create(word.Length, word, (to, from) =>
        {
            for (int i = 0; i < to.Length; i++) to[i] = ReplyPlainText.Fold(from[i]);
        });
        return folded[0] == '*' ? folded[1..] : folded[0] > '\u2e7f' ? folded : " " + folded;
    }

    /// <summary>Lays the tree out in arrays; nothing can be added after.</summary>
    public ReplyWords Freeze()
    {
        int nodes = _building.Count, edges = _building.Sum(n => n.Next.Count);
        (_first, _count, _word) = (new int[nodes], new int[nodes], new int[nodes]);
        (_letters, _children) = (new char[edges], new int[edges]);
        int edge = 0;
        for (int i = 0; i < nodes; i++)
        {
            var node = _building[i];
            (_first[i], _count[i], _word[i]) = (edge, node.Next.Count, node.Word);
            foreach (var (letter, child) in node.Next) (_letters[edge], _children[edge++]) = (letter, child);
        }
        _root = Table(0);
        _space = _root[' '] > 0 ? Table(_root[' ']) : [];
        _building.Clear();
        return this;
    }

    /// <summary>All words in a plain text, by their beginning, the shorter first; at most 2,048.</summary>
    public List<ReplyHit> Find(string text)
    {
        var hits = new List<ReplyHit>(64);
        for (int start = 0; start < text.Length && hits.Count < MaxHits; start++)
        {
            int node = text[start] < 128 ? _root[text[start]] : Child(0, text[start]);
            if (node <= 0) continue;
            Walk(text, start, node, hits);
        }
        return hits;
    }

    private void Walk(string text, int start, int node, List<ReplyHit> hits)
    {
        int at = start + 1;
        if (text[start] == ' ' && at < text.Length && text[at] < 128 && _space.Length > 0) node = _space[text[at++]];
        while (node > 0)
        {
            if (_word[node] >= 0) hits.Add(new ReplyHit(_word[node], start, at));
            if (at == text.Length) return;
            node = Child(node, text[at++]);
        }
    }

    private int Child(int node, char letter)
    {
        int low = _first[node], high = low + _count[node] - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            if (_letters[middle] == letter) return _children[middle];
            if (_letters[middle] < letter) low = middle + 1;
            else high = middle - 1;
        }
        return 0;
    }

    private int[] Table(int node)
    {
        int[] table = new int[128];
        for (int i = 0; i < 128; i++) table[i] = Child(node, (char)i);
        return table;
    }

    private sealed class Node
    {
        public SortedDictionary<char, int> Next { get; } = [];
        public int Word { get; set; } = -1;
    }
}
