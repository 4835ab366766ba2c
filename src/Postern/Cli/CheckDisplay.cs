using System.Globalization;
using Postern.Diagnosis.Checks;
using Spectre.Console;

namespace Postern.Cli;

/// <summary>
/// Shows a check while it runs, a line for each stage: redrawn in place where the screen can do that, elsewhere (a file, a terminal without colours or cursor)
/// printed once when the stage is done. Thread safe.
/// </summary>
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
            if (!IsRedrawn && value.Progress != CheckProgress.Began) Print(value.Stage);
            if (_live is null) return;
            _live.UpdateTarget(Draw());
            _live.Refresh();
        }
    }

    /// <summary>Runs the check and leaves its stages on the screen.</summary>
    public async Task<CheckResult> ShowAsync(Func<Task<CheckResult>> check)
    {
        if (!IsRedrawn) return await check();
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

    /// <summary>NO_COLOR and TERM=dumb ask for plain text: frames that are drawn over each other are none.</summary>
    private bool IsRedrawn => output.UsesColour;

    private void Print(CheckStage stage)
    {
        var (line, began, ended) = _lines[stage];
        string word = Rows.First(r => r.Stage == stage).Word;
        output.Line($"{Sign(line.State)} {word.PadRight(Rows.Max(r => r.Word.Length))}  {line.Words}  {Time(line.State, began, ended)}".TrimEnd());
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
            table.AddRow(new Markup($"[{Colour(line.State)}]{Sign(line.State)}[/]"), new Text(word), new Text(line.Words), new Markup($"[dim]{Time(line.State, began, ended)}[/]"));
        }
        return table;
    }

    /// <summary>How long it took; empty for what was not done.</summary>
    private static string Time(StageState state, TimeSpan began, TimeSpan ended) =>
        state is StageState.Good or StageState.Bad or StageState.Notable ? string.Create(CultureInfo.InvariantCulture, $"{(ended - began).TotalSeconds:0.0} s") : "";

    private static string Sign(StageState state) => state switch
    {
        StageState.Good => "✓",
        StageState.Bad => "✗",
        StageState.Notable => "!",
        StageState.Running => "·",
        StageState.Skipped => "-",
        _ => " ",
    };

    private static string Colour(StageState state) => state switch
    {
        StageState.Good => "green",
        StageState.Bad => "red",
        StageState.Notable => "yellow",
        StageState.Running => "blue",
        _ => "dim",
    };
}
