using System.Globalization;
using Postern.Diagnosis.Checks;
using Spectre.Console;

namespace Postern.Cli;

/// <summary>Shows a check while it runs: a line for each stage, redrawn in place on a terminal, printed once it is over elsewhere. Thread safe.</summary>
internal sealed class CheckDisplay(Output output) : IProgress<CheckEvent>
{
    private static readonly (CheckStage Stage, string Word)[] Rows =
    [
        (CheckStage.Names, "names"), (CheckStage.Resolver, "resolver"), (CheckStage.Connect, "connect"), (CheckStage.Controls, "controls"),
        (CheckStage.Greeting, "greeting"), (CheckStage.Path, "path"), (CheckStage.Blocklists, "blocklists"), (CheckStage.Identity, "identity"),
    ];

    private readonly Lock _lock = new();
    private readonly Dictionary<CheckStage, (StageLine Line, TimeSpan Began, TimeSpan Ended)> _lines = [];
    private LiveDisplayContext? _live;

    public void Report(CheckEvent value)
    {
        lock (_lock)
        {
            var began = value.Progress == CheckProgress.Began || !_lines.TryGetValue(value.Stage, out var before) ? value.At : before.Began;
            _lines[value.Stage] = (StageLine.Of(value), began, value.At);
            if (_live is null) return;
            _live.UpdateTarget(Draw());
            _live.Refresh();
        }
    }

    /// <summary>Runs the check and leaves its stages on the screen.</summary>
    public async Task<CheckResult> ShowAsync(Func<Task<CheckResult>> check)
    {
        if (!output.IsTerminal)
        {
            var result = await check();
            lock (_lock) output.Ansi.Write(Draw());
            return result;
        }
        return await output.Ansi.Live(Draw()).StartAsync(async live =>
        {
            lock (_lock) _live = live;
            try
            {
                return await check();
            }
            finally
            {
                lock (_lock) _live = null;
            }
        });
    }

    private Table Draw()
    {
        var table = new Table().Border(TableBorder.None).HideHeaders();
        table.AddColumn(new TableColumn("").PadLeft(0).PadRight(1).NoWrap());
        table.AddColumn(new TableColumn("").PadLeft(0).PadRight(2).NoWrap());
        table.AddColumn(new TableColumn("").PadLeft(0).PadRight(2));
        table.AddColumn(new TableColumn("").PadLeft(0).PadRight(0).NoWrap());
        foreach (var (stage, word) in Rows)
        {
            var (line, began, ended) = _lines.GetValueOrDefault(stage, (new StageLine(StageState.Waiting, ""), default, default));
            string time = line.State is StageState.Good or StageState.Bad or StageState.Notable ? string.Create(CultureInfo.InvariantCulture, $"{(ended - began).TotalSeconds:0.0} s") : "";
            table.AddRow(new Markup(Mark(line.State)), new Text(word), new Text(line.Words), new Markup($"[dim]{time}[/]"));
        }
        return table;
    }

    private static string Mark(StageState state) => state switch
    {
        StageState.Good => "[green]✓[/]",
        StageState.Bad => "[red]✗[/]",
        StageState.Notable => "[yellow]![/]",
        StageState.Running => "[blue]·[/]",
        StageState.Skipped => "[dim]-[/]",
        _ => " ",
    };
}
