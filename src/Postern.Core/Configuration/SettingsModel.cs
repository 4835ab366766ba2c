using System.Reflection;

namespace Postern.Core.Configuration;

/// <summary>What a setting holds; decides how it is read, checked, shown and documented.</summary>
internal enum SettingKind : byte { Text, Flag, Number, Size, Duration, Choice, Secret, Table, TextList, NumberList, DurationList, TableList }

/// <summary>One key of the configuration.</summary>
/// <param name="Table">The keys below it, for Table and TableList; else null.</param>
/// <param name="Choices">The words allowed, for Choice; else empty.</param>
internal sealed record SettingInfo(string Name, PropertyInfo Property, SettingKind Kind, SettingAttribute? Attribute, SettingsTable? Table, IReadOnlyList<string> Choices, bool IsRequired)
{
    public SettingForm Form => Attribute?.Form ?? SettingForm.Any;

    /// <summary>For messages and the reference: "text", "a duration", "none, starttls or implicit".</summary>
    public string KindText => Kind switch
    {
        SettingKind.Text => "text",
        SettingKind.Flag => "true or false",
        SettingKind.Number => "a whole number",
        SettingKind.Size => "a size such as \"50MiB\"",
        SettingKind.Duration => "a duration such as \"30s\" or \"1h30m\"",
        SettingKind.Choice => Choices.Count == 1 ? Choices[0] : string.Join(", ", Choices.SkipLast(1)) + " or " + Choices[^1],
        SettingKind.Secret => "text, { env = \"NAME\" } or { file = \"path\" }",
        SettingKind.Table => "a table",
        SettingKind.TextList => "a list of texts",
        SettingKind.NumberList => "a list of numbers",
        SettingKind.DurationList => "a list of durations",
        _ => "a list of tables",
    };
}

/// <summary>One table of the configuration: a record type and its keys. Made once, by reflection over the records.</summary>
internal sealed class SettingsTable
{
    public static readonly SettingsTable Root = new(typeof(PosternConfig));

    private SettingsTable(Type type)
    {
        Type = type;
        Settings = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is not null).Select(Describe)];
    }

    public Type Type { get; }

    /// <summary>In the order in which the record declares them.</summary>
    public IReadOnlyList<SettingInfo> Settings { get; }

    /// <summary>An object with every default; required keys are null.</summary>
    public object Create() => Activator.CreateInstance(Type)!;

    private static SettingInfo Describe(PropertyInfo property)
    {
        var attribute = property.GetCustomAttribute<SettingAttribute>();
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        var element = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;
        var kind = element is null ? KindOf(type, property.Name) : element == typeof(string) ? SettingKind.TextList : element == typeof(int) ? SettingKind.NumberList : element == typeof(TimeSpan) ? SettingKind.DurationList : SettingKind.TableList;
        var table = kind is SettingKind.Table or SettingKind.TableList ? new SettingsTable(element ?? type) : null;
        string[] choices = kind == SettingKind.Choice ? [.. Enum.GetNames(type).Select(ConfigValues.KebabCase)] : [];
        bool required = property.GetCustomAttribute<System.Runtime.CompilerServices.RequiredMemberAttribute>() is not null;
        return new SettingInfo(attribute?.Name ?? NameOf(property), property, kind, attribute, table, choices, required);
    }

    private static SettingKind KindOf(Type type, string name) =>
        type == typeof(string) ? SettingKind.Text
        : type == typeof(bool) ? SettingKind.Flag
        : type == typeof(TimeSpan) ? SettingKind.Duration
        : type == typeof(Secret) ? SettingKind.Secret
        : type.IsEnum ? SettingKind.Choice
        : type == typeof(long) || type == typeof(int) ? name.EndsWith("Bytes", StringComparison.Ordinal) ? SettingKind.Size : SettingKind.Number
        : SettingKind.Table;

    private static string NameOf(PropertyInfo property)
    {
        string name = property.Name;
        return ConfigValues.SnakeCase(name.EndsWith("Bytes", StringComparison.Ordinal) ? name[..^"Bytes".Length] : name);
    }
}
