using System.Globalization;
using System.Text;

namespace Postern.Benchmarks.Loop;

/// <summary>One case as a table of markdown: printed when it is whole, and kept in a file beside the logs. Thread safe.</summary>
internal sealed class LoopReport(string title, params IReadOnlyList<string> columns)
{
    private readonly Lock _lock = new();
    private readonly List<(string Order, string Line)> _rows = [];
    private readonly List<string> _notes = [];

    /// <param name="order">Rows are sorted by it.</param>
    public void Row(string order, params IReadOnlyList<string> cells)
    {
        string line = $"| {string.Join(" | ", cells)} |";
        lock (_lock) _rows.Add((order, line));
        Console.Error.WriteLine(line);
    }

    /// <summary>A sentence below the table.</summary>
    public void Note(string sentence)
    {
        lock (_lock) _notes.Add(sentence);
        Console.Error.WriteLine(sentence);
    }

    public void Print(string folder)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"### {title}\n\n| {string.Join(" | ", columns)} |\n|{string.Concat(Enumerable.Repeat("---|", columns.Count))}\n");
        foreach (var (_, line) in _rows.OrderBy(r => r.Order, StringComparer.Ordinal)) text.Append(line).Append('\n');
        text.Append('\n');
        foreach (string note in _notes) text.Append("- ").Append(note).Append('\n');
        Console.WriteLine(text);
        File.WriteAllText(Path.Combine(folder, title.Split([' ', ','])[0].ToLowerInvariant() + ".md"), text.ToString());
    }

    /// <summary>A figure against its goal: the miss is said in the cell.</summary>
    public static string Goal(string figure, bool isReached) => isReached ? figure : $"{figure}: missed";

    public static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part * 100:0.0} %");
    public static string Seconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s");
}
