namespace Postern.Diagnosis.Causes;

/// <summary>Which words of which rows were found in one text, in the order of the text.</summary>
internal sealed class ReplyFindings(ReplyRows rows)
{
    private readonly byte[] _groups = new byte[rows.Rows.Length];
    private readonly bool[] _refuted = new bool[rows.Rows.Length];

    /// <summary>Chains of places, one per row: the first and last of each, and what follows each.</summary>
    private readonly int[] _first = new int[rows.Rows.Length], _last = new int[rows.Rows.Length];
    private readonly List<(int Start, int End, int Group, int Next)> _places = new(128);
    private int _provider = int.MaxValue, _list = -1, _listAt = int.MaxValue;

    public string? Provider => _provider < rows.Providers.Count ? rows.Providers[_provider].Id : null;

    /// <summary>The list that is named first, and where in the plain text.</summary>
    public (ReplyList? List, int At) List => (_list < 0 ? null : rows.Lists[_list], _listAt);

    /// <summary>Rows of which every group was found somewhere; the caller may change it.</summary>
    public List<int> Complete { get; } = new(64);

    public void Add(int row, int group, ReplyHit hit)
    {
        int count = rows.Rows[row].Groups.Length, bit = 1 << group;
        if ((_groups[row] & bit) == 0 && (_groups[row] |= (byte)bit) == (1 << count) - 1) Complete.Add(row);
        // One group that is found is enough; where it stands matters only beside another.
        if (count == 1) return;
        int place = _places.Count;
        _places.Add((hit.Start, hit.End, group, -1));
        if (_last[row] > 0) _places[_last[row] - 1] = _places[_last[row] - 1] with { Next = place };
        else _first[row] = place + 1;
        _last[row] = place + 1;
    }

    public void Refute(int row) => _refuted[row] = true;
    public void AddProvider(int provider) => _provider = Math.Min(_provider, provider);

    public void AddList(int list, int at)
    {
        if (at < _listAt) (_list, _listAt) = (list, at);
    }

    public bool IsRefuted(int row) => _refuted[row];

    /// <summary>For a row of <see cref="Complete"/>: whether its groups stand near enough, and in order where that is asked for.</summary>
    public bool IsTogether(int row)
    {
        int count = rows.Rows[row].Groups.Length;
        return count <= 1 || (rows.Rows[row].Ordered ? HasInOrder(row, count) : HasTogether(row, count));
    }

    private bool HasTogether(int row, int count)
    {
        Span<int> latest = stackalloc int[count];
        latest.Fill(-1);
        for (int at = _first[row] - 1; at >= 0; at = _places[at].Next)
        {
            var place = _places[at];
            latest[place.Group] = place.Start;
            int earliest = place.Start;
            foreach (int start in latest) earliest = Math.Min(earliest, start);
            if (earliest >= 0 && place.End - earliest <= rows.Rows[row].Within) return true;
        }
        return false;
    }

    private bool HasInOrder(int row, int count)
    {
        Span<(int Start, int End)> chain = stackalloc (int, int)[count];
        chain.Fill((-1, -1));
        for (int at = _first[row] - 1; at >= 0; at = _places[at].Next)
        {
            var (start, end, group, _) = _places[at];
            if (group == 0) chain[0] = (start, end);
            // A word's space may be the last of the one before.
            else if (chain[group - 1].Start >= 0 && start >= chain[group - 1].End - 1) chain[group] = (chain[group - 1].Start, end);
            else continue;
            if (group == count - 1 && end - chain[group].Start <= rows.Rows[row].Within) return true;
        }
        return false;
    }
}
