using Postern.Fuzz.Parsers;

namespace Postern.Fuzz;

/// <summary>Every target there is; corpus folders have the same names.</summary>
internal static class Targets
{
    public static readonly IReadOnlyList<FuzzTarget> All =
    [
        CommandTarget.Target, AddressTarget.Target, SessionTarget.Target, DataTarget.Target, ProxyTarget.Target, ReplyTarget.Target,
        HeaderTarget.Target, EightBitTarget.Target, BounceTarget.Target, ConfigTarget.Target, JournalTarget.Target, ReadingTarget.Target,
    ];

    public static FuzzTarget Find(string name) =>
        All.FirstOrDefault(t => t.Name == name) ?? throw new ArgumentException($"no target '{name}'; there are {string.Join(", ", All.Select(t => t.Name))}");
}
