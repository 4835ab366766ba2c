using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Postern.Diagnosis.Probes;

/// <summary>Reverse names made by a provider's program, not given by an operator: many receivers take the machines behind them for home connections. A hint only.</summary>
internal static class GenericName
{
    private static readonly string[] Words = ["dynamic", "dyn", "dhcp", "dialup", "dial", "dsl", "adsl", "vdsl", "xdsl", "pppoe", "ppp", "pool", "cable", "broadband", "dip", "cust", "customer", "client", "unassigned", "mobile", "wifi", "fiber", "ftth"];

    public static bool LooksGenerated(string name, IPAddress address)
    {
        string text = name.ToLowerInvariant();
        if (HoldsAddress(text, address.GetAddressBytes(), address.AddressFamily == AddressFamily.InterNetworkV6)) return true;
        // The registered domain is the provider's name and may hold any word.
        string[] labels = text.Split('.');
        return labels.SkipLast(2).SelectMany(l => l.Split('-')).Any(part => Words.Contains(part.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')));
    }

    private static bool HoldsAddress(string name, byte[] bytes, bool ipv6)
    {
        string hex = Convert.ToHexStringLower(bytes), bare = name.Replace("-", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal);
        // Half of an IPv6 address in a row is no accident.
        if (ipv6) return bare.Contains(hex[16..], StringComparison.Ordinal);
        if (name.Contains(hex, StringComparison.Ordinal) || bare.Contains(string.Concat(bytes.Select(b => b.ToString("000", CultureInfo.InvariantCulture))), StringComparison.Ordinal)) return true;
        int[] numbers = Numbers(name);
        for (int i = 0; i + 1 < numbers.Length; i++)
        {
            bool forwards = numbers[i] == bytes[2] && numbers[i + 1] == bytes[3], backwards = numbers[i] == bytes[3] && numbers[i + 1] == bytes[2];
            // Two small numbers come together by chance ("mx1.dc2"); with a third of the address, or one that is large, they do not.
            if ((forwards || backwards) && (Math.Max(bytes[2], bytes[3]) > 9 || numbers.Contains(bytes[1]))) return true;
        }
        return false;
    }

    private static int[] Numbers(string name)
    {
        var numbers = new List<int>();
        for (int i = 0; i < name.Length;)
        {
            if (!char.IsAsciiDigit(name[i]))
            {
                i++;
                continue;
            }
            int end = i;
            while (end < name.Length && char.IsAsciiDigit(name[end])) end++;
            numbers.Add(end - i <= 3 ? int.Parse(name.AsSpan(i, end - i), CultureInfo.InvariantCulture) : -1);
            i = end;
        }
        return [.. numbers];
    }
}
