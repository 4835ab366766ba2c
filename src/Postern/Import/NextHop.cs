namespace Postern.Import;

/// <summary>Where Postfix sends mail: "[host]:port", "host", "domain:service".</summary>
/// <param name="Text">As written: the key of password and TLS tables.</param>
/// <param name="IsHost">In brackets or an address: no look-up of MX records.</param>
internal sealed record NextHop(string Text, string Host, int Port, bool IsHost)
{
    /// <summary>Null when it cannot be read.</summary>
    public static NextHop? Parse(string text)
    {
        string rest = text.StartsWith("inet:", StringComparison.OrdinalIgnoreCase) ? text[5..] : text;
        if (rest.StartsWith('['))
        {
            int close = rest.IndexOf(']', StringComparison.Ordinal);
            if (close < 2) return null;
            string inside = rest[1..close], after = rest[(close + 1)..];
            if (inside.StartsWith("ipv6:", StringComparison.OrdinalIgnoreCase)) inside = inside[5..];
            int? port = after.Length == 0 ? 25 : after[0] == ':' ? PostfixWords.Port(after[1..]) : null;
            return port is { } known ? new NextHop(text, inside, known, true) : null;
        }
        int colon = rest.LastIndexOf(':');
        string host = colon < 0 ? rest : rest[..colon];
        if (host.Length == 0 || host.Any(c => char.IsWhiteSpace(c) || c is ':' or '/')) return null;
        int? given = colon < 0 ? 25 : PostfixWords.Port(rest[(colon + 1)..]);
        return given is { } number ? new NextHop(text, host, number, System.Net.IPAddress.TryParse(host, out _)) : null;
    }

    /// <summary>As [[upstream]] takes it.</summary>
    public string Address => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
