using System.Collections.Concurrent;

namespace Postern.Logging;

/// <summary>
/// A message template taken apart once: the phrase before its first pair, and the key of each value ("id={Id}" gives Id the key id).
/// A template of another shape (a library's) has no keys; such a line is its formatted text.
/// </summary>
internal sealed class LogTemplate
{
    private static readonly ConcurrentDictionary<string, LogTemplate> _known = new(ReferenceEqualityComparer.Instance);

    private readonly (string Name, string Key)[] _keys;

    private LogTemplate(string text)
    {
        int first = text.IndexOf('{', StringComparison.Ordinal);
        var keys = new List<(string, string)>();
        Phrase = text;
        FollowsConvention = true;
        for (int open = first; open >= 0; open = text.IndexOf('{', open + 1))
        {
            int close = text.IndexOf('}', open);
            int space = text.LastIndexOf(' ', open);
            if (close < 0 || space < 0 || text[open - 1] != '=')
            {
                FollowsConvention = false;
                break;
            }
            if (keys.Count == 0) Phrase = text[..space];
            keys.Add((text[(open + 1)..close].Split(':')[0], text[(space + 1)..(open - 1)]));
        }
        _keys = [.. keys];
    }

    public string Phrase { get; }
    public bool FollowsConvention { get; }

    // Templates are literals: a few hundred objects that live as long as the process. Interpolated ones would grow this without end, hence the bound.
    public static LogTemplate Of(string text) => _known.TryGetValue(text, out var found) ? found : _known.Count < 2000 ? _known.GetOrAdd(text, static t => new LogTemplate(t)) : new LogTemplate(text);

    public string KeyOf(string name)
    {
        foreach (var (known, key) in _keys)
            if (known == name) return key;
        return name;
    }

    private sealed class ReferenceEqualityComparer : IEqualityComparer<string>
    {
        public static readonly ReferenceEqualityComparer Instance = new();
        public bool Equals(string? x, string? y) => ReferenceEquals(x, y);
        public int GetHashCode(string text) => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(text);
    }
}
