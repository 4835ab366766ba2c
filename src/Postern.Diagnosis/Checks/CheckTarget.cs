using System.Globalization;
using System.Net;
using Postern.Diagnosis.Probes;

namespace Postern.Diagnosis.Checks;

/// <summary>Reads what a person names as a destination.</summary>
public static class CheckTarget
{
    public const int SmtpPort = 25;

    /// <summary>RFC 8314 section 3.3.</summary>
    private const int ImplicitTlsPort = 465;

    /// <summary>
    /// "example.org" and "you@example.org" mean the domain's mail exchangers, "192.0.2.1" and "host:port" one host. Null, with what was expected, when it is none of these.
    /// </summary>
    public static ProbeTarget? Parse(string text, out string? problem)
    {
        problem = null;
        string given = text.Trim();
        if (given.Contains("://", StringComparison.Ordinal)) return Wrong("a URL; write the host and the port alone, such as smtp.example.com:587", out problem);
        if (given.LastIndexOf('@') is >= 0 and var at) given = given[(at + 1)..].TrimEnd('>');
        if (given.Length == 0) return Wrong("empty; name a domain, an address or host:port", out problem);

        if (IPAddress.TryParse(given.Trim('[', ']'), out var bare) && (!given.Contains(']', StringComparison.Ordinal) || given[^1] == ']')) return OfHost(bare.ToString(), SmtpPort);
        int colon = given.LastIndexOf(':');
        if (colon < 0)
        {
            if (!IsName(given)) return Wrong("no domain; it has characters that a name cannot have", out problem);
            string domain = Ascii(given);
            return new ProbeTarget(domain, domain, [], SmtpPort);
        }

        string host = given[..colon].Trim('[', ']');
        if (!int.TryParse(given.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > 65535)
            return Wrong($"no port: {given[(colon + 1)..]}; write host:port with a port from 1 to 65535", out problem);
        if (!IPAddress.TryParse(host, out _) && !IsName(host)) return Wrong("no host name; write host:port such as smtp.example.com:587", out problem);
        return OfHost(Ascii(host), port);
    }

    /// <summary>A named host: its addresses are looked up, its mail exchangers are not.</summary>
    public static ProbeTarget OfHost(string host, int port)
    {
        string name = host.Contains(':', StringComparison.Ordinal) ? string.Create(CultureInfo.InvariantCulture, $"[{host}]:{port}") : string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
        IReadOnlyList<IPAddress> addresses = IPAddress.TryParse(host, out var address) ? [address] : [];
        return new ProbeTarget(name, null, [new TargetHost(host, 0, addresses)], port, port == ImplicitTlsPort);
    }

    private static ProbeTarget? Wrong(string what, out string? problem)
    {
        problem = what;
        return null;
    }

    /// <summary>The DNS form; names that have none are asked for as they are, so that the resolver says what is wrong.</summary>
    private static string Ascii(string name)
    {
        name = name.TrimEnd('.');
        try
        {
            return new IdnMapping().GetAscii(name).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return name.ToLowerInvariant();
        }
    }

    private static bool IsName(string text)
    {
        if (text.Length > 255 || text[0] is '-' or '.' || text.Contains("..", StringComparison.Ordinal)) return false;
        foreach (char c in text)
            if (!(char.IsLetterOrDigit(c) || c is '.' or '-' or '_')) return false;
        return true;
    }
}
