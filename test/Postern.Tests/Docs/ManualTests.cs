using System.Diagnostics;
using System.Runtime.CompilerServices;
using Postern.Cli;
using Postern.Cli.Manual;
using Postern.Core.Configuration;

namespace Postern.Tests.Docs;

/// <summary>What is made from the commands: their reference page, man pages and completions.</summary>
public sealed class ManualTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-manual-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Docs([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "docs"));

    private static CommandShape Root() =>
        CommandShape.Of(new CommandTree(new Output(TextWriter.Null, TextWriter.Null, false), TimeProvider.System, (_, _, _) => throw new InvalidOperationException()).Build());

    [Fact]
    public void The_page_about_commands_is_what_the_program_prints() =>
        Assert.True(File.ReadAllText(Path.Combine(Docs(), "commands.md")) == CommandsReference.Write(Root()), "docs/commands.md is out of date; run docs/generate.sh");

    [Fact]
    public void The_page_about_events_is_what_the_program_prints() =>
        Assert.True(File.ReadAllText(Path.Combine(Docs(), "events.md")) == EventsReference.Write(), "docs/events.md is out of date; run docs/generate.sh");

    [Fact]
    public void Every_command_option_and_argument_says_what_it_is()
    {
        foreach (var command in Root().All)
        {
            Assert.False(string.IsNullOrWhiteSpace(command.Description), command.Path);
            Assert.All(command.Options, o => Assert.False(string.IsNullOrWhiteSpace(o.Description), $"{command.Path} {o.Names[0]}"));
            Assert.All(command.Arguments, a => Assert.False(string.IsNullOrWhiteSpace(a.Description), $"{command.Path} <{a.Name}>"));
        }
    }

    [Fact]
    public void There_is_a_man_page_for_each_command_and_for_every_key()
    {
        var pages = ManPages.Write(Root()).ToDictionary(p => p.Name, p => p.Text);
        Assert.All(Root().Commands, c => Assert.Contains($"postern-{c.Name}.1", pages.Keys));
        foreach (var section in SettingsTable.Root.Settings)
            Assert.All(section.Table!.Settings, s => Assert.Contains($"\\fB{s.Name}\\fR", pages["postern.toml.5"], StringComparison.Ordinal));
    }

    [Fact]
    public void The_man_pages_have_no_faults_that_a_formatter_finds()
    {
        Assert.SkipUnless(Find("mandoc"), "mandoc is not installed");
        foreach (var (name, text) in ManPages.Write(Root()))
        {
            File.WriteAllText(Path.Combine(_folder, name), text);
            // An absent date is on purpose: the same sources give the same page.
            string said = Run("mandoc", "-T", "lint", "-W", "warning", Path.Combine(_folder, name)).Output;
            Assert.DoesNotMatch("(WARNING|ERROR|UNSUPP)(?!: missing date)", said);
        }
    }

    [Fact]
    public void Bash_completes_commands_options_and_files()
    {
        Assert.SkipUnless(Find("bash"), "bash is not installed");
        File.WriteAllText(Path.Combine(_folder, "postern.bash"), Completions.Write("bash", Root()));
        File.WriteAllText(Path.Combine(_folder, "relay.toml"), "");
        string[] Complete(params string[] words)
        {
            string script = $"cd '{_folder}'; source ./postern.bash; COMP_WORDS=({string.Join(' ', words.Select(w => $"'{w}'"))}); COMP_CWORD={words.Length - 1}; _postern; printf '%s\\n' \"${{COMPREPLY[@]}}\"";
            return Run("bash", "-c", script).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        Assert.Contains("queue", Complete("postern", ""));
        Assert.DoesNotContain("--json", Complete("postern", ""));
        Assert.Equal(["list"], Complete("postern", "queue", "li"));
        Assert.Contains("--older-than", Complete("postern", "queue", "list", "--"));
        Assert.DoesNotContain("--older-than", Complete("postern", "status", "--"));
        Assert.Equal(["relay.toml"], Complete("postern", "serve", "--config", "rel"));
        Assert.Contains("import", Complete("postern", "config", "i"));
    }

    /// <summary>Paths of Windows and passwords in variables included: what stands in a how-to is what a reader will paste.</summary>
    [Fact]
    public void Every_toml_block_of_the_how_tos_is_a_good_configuration()
    {
        int blocks = 0;
        foreach (string page in Directory.GetFiles(Path.Combine(Docs(), "howto"), "*.md").Append(Path.Combine(Docs(), "start.md")))
        {
            foreach (System.Text.RegularExpressions.Match block in System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(page), "```toml\n(.*?)```", System.Text.RegularExpressions.RegexOptions.Singleline))
            {
                var surroundings = new ConfigSurroundings(name => name is "SMTP_PASSWORD" ? "x" : null, [], _folder);
                Assert.Empty(new ConfigLoader(surroundings).LoadText(block.Groups[1].Value, page, []).Errors.Select(e => e.ToString()));
                blocks++;
            }
        }
        Assert.InRange(blocks, 8, 100);
    }

    [Fact]
    public void The_configurations_that_packages_bring_are_good()
    {
        foreach (string file in new[] { "debian/postern.toml", "docker/postern.toml" })
        {
            string text = File.ReadAllText(Path.Combine(Docs(), "..", "deploy", file));
            // The image wants to be told where mail goes.
            if (file.StartsWith("docker", StringComparison.Ordinal)) text += "\n[[route]]\nvia = \"mx\"\n";
            Assert.Empty(new ConfigLoader(new ConfigSurroundings(_ => null, [], _folder)).LoadText(text, file, []).Errors.Select(e => e.ToString()));
        }
    }

    [Theory]
    [InlineData("zsh", "zsh", "-n")]
    [InlineData("fish", "fish", "--no-execute")]
    [InlineData("bash", "bash", "-n")]
    [InlineData("powershell", "pwsh", "-NoProfile -NonInteractive -File")]
    public void The_scripts_are_good_for_their_shells(string shell, string program, string option)
    {
        Assert.SkipUnless(Find(program), $"{program} is not installed");
        string file = Path.Combine(_folder, "script.ps1");
        File.WriteAllText(file, Completions.Write(shell, Root()));
        var (exit, said) = Run(program, [.. option.Split(' '), file]);
        Assert.Equal((0, ""), (exit, said));
    }

    private static bool Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(f => File.Exists(Path.Combine(f, program)));

    private static (int Exit, string Output) Run(string program, params string[] arguments)
    {
        var info = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments) info.ArgumentList.Add(argument);
        using var process = Process.Start(info)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, said + error.GetAwaiter().GetResult());
    }
}
