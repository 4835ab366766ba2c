using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Postern.Protocols.Dns;

namespace Postern.Protocols.Spf;

/// <summary>One evaluation: its limits, and the values of its macros.</summary>
internal sealed class SpfRun(SpfQuestion question, IResolver resolver, TimeProvider time)
{
    private const int MaxLookups = 10;
    private const int MaxVoid = 2;
    private const int MaxName = 253;

    private int _void;

    public IPAddress Address => question.Address;
    public IResolver Resolver => resolver;
    public int Lookups { get; private set; }
    public string? TopRecord { get; set; }

    /// <summary>The first thing that went wrong.</summary>
    public string? Problem { get; set; }

    public SpfResult Wrong(string problem)
    {
        Problem ??= problem;
        return SpfResult.PermError;
    }

    public bool MayLookUp()
    {
        if (++Lookups <= MaxLookups) return true;
        Wrong($"it takes more than {MaxLookups} look-ups, and receivers stop there (RFC 7208 section 4.6.4)");
        return false;
    }

    /// <summary>A look-up whose answer was empty; false when that was one too many.</summary>
    public bool MayBeVoid(string name)
    {
        if (++_void <= MaxVoid) return true;
        Wrong($"more than {MaxVoid} of its names do not exist or have no address, the last one {name} (RFC 7208 section 4.6.4)");
        return false;
    }

    public async ValueTask<string> ExpandAsync(string spec, string domain, CancellationToken cancel)
    {
        string name = await ExpandAsync(SpfMacro.Parse(spec, explanation: false)!, domain, cancel).ConfigureAwait(false);
        if (name.EndsWith('.')) name = name[..^1];
        // Section 7.3: labels are dropped from the left until the name fits.
        while (name.Length > MaxName && name.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot) name = name[(dot + 1)..];
        return name;
    }

    public async ValueTask<string> ExpandAsync(IReadOnlyList<SpfMacroPart> parts, string domain, CancellationToken cancel)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(part.Text ?? SpfMacro.Transform(part, await ValueAsync(char.ToLowerInvariant(part.Letter), domain, cancel).ConfigureAwait(false)));
        }
        return text.ToString();
    }

    private async ValueTask<string> ValueAsync(char letter, string domain, CancellationToken cancel)
    {
        int at = question.Sender.LastIndexOf('@');
        string local = at > 0 ? question.Sender[..at] : "postmaster", senderDomain = question.Sender[(at + 1)..];
        return letter switch
        {
            's' => $"{local}@{senderDomain}",
            'l' => local,
            'o' => senderDomain,
            'd' => domain,
            'i' => Dotted(Address),
            'p' => await SpfMatching.ValidatedNameAsync(this, domain, cancel).ConfigureAwait(false) ?? "unknown",
            'v' => Address.AddressFamily == AddressFamily.InterNetwork ? "in-addr" : "ip6",
            'h' => question.Hello,
            'c' => Address.ToString(),
            'r' => question.Receiver ?? "unknown",
            _ => time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        };
    }

    /// <summary>IPv4 as usual; IPv6 as 32 nibbles between dots.</summary>
    private static string Dotted(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork ? address.ToString() : string.Join('.', Convert.ToHexStringLower(address.GetAddressBytes()).AsEnumerable());
}

internal static class SpfNames
{
    /// <summary>At least two labels of 1-63, 253 in all (RFC 7208 section 4.3).</summary>
    public static bool IsDomain(string name)
    {
        if (name.Length is 0 or > 253 || !System.Text.Ascii.IsValid(name)) return false;
        int labels = 0;
        foreach (var label in name.AsSpan().Split('.'))
        {
            if (label.End.Value - label.Start.Value is 0 or > 63) return false;
            labels++;
        }
        return labels >= 2;
    }
}
