using System.Net;
using System.Net.Sockets;
using Postern.Cli;

namespace Postern.Tests.Cli;

public sealed class CommandTreeTests
{
    private static async Task<(int Exit, string Out, string Error)> Run(params string[] args)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int exit = await new CommandTree(new Output(output, error, isTerminal: false), TimeProvider.System).RunAsync(args, TestContext.Current.CancellationToken);
        return (exit, output.ToString(), error.ToString());
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("queue", "lst")]
    [InlineData("queue")]
    [InlineData("queue", "show")]
    [InlineData("queue", "list", "--limit", "many")]
    [InlineData("config", "check", "--nonsense")]
    [InlineData("config", "check", "--config", "/no/such/file.toml")]
    [InlineData("config", "check", "--set", "nonsense")]
    [InlineData("config", "show", "--mx", "--upstream", "smtp://mail.example.com")]
    [InlineData("queue", "retry")]
    [InlineData("status", "--server", "ftp://x")]
    public async Task Wrong_usage_ends_with_2_and_says_why(params string[] args)
    {
        var (exit, output, error) = await Run(args);
        Assert.Equal(ExitCode.WrongUsage, exit);
        Assert.NotEqual("", output + error);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("upstreams")]
    [InlineData("queue", "list")]
    [InlineData("queue", "bounce", "--all")]
    [InlineData("why", "0123456789abc")]
    public async Task A_relay_that_is_not_running_ends_with_3_and_one_line(params string[] args)
    {
        using var free = new Socket(SocketType.Stream, ProtocolType.Tcp);
        free.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        string server = $"127.0.0.1:{((IPEndPoint)free.LocalEndPoint!).Port}";
        var (exit, output, error) = await Run([.. args, "--server", server]);
        Assert.Equal(ExitCode.NotDetermined, exit);
        Assert.Equal("", output);
        Assert.Equal($"postern: no relay answers at {server}; start one with 'postern serve', or say where it is with --server HOST:PORT (its server.http){Environment.NewLine}", error);
    }

    [Theory]
    [InlineData("there is no 'postern queue lst'; did you mean 'postern queue list'? see 'postern queue --help'", "queue", "lst")]
    [InlineData("there is no 'postern chek'; did you mean 'postern check'? see 'postern --help'", "chek", "example.org")]
    [InlineData("'postern queue list' has no option --sendr; did you mean --sender? see 'postern queue list --help'", "queue", "list", "--sendr", "x")]
    [InlineData("'b' is one word too many for 'postern why'; see 'postern why --help'", "why", "a", "b")]
    [InlineData("which command? postern queue list|show|retry|hold|release|bounce|remove|export; see 'postern queue --help'", "queue")]
    [InlineData("--limit many: expected a whole number from 1; see 'postern queue list --help'", "queue", "list", "--limit", "many")]
    public async Task A_command_line_that_cannot_be_understood_is_one_line_with_what_was_meant(string line, params string[] args) =>
        Assert.Equal((ExitCode.WrongUsage, "", $"postern: {line}{Environment.NewLine}"), await Run(args));

    [Fact]
    public async Task The_example_that_messages_point_to_is_printed_and_good()
    {
        var (exit, output, _) = await Run("config", "example");
        Assert.Equal(0, exit);
        var result = new Postern.Core.Configuration.ConfigLoader(new(_ => null, [], Path.GetTempPath())).LoadText(output, "/etc/postern/postern.toml", []);
        Assert.Empty(result.Errors);
    }

    [Fact]
    public async Task A_folder_in_place_of_a_configuration_file_is_called_that()
    {
        var (exit, _, error) = await Run("config", "show", "--config", Path.GetTempPath());
        Assert.Equal(ExitCode.WrongUsage, exit);
        Assert.Contains(": is a folder, expected a file; name the file in it", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_good_configuration_from_options_alone_passes_the_check() =>
        Assert.Equal((0, "good" + Environment.NewLine, ""), await Run("config", "check", "--upstream", "smtp://mail.example.com"));

    [Fact]
    public async Task Json_findings_carry_place_and_remedy()
    {
        var (exit, output, _) = await Run("config", "check", "--json", "--mx", "--set", "limits.max_errors=0");
        Assert.Equal(ExitCode.WrongUsage, exit);
        Assert.Equal("""{"good":false,"errors":[{"source":"option --set limits.max_errors","line":0,"column":0,"key":"limits.max_errors","value":"\"0\"","expected":"must be from 1 to 1000","mend":"choose a number in that range, or leave the line out for the default (20)"}],"warnings":[]}""" + Environment.NewLine, output);
    }

    [Fact]
    public async Task What_is_shown_names_the_source_and_hides_the_password()
    {
        var (exit, output, _) = await Run("config", "show", "--only-set", "--upstream", "smtp://me:secret@mail.example.com");
        Assert.Equal(0, exit);
        Assert.Contains("tls = \"required\"", output, StringComparison.Ordinal);
        Assert.Contains("# option --upstream", output, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", output, StringComparison.Ordinal);
    }
}
