using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postern.Protocols.Smtp;

/// <summary>What is wrong with an address; the command turns it into its own reply.</summary>
internal enum AddressProblem : byte { None, Syntax, Address, LocalPartTooLong, Domain, TooLong, NotUtf8 }

/// <summary>Mailbox and path by RFC 5321 section 4.1.2, with UTF-8 by RFC 6531 section 3.3. Allocates nothing.</summary>
internal static class AddressGrammar
{
    private static readonly SearchValues<byte> Atext = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~"u8);
    private const int MaxLocalPart = 64, MaxDomain = 255, MaxMailbox = 254, MaxLabel = 63;

    /// <summary>Reads a path from the start: in angle brackets, or up to a space. <paramref name="mailbox"/> is what is between, without a source route, and <paramref name="length"/> what was read.</summary>
    public static AddressProblem ReadPath(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> mailbox, out int length)
    {
        mailbox = default;
        length = 0;
        if (text.IsEmpty) return AddressProblem.Syntax;
        if (text[0] != '<')
        {
            int space = text.IndexOf((byte)' ');
            length = space < 0 ? text.Length : space;
            mailbox = text[..length];
            return AddressProblem.None;
        }
        int end = FindClose(text);
        if (end < 0) return AddressProblem.Syntax;
        mailbox = text[1..end];
        length = end + 1;
        // A source route is ignored, as RFC 5321 section 4.1.1.3 and appendix C ask, but it must be one.
        if (mailbox is [(byte)'@', ..])
        {
            int colon = mailbox.IndexOf((byte)':');
            if (colon < 0 || !IsRoute(mailbox[..colon])) return AddressProblem.Address;
            mailbox = mailbox[(colon + 1)..];
            if (mailbox.IsEmpty) return AddressProblem.Address;
        }
        return AddressProblem.None;
    }

    /// <summary>local-part "@" ( domain / address-literal ).</summary>
    public static AddressProblem CheckMailbox(ReadOnlySpan<byte> mailbox)
    {
        if (!Ascii.IsValid(mailbox) && !System.Text.Unicode.Utf8.IsValid(mailbox)) return AddressProblem.NotUtf8;
        int local = LocalPartLength(mailbox);
        if (local <= 0) return AddressProblem.Address;
        if (local == mailbox.Length) return AddressProblem.Domain;
        if (mailbox[local] != '@') return AddressProblem.Address;
        if (local > MaxLocalPart) return AddressProblem.LocalPartTooLong;
        var domain = mailbox[(local + 1)..];
        if (!(domain is [(byte)'[', ..] ? IsLiteral(domain) : IsDomain(domain))) return AddressProblem.Domain;
        return mailbox.Length > MaxMailbox ? AddressProblem.TooLong : AddressProblem.None;
    }

    /// <summary>An underscore is taken although no host name has one, as Postfix and Exim do: containers are called so, and their mail must not be lost for it.</summary>
    public static bool IsDomain(ReadOnlySpan<byte> domain)
    {
        if (domain.IsEmpty || domain.Length > MaxDomain) return false;
        while (true)
        {
            int dot = domain.IndexOf((byte)'.');
            var label = dot < 0 ? domain : domain[..dot];
            if (label.IsEmpty || label.Length > MaxLabel || label[0] == '-' || label[^1] == '-') return false;
            foreach (byte b in label)
                if (!char.IsAsciiLetterOrDigit((char)b) && b is not ((byte)'-' or (byte)'_') && b < 0x80) return false;
            if (dot < 0) return true;
            domain = domain[(dot + 1)..];
        }
    }

    /// <summary>Address literal in brackets: IPv4, IPv6 with its tag, or another tag (RFC 5321 section 4.1.3).</summary>
    public static bool IsLiteral(ReadOnlySpan<byte> literal)
    {
        if (literal.Length is < 3 or > MaxDomain || literal[^1] != ']') return false;
        var inside = literal[1..^1];
        Span<char> text = stackalloc char[inside.Length];
        if (Encoding.Latin1.GetChars(inside, text) == 0) return false;
        if (text.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase))
            return text.IndexOfAny('%', '[', '/') < 0 && IPAddress.TryParse(text[5..], out var v6) && v6.AddressFamily == AddressFamily.InterNetworkV6;
        int colon = text.IndexOf(':');
        // dcontent allows these, but then the path would end within the literal, or the domain would seem to begin there.
        if (text.IndexOfAny("<>\"@") >= 0) return false;
        if (colon > 0) return IsTagged(inside, colon);
        return text.Count('.') == 3 && text.IndexOfAnyExcept("0123456789.") < 0 && IsQuad(text);
    }

    // IPAddress reads "010" as octal and "1.2" as 1.0.0.2; the grammar knows only four decimal numbers.
    private static bool IsQuad(ReadOnlySpan<char> text)
    {
        foreach (var range in text.Split('.'))
            if (text[range].Length is < 1 or > 3 || !byte.TryParse(text[range], out _)) return false;
        return true;
    }

    private static bool IsTagged(ReadOnlySpan<byte> inside, int colon)
    {
        foreach (byte b in inside[..colon])
            if (!char.IsAsciiLetterOrDigit((char)b) && b != '-') return false;
        if (inside[colon - 1] == '-' || colon + 1 == inside.Length) return false;
        foreach (byte b in inside[(colon + 1)..])
            if (b is < 33 or > 126 or (byte)'[' or (byte)'\\' or (byte)']') return false;
        return true;
    }

    private static bool IsRoute(ReadOnlySpan<byte> route)
    {
        while (true)
        {
            if (route is not [(byte)'@', ..]) return false;
            int comma = route.IndexOf((byte)',');
            if (!IsDomain(comma < 0 ? route[1..] : route[1..comma])) return false;
            if (comma < 0) return true;
            route = route[(comma + 1)..];
        }
    }

    /// <summary>The closing bracket outside quotes; -1 when there is none.</summary>
    private static int FindClose(ReadOnlySpan<byte> text)
    {
        bool quoted = false;
        for (int i = 1; i < text.Length; i++)
        {
            byte b = text[i];
            if (b == '"') quoted = !quoted;
            else if (b == '\\' && quoted) i++;
            else if (b == '>' && !quoted) return i;
        }
        return -1;
    }

    /// <summary>Length of a dot-string or quoted-string at the start; 0 when neither.</summary>
    private static int LocalPartLength(ReadOnlySpan<byte> text) => text is [(byte)'"', ..] ? QuotedLength(text) : DotStringLength(text);

    private static int DotStringLength(ReadOnlySpan<byte> text)
    {
        bool afterDot = true;
        int i = 0;
        for (; i < text.Length && text[i] != '@'; i++)
        {
            bool isDot = text[i] == '.';
            if (isDot ? afterDot : text[i] < 0x80 && !Atext.Contains(text[i])) return 0;
            afterDot = isDot;
        }
        return afterDot ? 0 : i;
    }

    private static int QuotedLength(ReadOnlySpan<byte> text)
    {
        for (int i = 1; i < text.Length; i++)
        {
            byte b = text[i];
            if (b == '"') return i + 1;
            if (b == '\\' && (++i == text.Length || text[i] is < 32 or > 126)) return 0;
            if (b is < 32 or 127) return 0;
        }
        return 0;
    }
}
