using System.Globalization;
using Postern.Core.Configuration;

namespace Postern.Logging;

/// <summary>A value of an event as text: invariant, times in ISO 8601, enum values as words, numbers as their template says.</summary>
internal static class LogValue
{
    public static string Text(object value, string? format) => value switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        DateTimeOffset at when format is null => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
        Enum word => ConfigValues.KebabCase(word.ToString()),
        IFormattable formattable => formattable.ToString(format, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
