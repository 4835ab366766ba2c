namespace Postern.Core.Configuration;

/// <summary>The configuration before it is bound: what file, environment and command line say, each value with its origin.</summary>
internal abstract class ConfigNode(ConfigOrigin at)
{
    public ConfigOrigin At { get; } = at;

    /// <summary>For messages: "a table", "a list", "text", …</summary>
    public abstract string Kind { get; }

    /// <summary>As an operator would write it, shortened.</summary>
    public abstract string Shown { get; }
}

internal sealed class ConfigTable(ConfigOrigin at) : ConfigNode(at)
{
    /// <summary>In the order they were written.</summary>
    public OrderedDictionary<string, ConfigNode> Entries { get; } = new(StringComparer.Ordinal);

    public override string Kind => "a table";
    public override string Shown => "{ … }";
}

internal sealed class ConfigList(ConfigOrigin at) : ConfigNode(at)
{
    public List<ConfigNode> Items { get; } = [];
    public override string Kind => "a list";
    public override string Shown => $"[{string.Join(", ", Items.Take(3).Select(i => i.Shown))}{(Items.Count > 3 ? ", …" : "")}]";
}

/// <param name="value">string, long, bool, double, or null for what TOML has and we never use (dates).</param>
/// <param name="untyped">True for environment and command line, where everything is text and the key decides what it means.</param>
internal sealed class ConfigScalar(ConfigOrigin at, object? value, bool untyped = false) : ConfigNode(at)
{
    public object? Value { get; } = value;
    public bool Untyped { get; } = untyped;

    public override string Kind => Value switch { string => "text", long => "a number", bool => "true or false", double => "a fraction", _ => "a date" };

    public override string Shown => Value switch
    {
        string text => $"\"{(text.Length > 80 ? text[..80] + "…" : text)}\"",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => "(a date)",
    };
}
