using Postern.Core.Configuration;

namespace Postern.Tests.Configuration;

/// <summary>One file per mistake in testdata; its first lines, marked "#! ", are exactly what an operator must read.</summary>
public sealed class BadConfigTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Configuration", "testdata");

    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder, "*.toml").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Each_mistake_is_reported_in_the_words_written_in_its_file(string file)
    {
        string text = File.ReadAllText(Path.Combine(Folder, file));
        var expected = text.Split('\n').TakeWhile(l => l.StartsWith("#! ", StringComparison.Ordinal)).Select(l => l[3..]).ToList();
        var surroundings = new ConfigSurroundings(_ => null, [], Folder);

        var result = new ConfigLoader(surroundings).LoadText(text, file, []);

        Assert.Equal(expected, result.Errors.Concat(result.Warnings).Select(e => e.ToString().Replace(Folder, "FOLDER", StringComparison.Ordinal)));
        Assert.Equal(result.Errors.Count > 0, result.Config is null);
    }
}
