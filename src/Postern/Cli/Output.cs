using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Postern.Core.Configuration;
using Spectre.Console;

namespace Postern.Cli;

/// <summary>What a command prints: for a person, or with --json for a program. Colours and widths only on a terminal.</summary>
internal sealed class Output(TextWriter output, TextWriter error, bool isTerminal)
{
    public static Output OfProcess() => new(Console.Out, Console.Error, !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is not { Length: > 0 } && Environment.GetEnvironmentVariable("TERM") != "dumb");

    public bool IsTerminal => isTerminal;
    public TextWriter Text => output;

    /// <summary>For tables and marks; made anew so that the width is the terminal's of now.</summary>
    public IAnsiConsole Ansi => _console ??= Create();

    private IAnsiConsole? _console;

    public void Line(string text) => output.WriteLine(text);

    public void Problem(string text) => error.WriteLine("postern: " + text);

    public void Json<T>(T value, JsonTypeInfo<T> type) => output.WriteLine(JsonSerializer.Serialize(value, type));

    /// <summary>A table: aligned columns, no frames, so that it can be copied and searched.</summary>
    public void Table(string[] headers, IEnumerable<string[]> rows)
    {
        var table = new Table().Border(TableBorder.None).Expand();
        table.Expand = false;
        foreach (string header in headers) table.AddColumn(new TableColumn(new Markup($"[bold]{Markup.Escape(header)}[/]")).PadLeft(0).PadRight(2));
        foreach (string[] row in rows) table.AddRow([.. row.Select(cell => new Text(cell))]);
        Ansi.Write(table);
    }

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
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        // Wrapped columns are useless to a program that reads them.
        if (!isTerminal) console.Profile.Width = 1000;
        return console;
    }
}
