namespace Postern.Core.Events;

/// <summary>What events are wanted.</summary>
internal sealed record EventQuery
{
    public const int MostAtOnce = 1000;

    /// <summary>Those with a higher id; null for all that are kept.</summary>
    public long? After { get; init; }

    /// <summary>Those since then; null for any time.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The last so many of them, in their order; null for the first ones.</summary>
    public int? Latest { get; init; }

    /// <summary>Types and families (see <see cref="EventTypes.Matches"/>); empty for all.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];
    public int Limit { get; init; } = 100;

    public bool Wants(RelayEvent found) => (Types.Count == 0 || Types.Any(t => EventTypes.Matches(t, found.Type))) && (Since is not { } since || found.At >= since);
}

/// <summary>Some events of those that were asked for.</summary>
/// <param name="Next">Give it as <see cref="EventQuery.After"/> to go on; null at the end.</param>
/// <param name="Last">Id of the last event that there is, wanted or not.</param>
internal sealed record EventPage(IReadOnlyList<RelayEvent> Events, long? Next, long Last);

/// <summary>Looks events up in their files; bounded in what it reads. Also without a running relay.</summary>
internal static class EventSearch
{
    /// <summary>Events looked at for one answer.</summary>
    internal const int MostScanned = 20_000;

    private const int Page = 2000;

    /// <param name="last">Id of the last event that there is.</param>
    public static EventPage Find(string folder, long last, EventQuery query)
    {
        long at = Start(folder, last, query);
        var found = new Queue<RelayEvent>();
        int most = query.Latest ?? query.Limit;
        for (int scanned = 0; scanned < MostScanned;)
        {
            var page = EventReader.Read(folder, at, last, Math.Min(Page, MostScanned - scanned));
            if (page.Count == 0) return new EventPage([.. found], null, last);
            foreach (var next in page)
            {
                at = next.Id;
                if (!query.Wants(next)) continue;
                found.Enqueue(next);
                if (found.Count <= most) continue;
                if (query.Latest is null) return new EventPage([.. found.Take(most)], found.ElementAt(most - 1).Id, last);
                found.Dequeue();
            }
            scanned += page.Count;
        }
        return new EventPage([.. found], at < last ? at : null, last);
    }

    /// <summary>Of the last event in a folder that no relay writes to.</summary>
    public static long LastId(string folder) =>
        EventFiles.Firsts(folder) is [.., var first] ? EventReader.Read(folder, first - 1, long.MaxValue, int.MaxValue) is [.., var last] ? last.Id : first - 1 : 0;

    private static long Start(string folder, long last, EventQuery query)
    {
        long start = Math.Max(query.After ?? 0, query.Since is { } since ? Before(folder, since) : 0);
        return query.Latest is null ? start : Math.Max(start, last - MostScanned);
    }

    /// <summary>An id before the first event of a time, found by the files' first events.</summary>
    private static long Before(string folder, DateTimeOffset since)
    {
        long before = 0;
        foreach (long first in EventFiles.Firsts(folder))
        {
            if (EventReader.Read(folder, first - 1, first, 1) is [var begins] && begins.At >= since) break;
            before = first - 1;
        }
        return before;
    }
}
