using System.Globalization;
using System.Text;

namespace Postern.Core.Diagnoses;

/// <summary>Parts of a diagnosis as words for one line: a reply, a log, a status.</summary>
public static class PlainWords
{
    /// <summary>Up to the first full stop that ends a sentence; cut at a word when that is too long.</summary>
    public static string FirstSentence(string text, int most)
    {
        int end = text.Length;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n' || text[i] == '.' && i + 1 < text.Length && char.IsWhiteSpace(text[i + 1]))
            {
                end = text[i] == '.' ? i + 1 : i;
                break;
            }
        }
        if (end <= most) return text[..end];
        int cut = text.LastIndexOf(' ', most - 1, most);
        return text[..(cut > 0 ? cut : most - 1)] + "…";
    }

    /// <summary>The first thing to do of a fix, without its number; empty where there is none.</summary>
    public static string FirstStep(string fix, int most)
    {
        int digits = 0;
        while (digits < fix.Length && char.IsAsciiDigit(fix[digits])) digits++;
        return FirstSentence(digits > 0 && fix.AsSpan(digits).StartsWith(". ") ? fix[(digits + 2)..] : fix, most);
    }

    /// <summary>How sure a verdict is, for people: a number alone is read as more than it is.</summary>
    public static string Confidence(double confidence)
    {
        string words = confidence switch
        {
            >= 0.97 => "practically certain",
            >= 0.9 => "very likely",
            >= 0.75 => "likely",
            >= 0.5 => "more likely than not",
            _ => "a guess",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{words}, {confidence * 100:0} %");
    }

    /// <summary>Who must act, as the subject of a sentence.</summary>
    public static string Who(string party) => party switch
    {
        "us" => "us, who run this relay",
        "upstream" => "the upstream's administrators",
        "recipient-domain" => "the recipient's domain",
        "network" => "a network on the way",
        "sender" => "the sender of the message",
        _ => "nobody",
    };

    /// <summary>ASCII only, for where nothing else may stand (a reply without SMTPUTF8).</summary>
    public static string Ascii(string text)
    {
        if (System.Text.Ascii.IsValid(text)) return text;
        var ascii = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            ascii.Append(rune.IsAscii ? rune.ToString() : rune.Value switch { '…' => "...", '“' or '”' or '„' => "\"", '’' or '‘' => "'", '–' or '—' => "-", _ => "?" });
        return ascii.ToString();
    }
}
