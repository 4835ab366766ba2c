using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Postern.Core.Events;
using Postern.Diagnosis.Causes;

namespace Postern.Core.Configuration;

/// <summary>The forms of text values: what is wrong with one and how to mend it.</summary>
internal static class SettingForms
{
    /// <summary>Null when the text has the form.</summary>
    public static (string Expected, string Mend)? Problem(string text, SettingForm form) => form switch
    {
        SettingForm.Name when !IsName(text) => ("expected a name of 1 to 64 letters, digits, dots, hyphens or underscores", "choose a plain name; it appears in routes, logs and metrics"),
        SettingForm.HostName when !IsHostName(text) => ("expected a host name such as \"relay.example.net\"", "use letters, digits, hyphens and dots, or an address literal in brackets"),
        SettingForm.Cause when !CauseTable.TryParse(text, out var cause) || cause == CauseId.None =>
            ("expected a cause", Suggestion.For(text, CauseTable.All.Select(c => c.Name)) is { } near ? $"did you mean \"{near}\"?" : $"known: {string.Join(", ", CauseTable.All.Select(c => c.Name))}"),
        SettingForm.Listen when !IsListen(text) => ("expected address:port to listen on", "write \"127.0.0.1:2525\", \"[::1]:2525\", or \"*:2525\" for all addresses"),
        SettingForm.HostPort => HostPortProblem(text),
        SettingForm.Control when !IsHostName(text) && HostPortProblem(text) is not null => ("expected a domain or host:port", "write \"example.com\" for its mail exchangers, or \"mx.example.com:25\" for one host"),
        SettingForm.Resolver when !IPEndPoint.TryParse(text, out _) => ("expected the address of a resolver", "write an IP address, with \":port\" where it is not 53"),
        SettingForm.Address when !IPAddress.TryParse(text, out _) => ("expected an IP address", "write an address of this machine; 'ip address' lists them"),
        SettingForm.Network when !IPNetwork.TryParse(text, out _) && !IPAddress.TryParse(text, out _) =>
            ("expected a network in CIDR notation", "write \"192.0.2.0/24\", \"2001:db8::/32\" or one address"),
        SettingForm.WebPage when !Uri.TryCreate(text, UriKind.Absolute, out var page) || page.Scheme is not ("http" or "https") =>
            ("expected the address of a web page", "write it whole, with https://"),
        SettingForm.File when !File.Exists(text) => ("there is no such file", "correct the path, or make the file readable for this user"),
        SettingForm.Folder when File.Exists(text) => ("is a file, expected a folder", "name a folder; it is made when it does not exist"),
        SettingForm.Folder when text.Length == 0 => ("expected a folder", "write a path, or leave the line out for the default"),
        SettingForm.Url when !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http") || url.Host.Length == 0 => ("expected a URL", "write it with its scheme, such as \"https://alerts.example.net/postern\""),
        SettingForm.Date when !DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) => ("expected a day", "write year, month and day, such as \"2026-02-01\""),
        SettingForm.EventPattern when !EventTypes.IsPattern(text) => ("expected a type of events", EventMend(text)),
        _ => null,
    };

    private static string EventMend(string text) =>
        Suggestion.For(text, EventTypes.All.Select(t => t.Word)) is { } near ? $"did you mean \"{near}\"?" : $"write \"*\", \"incident.*\" or one of {string.Join(", ", EventTypes.All.Select(t => t.Word))}";

    /// <summary>True for 127.0.0.0/8, ::1 and localhost, with a port.</summary>
    public static bool IsLoopback(string listen) =>
        TrySplit(listen, out var host, out _) && (host is "localhost" || IPAddress.TryParse(host.Trim("[]"), out var ip) && IPAddress.IsLoopback(ip));

    public static bool TrySplit(string text, out ReadOnlySpan<char> host, out ushort port)
    {
        int colon = text.LastIndexOf(':');
        host = colon > 0 ? text.AsSpan(0, colon) : default;
        port = 0;
        return colon > 0 && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port);
    }

    private static bool IsListen(string text) =>
        TrySplit(text, out var host, out _) && (host is "*" or "localhost" || IPAddress.TryParse(host.Trim("[]"), out var ip) && (ip.AddressFamily == AddressFamily.InterNetworkV6) == host.StartsWith("["));

    private static (string, string)? HostPortProblem(string text)
    {
        bool split = TrySplit(text, out var host, out ushort port);
        bool isBareV6 = IPAddress.TryParse(text, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6 && !text.StartsWith('[');
        if (isBareV6) return ("expected host:port", $"an IPv6 address needs brackets: \"[{text}]:25\"");
        if (text.Contains("://", StringComparison.Ordinal)) return ("expected host:port, found a URL", "write the host and the port alone and choose tls = \"required\" or \"implicit\"");
        if (!split) return ("expected host:port", IsHostName(text) ? $"write \"{text}:587\" for a provider, or \":25\"" : "write a host name and a port such as \"smtp.example.com:587\"");
        bool isLiteral = host.StartsWith("[") && host.EndsWith("]") && IPAddress.TryParse(host[1..^1], out _);
        return port == 0 || !isLiteral && !IsHostName(host) ? ("expected host:port", "write a host name and a port from 1 to 65535 such as \"smtp.example.com:587\"") : null;
    }

    private static bool IsName(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>Underscores are let through: they occur in container and Windows names, and peers take them.</summary>
    private static bool IsHostName(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 255) return false;
        if (text[0] == '[') return text[^1] == ']' && IPAddress.TryParse(text[1..^1].StartsWith("IPv6:") ? text[6..^1] : text[1..^1], out _);
        foreach (char c in text)
            if (!(char.IsLetterOrDigit(c) || c is '.' or '-' or '_')) return false;
        return text[0] is not ('-' or '.') && !text.Contains("..", StringComparison.Ordinal);
    }
}
