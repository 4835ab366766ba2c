using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Postern.Diagnosis.Causes;

/// <summary>Takes out of a reply what it names: the list, pages, our address, how long to wait, how much is allowed.</summary>
internal static class ReplyExtractor
{
    private const int MaxUrls = 4;
    private static readonly SearchValues<char> UrlEnds = SearchValues.Create(" \t\n<>[]()\"'|{}");
    private static readonly SearchValues<char> AddressChars = SearchValues.Create("0123456789abcdefABCDEF.:");
    private static readonly string[] HelpWords = ["lookup", "query", "remov", "delist", "unblock", "reputation", "ipcheck", "blocklist", "blacklist", "postmaster", "error", "support", "help", "check", "rbl"];
    private static readonly string[] Before = ["[", "ip", "host", "client", "address", "from", "server", "adresse", "=", "(", "are", "mta"];

    public static ReplyValues Read(string body, string plain, ReplyLabel label, (ReplyList? List, int At) named)
    {
        var urls = Urls(body);
        bool isList = label is ReplyLabel.ReputationListed or ReplyLabel.IpBlocked or ReplyLabel.ContentSpam or ReplyLabel.UpstreamDownOrBusy;
        string? zone = isList ? Zone(plain, named) : null;
        string? address = Address(body);
        var (wait, limit) = ReplyNumbers.Read(plain, label);
        if (zone is null && urls.Count == 0 && address is null && wait is null && limit is null && named.List is null) return ReplyValues.None;
        return new ReplyValues
        {
            ListZone = zone,
            ListName = isList ? named.List?.Name ?? zone : null,
            Urls = urls,
            HelpUrl = (isList ? named.List?.Help : null) ?? HelpUrl(urls),
            OurAddress = address,
            RetryAfter = wait,
            Limit = limit,
        };
    }

    private static List<string> Urls(string body)
    {
        var urls = new List<string>();
        for (int at = body.IndexOf("http", StringComparison.OrdinalIgnoreCase); at >= 0 && urls.Count < MaxUrls; at = body.IndexOf("http", at + 1, StringComparison.OrdinalIgnoreCase))
        {
            var rest = body.AsSpan(at);
            if (!rest.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !rest.StartsWith("https://", StringComparison.OrdinalIgnoreCase)) continue;
            int end = rest.IndexOfAny(UrlEnds);
            string url = (end < 0 ? rest : rest[..end]).TrimEnd(".,;:!").ToString();
            if (Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Host.Length > 0 && !urls.Contains(url)) urls.Add(url);
        }
        return urls;
    }

    private static string? HelpUrl(List<string> urls) =>
        urls.Find(u => Array.Exists(HelpWords, w => u.Contains(w, StringComparison.OrdinalIgnoreCase))) ?? urls.FirstOrDefault();

    /// <summary>The host name that the list's mark stands in; without a known list, the one behind "using", "by", "at", "in" or "on".</summary>
    private static string? Zone(string plain, (ReplyList? List, int At) named)
    {
        if (named.List is not null)
        {
            int start = plain.LastIndexOf(' ', named.At) + 1;
            if (start < plain.Length && plain[start] == '~') return Host(plain, start);
        }
        foreach (string word in (ReadOnlySpan<string>)[" using ~", " blocked by ~", " rejected by ~", " listed at ~", " listed in ~", " listed by ~", " listed on ~", " found in ~", " rbl ~", " dnsbl ~", " site ~", " blacklist ~", " list ~"])
        {
            int at = plain.IndexOf(word, StringComparison.Ordinal);
            if (at >= 0) return Host(plain, at + word.Length - 1);
        }
        return null;
    }

    private static string Host(string plain, int tilde)
    {
        var rest = plain.AsSpan(tilde + 1);
        int end = rest.IndexOfAny(" /");
        return (end < 0 ? rest : rest[..end]).ToString();
    }

    /// <summary>The first address that is introduced as one ("[192.0.2.1]", "IP=…", "from …"), else the first one.</summary>
    private static string? Address(string body)
    {
        string? first = null;
        for (int at = 0; at < body.Length;)
        {
            int start = body.AsSpan(at).IndexOfAny(AddressChars);
            if (start < 0) break;
            start += at;
            int length = body.AsSpan(start).IndexOfAnyExcept(AddressChars);
            if (length < 0) length = body.Length - start;
            at = start + length;
            // A piece of a longer word is none: "v1.2.3.4-5", "20251127.1.2.3".
            if (start > 0 && (char.IsLetterOrDigit(body[start - 1]) || body[start - 1] is '-' or '_')) continue;
            if (Parse(body.AsSpan(start, length)) is not { } address) continue;
            first ??= address;
            if (IsIntroduced(body.AsSpan(0, start))) return address;
        }
        return first;
    }

    private static string? Parse(ReadOnlySpan<char> text)
    {
        text = text.Trim(".:").Length > 0 && !text.Contains("::", StringComparison.Ordinal) ? text.Trim(".:") : text.TrimEnd(".");
        if (text.Length is < 3 or > 45) return null;
        int port = text.IndexOf(':');
        // "192.0.2.1:25"
        if (port > 0 && text[..port].Count('.') == 3) text = text[..port];
        if (text.Count('.') != 3 && text.Count(':') < 2) return null;
        if (!IPAddress.TryParse(text, out var address) || IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) return null;
        // Return codes of lists are 127.x.x.x.
        return address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] is 0 or 127 ? null : address.ToString();
    }

    private static bool IsIntroduced(ReadOnlySpan<char> before)
    {
        before = before.TrimEnd(" :(<");
        foreach (string word in Before)
            if (before.EndsWith(word, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
