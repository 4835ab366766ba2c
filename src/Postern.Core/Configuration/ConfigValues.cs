using System.Globalization;
using System.Text;

namespace Postern.Core.Configuration;

/// <summary>How durations, sizes and names are written in the file: parsing and its exact inverse.</summary>
public static class ConfigValues
{
    private static readonly (string Unit, long Milliseconds)[] _durationUnits = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

    private static readonly (string Unit, long Bytes)[] _sizeUnits =
        [("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("B", 1)];

    /// <summary>"90s", "5m", "1h30m", "5d", "100ms"; each unit once, largest first; also a bare "0".</summary>
    public static bool TryParseDuration(ReadOnlySpan<char> text, out TimeSpan value)
    {
        value = default;
        if (text is "0") return true;
        if (text.IsEmpty) return false;
        long total = 0;
        int lastUnit = -1;
        while (!text.IsEmpty)
        {
            int digits = text.IndexOfAnyExceptInRange('0', '9');
            if (digits is < 1 or > 9) return false;
            long number = long.Parse(text[..digits], CultureInfo.InvariantCulture);
            text = text[digits..];
            int letters = text.IndexOfAnyInRange('0', '9');
            var unit = letters < 0 ? text : text[..letters];
            int index = IndexOf(_durationUnits, unit);
            if (index <= lastUnit) return false;
            lastUnit = index;
            total += number * _durationUnits[index].Milliseconds;
            if (total > TimeSpan.FromDays(3650).TotalMilliseconds) return false;
            text = letters < 0 ? [] : text[letters..];
        }
        value = TimeSpan.FromMilliseconds(total);
        return true;
    }

    /// <summary>"1h30m"; "0s" for none.</summary>
    public static string Format(TimeSpan value)
    {
        long left = (long)value.TotalMilliseconds;
        if (left == 0) return "0s";
        var text = new StringBuilder();
        foreach (var (unit, milliseconds) in _durationUnits)
        {
            if (left / milliseconds is > 0 and var count) text.Append(count).Append(unit);
            left %= milliseconds;
        }
        return text.ToString();
    }

    /// <summary>"50MiB", "25MB", "1.5GiB" and plain numbers of bytes; a space before the unit is allowed.</summary>
    public static bool TryParseSize(ReadOnlySpan<char> text, out long bytes)
    {
        bytes = 0;
        int digits = text.IndexOfAnyExcept("0123456789.");
        var number = digits < 0 ? text : text[..digits];
        var unit = digits < 0 ? "B" : text[digits..].TrimStart(' ');
        int index = IndexOf(_sizeUnits, unit);
        if (index < 0 || !decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value)) return false;
        if (value > long.MaxValue / _sizeUnits[index].Bytes) return false;
        decimal product = value * _sizeUnits[index].Bytes;
        if (product != decimal.Truncate(product)) return false;
        bytes = (long)product;
        return true;
    }

    /// <summary>The largest binary unit that divides it: "50MiB", "4096" gives "4KiB"; else the number of bytes.</summary>
    public static string FormatSize(long bytes)
    {
        for (int i = 0; i < 4; i++)
            if (bytes != 0 && bytes % _sizeUnits[i].Bytes == 0) return $"{bytes / _sizeUnits[i].Bytes}{_sizeUnits[i].Unit}";
        return $"{bytes}B";
    }

    /// <summary>InlineThenQueue is "inline-then-queue".</summary>
    public static string KebabCase(string name) => Separate(name, '-');

    /// <summary>MaxErrors is "max_errors".</summary>
    public static string SnakeCase(string name) => Separate(name, '_');

    private static string Separate(string name, char separator)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (char c in name)
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0) text.Append(separator);
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }

    private static int IndexOf((string Unit, long)[] units, ReadOnlySpan<char> unit)
    {
        for (int i = 0; i < units.Length; i++)
            if (unit.Equals(units[i].Unit, StringComparison.Ordinal)) return i;
        return -1;
    }
}
