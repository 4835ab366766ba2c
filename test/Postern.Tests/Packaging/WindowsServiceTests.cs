using Postern.Hosting.Windows;

namespace Postern.Tests.Packaging;

/// <summary>The parts of the Windows service that do not need Windows: the words for its programs, and the log of a process without a console.</summary>
public sealed class WindowsServiceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-service-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Paths_with_blanks_stay_whole_on_the_services_command_line()
    {
        var setup = new ServiceSetup("Postern", @"C:\Program Files\Postern\postern.exe", @"C:\ProgramData\Postern");
        Assert.Equal("""
            "C:\Program Files\Postern\postern.exe" service run --name Postern --config "C:\ProgramData\Postern\postern.toml" --log "C:\ProgramData\Postern\logs"
            """, setup.CommandLine);
        var create = setup.Install[0];
        Assert.Equal("sc.exe", create.Program);
        Assert.Equal(setup.CommandLine, create.Arguments[create.Arguments.ToList().IndexOf("binPath=") + 1]);
        Assert.Equal(@"NT SERVICE\Postern", create.Arguments[create.Arguments.ToList().IndexOf("obj=") + 1]);
    }

    [Fact]
    public void A_service_starts_again_after_a_crash_and_its_folder_is_nobody_elses()
    {
        var calls = new ServiceSetup("Postern", @"C:\postern.exe", @"C:\Data").Install;
        Assert.Contains(calls, c => c.Arguments.Contains("failure") && c.Arguments.Any(a => a.StartsWith("restart/", StringComparison.Ordinal)));
        var rights = Assert.Single(calls, c => c.Program == "icacls.exe");
        Assert.Contains("/inheritance:r", rights.Arguments);
        Assert.Contains(@"NT SERVICE\Postern:(OI)(CI)M", rights.Arguments);
    }

    [Theory]
    [InlineData("Postern", true)]
    [InlineData("postern-2_b", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("a\" & calc", false)]
    public void Names_hold_nothing_that_a_command_line_reads(string name, bool isGood) => Assert.Equal(isGood, ServiceSetup.IsName(name));

    [Fact]
    public async Task The_log_is_set_aside_when_it_has_grown_and_a_bounded_number_is_kept()
    {
        string logs = Path.Combine(_folder, "logs");
        await using (var log = new ServiceLog(logs, mostBytes: 100, kept: 2))
            for (int i = 0; i < 50; i++) await log.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"line {i:00} {new string('x', 20)}\n"), TestContext.Current.CancellationToken);
        Assert.Equal(["postern.log", "postern.log.1", "postern.log.2"], Directory.GetFiles(logs).Select(Path.GetFileName).Order());
        Assert.All(Directory.GetFiles(logs), f => Assert.InRange(new FileInfo(f).Length, 1, 130));
        Assert.EndsWith("49 " + new string('x', 20) + "\n", File.ReadAllText(Path.Combine(logs, "postern.log")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_is_there_is_added_to()
    {
        string logs = Path.Combine(_folder, "logs");
        for (int i = 0; i < 2; i++)
        {
            await using var log = new ServiceLog(logs);
            await log.WriteAsync("a line\n"u8.ToArray(), TestContext.Current.CancellationToken);
        }
        Assert.Equal("a line\na line\n", File.ReadAllText(Path.Combine(logs, "postern.log")));
    }
}
