using System.Text;

namespace Postern.Core.Queue.Embedded;

/// <summary>A text to look for in lower-case UTF-8: the whole, or with a * at either end a part of it.</summary>
internal sealed class TextPattern
{
    private readonly byte[] _core;
    private readonly bool _isOpen, _isOpenEnd;

    private TextPattern(string core, bool isOpen, bool isOpenEnd) => (_core, _isOpen, _isOpenEnd) = (Encoding.UTF8.GetBytes(core.ToLowerInvariant()), isOpen, isOpenEnd);

    /// <summary>Null for null.</summary>
    public static TextPattern? Of(string? pattern)
    {
        if (pattern is null) return null;
        bool isOpen = pattern.StartsWith('*'), isOpenEnd = pattern.Length > 1 && pattern.EndsWith('*');
        return new TextPattern(pattern[(isOpen ? 1 : 0)..(isOpenEnd ? ^1 : ^0)], isOpen, isOpenEnd);
    }

    public static TextPattern Exactly(string text) => new(text, false, false);

    public bool Matches(ReadOnlySpan<byte> text) => (_isOpen, _isOpenEnd) switch
    {
        (false, false) => text.SequenceEqual(_core),
        (true, false) => text.EndsWith(_core),
        (false, true) => text.StartsWith(_core),
        _ => text.IndexOf(_core) >= 0,
    };

    /// <param name="text">In any case.</param>
    public bool Matches(string text) => Matches(Encoding.UTF8.GetBytes(text.ToLowerInvariant()));

    /// <summary>Some line matches.</summary>
    public bool MatchesLine(ReadOnlySpan<byte> lines)
    {
        // Most messages do not contain it at all, and that is quickly seen.
        if (lines.IndexOf(_core) < 0) return false;
        while (!lines.IsEmpty)
        {
            if (Matches(SearchFields.Line(ref lines))) return true;
        }
        return false;
    }
}

/// <summary>Words of which each has to occur somewhere in a message's fields.</summary>
internal sealed class TextTerms
{
    /// <summary>More are left out: nobody types so many, and each costs a look.</summary>
    private const int Most = 8;

    private readonly byte[][] _terms;
    private readonly bool[] _mayBeId;
    private readonly int _all;
    private readonly Dictionary<object, int> _known = [];

    private TextTerms(string[] words)
    {
        _terms = [.. words.Select(w => Encoding.UTF8.GetBytes(w.ToLowerInvariant()))];
        _mayBeId = [.. words.Select(w => w.Length <= 13 && w.All(char.IsAsciiLetterOrDigit))];
        _all = (1 << _terms.Length) - 1;
    }

    /// <summary>Null for nothing to look for.</summary>
    public static TextTerms? Of(string? text) =>
        text?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } words ? new TextTerms(words[..Math.Min(words.Length, Most)]) : null;

    public bool AllIn(WaitingMessage message, ReadOnlySpan<byte> text, string? reply)
    {
        int found = 0;
        for (int i = 0; i < _terms.Length; i++)
        {
            if (text.IndexOf(_terms[i]) >= 0) found |= 1 << i;
        }
        if (found != _all) found |= Known(message.First.Destination, message.First.Destination.Key);
        foreach (ref readonly var part in message.More.AsSpan())
        {
            if (found != _all) found |= Known(part.Destination, part.Destination.Key);
        }
        if (message.Mark is { } mark && found != _all)
        {
            found |= Known(mark, mark.Cause, mark.Upstream, mark.Reply);
            if (mark.IsReplyCut && reply is not null) found |= In(reply);
        }
        return found == _all || (found | IdMatches(message.Id)) == _all;
    }

    private int IdMatches(MessageId id)
    {
        int found = 0;
        Span<byte> text = stackalloc byte[13];
        bool isWritten = false;
        for (int i = 0; i < _terms.Length; i++)
        {
            if (!_mayBeId[i]) continue;
            if (!isWritten) id.Write(text);
            isWritten = true;
            if (text.IndexOf(_terms[i]) >= 0) found |= 1 << i;
        }
        return found;
    }

    private int Known(object shared, params ReadOnlySpan<string?> texts)
    {
        if (_known.TryGetValue(shared, out int found)) return found;
        foreach (string? text in texts)
        {
            if (text is not null) found |= In(text);
        }
        _known.Add(shared, found);
        return found;
    }

    private int In(string text)
    {
        int found = 0;
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToLowerInvariant());
        for (int i = 0; i < _terms.Length; i++)
        {
            if (bytes.AsSpan().IndexOf(_terms[i]) >= 0) found |= 1 << i;
        }
        return found;
    }
}
