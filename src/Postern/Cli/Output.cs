using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Postern.Core.Configuration;
using Spectre.Console;

namespace Postern.Cli;

/// <summary>What a command prints: for a person, or with --json for a program. Colours and widths only on a terminal.</summary>
internal sealed class Output(TextWriter output, TextWriter error, bool isTerminal)
{
    public static Output OfProcess()
    {
        bool isTerminal = !Console.IsOutputRedirected;
        bool isPlain = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 } || Environment.GetEnvironmentVariable("TERM") == "dumb";
        // A Windows console has to be asked before it understands colours; Spectre does, and says whether it did.
        bool understands = !OperatingSystem.IsWindows() || (isTerminal && AnsiConsole.Profile.Capabilities.Ansi);
        // Arrows and marks arrive as what they are, whatever the locale of a bare container says.
        if (isTerminal) Console.OutputEncoding = System.Text.Encoding.UTF8;
        return new Output(Console.Out, Console.Error, isTerminal) { UsesColour = isTerminal && !isPlain && understands };
    }

    public bool IsTerminal { get; } = isTerminal;
    public bool UsesColour { get; init; }

    public string Bold(string text) => Styled("1", text);
    public string Dim(string text) => Styled("2", text);
    public string Good(string text) => Styled("32", text);
    public string Bad(string text) => Styled("31", text);
    public string Warn(string text) => Styled("33", text);
    public string Accent(string text) => Styled("36", text);

    private string Styled(string style, string text) => UsesColour ? $"\e[{style}m{text}\e[0m" : text;

    public TextWriter Text => output;

    /// <summary>For tables and marks; made anew so that the width is the terminal's of now.</summary>
    public IAnsiConsole Ansi => _console ??= Create();

    private IAnsiConsole? _console;

    public void Line(string text) => output.WriteLine(text);

    public void Problem(string text) => error.WriteLine("postern: " + text);

    public void Json<T>(T value, JsonTypeInfo<T> type) => output.WriteLine(JsonSerializer.Serialize(value, Readable(type)));

    /// <summary>Without \u0022 and \u002B: this is no web page, and people read it too.</summary>
    private static JsonTypeInfo<T> Readable<T>(JsonTypeInfo<T> type) =>
        (JsonTypeInfo<T>)new JsonSerializerOptions(type.Options) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }.GetTypeInfo(typeof(T));

    /// <summary>A table: aligned columns, no frames, so that it can be copied and searched.</summary>
    public void Table(string[] headers, IEnumerable<string[]> rows)
    {
        var table = new Table().Border(TableBorder.None).Expand();
        table.Expand = false;
        foreach (string header in headers) table.AddColumn(new TableColumn(new Markup($"[bold]{Markup.Escape(header)}[/]")).PadLeft(0).PadRight(2));
        foreach (string[] row in rows) table.AddRow([.. row.Select(cell => new Text(cell, StyleOf(cell)))]);
        Ansi.Write(table);
    }

    /// <summary>The few words that a person looks for.</summary>
    private static Style StyleOf(string cell) => cell switch
    {
        "up" => new Style(Color.Green),
        "down" => new Style(Color.Red),
        "probing" or "deferred" or "held" => new Style(Color.Yellow),
        _ => Style.Plain,
    };

    public static string Size(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} B",
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB"),
        < 1024L * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.#} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.#} GiB"),
    };

    /// <summary>"3m", "2h5m", "4d3h": two units at most.</summary>
    public static string Age(TimeSpan age)
    {
        if (age < TimeSpan.FromSeconds(1)) return "now";
        var rounded = age.TotalDays >= 1 ? TimeSpan.FromHours(Math.Floor(age.TotalHours)) : age.TotalHours >= 1 ? TimeSpan.FromMinutes(Math.Floor(age.TotalMinutes)) : TimeSpan.FromSeconds(Math.Floor(age.TotalSeconds));
        return ConfigValues.Format(rounded);
    }

    private IAnsiConsole Create()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = UsesColour ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = UsesColour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        // Wrapped columns are useless to a program that reads them.
        if (!IsTerminal) console.Profile.Width = 1000;
        return console;
    }
}
