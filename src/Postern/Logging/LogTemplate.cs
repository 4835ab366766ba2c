using System.Collections.Concurrent;

namespace Postern.Logging;

/// <summary>
/// A message template taken apart once: the phrase before its first pair, and the key of each value ("id={Id}" gives Id the key id).
/// A template of another shape (a library's) has no keys; such a line is its formatted text.
/// </summary>
internal sealed class LogTemplate
{
    private static readonly ConcurrentDictionary<string, LogTemplate> _known = new(ReferenceEqualityComparer.Instance);

    private readonly (string Name, string Key, string? Format)[] _keys;

    private LogTemplate(string text)
    {
        int first = text.IndexOf('{', StringComparison.Ordinal);
        var keys = new List<(string, string, string?)>();
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
            string[] parts = text[(open + 1)..close].Split(':', 2);
            keys.Add((parts[0], text[(space + 1)..(open - 1)], parts.Length > 1 ? parts[1] : null));
        }
        _keys = [.. keys];
    }

    public string Phrase { get; }
    public bool FollowsConvention { get; }

    // Templates are literals: a few hundred objects that live as long as the process. Interpolated ones would grow this without end, hence the bound.
    public static LogTemplate Of(string text) => _known.TryGetValue(text, out var found) ? found : _known.Count < 2000 ? _known.GetOrAdd(text, static t => new LogTemplate(t)) : new LogTemplate(text);

    public string KeyOf(string name)
    {
        foreach (var (known, key, _) in _keys)
            if (known == name) return key;
        return name;
    }

    /// <summary>"0.0" of {Milliseconds:0.0}; null when there is none.</summary>
    public string? FormatOf(string name)
    {
        foreach (var (known, _, format) in _keys)
            if (known == name) return format;
        return null;
    }

    private sealed class ReferenceEqualityComparer : IEqualityComparer<string>
    {
        public static readonly ReferenceEqualityComparer Instance = new();
        public bool Equals(string? x, string? y) => ReferenceEquals(x, y);
        public int GetHashCode(string text) => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(text);
    }
}
