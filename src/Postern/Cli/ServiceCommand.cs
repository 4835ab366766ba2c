using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.Versioning;
using System.ServiceProcess;
using Postern.Core.Configuration;
using Postern.Hosting;
using Postern.Hosting.Windows;

namespace Postern.Cli;

/// <summary>postern service: the relay as a Windows service. Elsewhere it says what does the same there.</summary>
/// <param name="start">Null leaves out the command that the service manager starts.</param>
internal sealed class ServiceCommand(CommandTree tree, RelayStarter? start)
{
    private readonly Option<string> _name = new("--name") { Description = "Name of the service.", HelpName = "NAME", DefaultValueFactory = _ => "Postern" };
    private readonly Option<string> _folder = new("--folder") { Description = "Folder of configuration, queue and log; without it Postern in %ProgramData%.", HelpName = "FOLDER" };
    private readonly Option<bool> _noStart = new("--no-start") { Description = "Do not start it now." };
    private readonly Option<string> _config = new("--config", "-c") { Description = "Configuration file.", HelpName = "FILE", Required = true };
    private readonly Option<string> _log = new("--log") { Description = "Folder of the log files.", HelpName = "FOLDER", Required = true };

    public Command Build()
    {
        // OnWindows asks first; the analyzer does not see through it.
#pragma warning disable CA1416
        var command = new Command("service", "Install, remove and look at the Windows service.")
        {
            tree.Action(new Command("install", "Make a service of this program and start it: an account of its own, started with Windows, started again after a crash. Needs an administrator.") { _name, _folder, _noStart }, OnWindows(Install)),
            tree.Action(new Command("uninstall", "Stop the service and remove it; configuration, queue and log stay.") { _name, _folder }, OnWindows(Uninstall)),
            tree.Action(new Command("status", "Say whether the service is there and runs; exit code 1 when it does not.") { _name }, OnWindows(Status)),
        };
        if (start is not null) command.Add(tree.Action(new Command("run", "What the service manager starts.") { Hidden = true, Options = { _name, _config, _log } }, OnWindows(Run)));
#pragma warning restore CA1416
        return command;
    }

    [SupportedOSPlatformGuard("windows")]
    private static bool IsWindows => OperatingSystem.IsWindows();

    private Func<ParseResult, CancellationToken, Task<int>> OnWindows(Func<ParseResult, int> action) => (parsed, _) =>
    {
        if (!IsWindows) throw new CommandException(ExitCode.WrongUsage, "services of this kind are Windows' own; here systemd runs the relay: the Debian package brings the unit (systemctl status postern), deploy/debian/postern.service is it");
        if (!ServiceSetup.IsName(parsed.GetValue(_name)!)) throw new CommandException(ExitCode.WrongUsage, "--name: expected letters, digits, - and _, 80 at most");
        try
        {
            return Task.FromResult(action(parsed));
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or UnauthorizedAccessException or IOException or System.Security.SecurityException)
        {
            throw new CommandException(ExitCode.NotDetermined, $"{e.Message}; run it as an administrator", e);
        }
    };

    private ServiceSetup Setup(ParseResult parsed) => new(parsed.GetValue(_name)!, Environment.ProcessPath!,
        parsed.GetValue(_folder) ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "Postern"));

    [SupportedOSPlatform("windows")]
    private int Install(ParseResult parsed)
    {
        var setup = Setup(parsed);
        Directory.CreateDirectory(setup.Folder);
        bool isNew = !File.Exists(setup.Config);
        if (isNew) File.WriteAllText(setup.Config, $"# Every key: postern config reference. Check it: postern config check -c \"{setup.Config}\"\n\n[server]\ndata = \"queue\"\n\n[[route]]\nvia = \"mx\"\n");
        var result = new ConfigLoader().Load(setup.Config, []);
        if (result.Config is null) throw ConfigCommand.Refusal(result);
        if (!EventLog.SourceExists(setup.Name)) EventLog.CreateEventSource(setup.Name, "Application");
        foreach (var call in setup.Install) Do(call);
        tree.Output.Line($"service {setup.Name} installed; configuration {setup.Config}{(isNew ? " (made; it delivers to each domain's own mail servers)" : "")}, log {setup.Folder}\\logs");
        if (parsed.GetValue(_noStart)) return ExitCode.Good;
        foreach (var call in setup.Start) Do(call);
        tree.Output.Line("started");
        return ExitCode.Good;
    }

    [SupportedOSPlatform("windows")]
    private int Uninstall(ParseResult parsed)
    {
        var setup = Setup(parsed);
        using (var service = new ServiceController(setup.Name))
        {
            if (service.Status != ServiceControllerStatus.Stopped)
            {
                service.Stop();
                service.WaitForStatus(ServiceControllerStatus.Stopped, TimeSpan.FromMinutes(2));
            }
        }
        foreach (var call in setup.Uninstall) Do(call);
        if (EventLog.SourceExists(setup.Name)) EventLog.DeleteEventSource(setup.Name);
        tree.Output.Line($"service {setup.Name} removed; {setup.Folder} is left in place, it may hold undelivered mail");
        return ExitCode.Good;
    }

    [SupportedOSPlatform("windows")]
    private int Status(ParseResult parsed)
    {
        using var service = ServiceController.GetServices().FirstOrDefault(s => s.ServiceName.Equals(parsed.GetValue(_name), StringComparison.OrdinalIgnoreCase));
        string state = service is null ? "not installed" : ConfigValues.KebabCase(service.Status.ToString()).Replace('-', ' ');
        tree.Output.Line(state);
        return service?.Status == ServiceControllerStatus.Running ? ExitCode.Good : ExitCode.ProblemFound;
    }

    [SupportedOSPlatform("windows")]
    private int Run(ParseResult parsed)
    {
        string file = parsed.GetRequiredValue(_config);
        string folder = parsed.GetRequiredValue(_log);
        using var service = new RelayService(parsed.GetValue(_name)!, async (started, cancel) =>
        {
            await using var log = new ServiceLog(folder);
            var process = new RelayProcess(() => new ConfigLoader().Load(file, []), file, start!, tree.Output, tree.Time);
            return await process.RunAsync(log, (_, _) => started(), cancel);
        });
        ServiceBase.Run(service);
        return ExitCode.Good;
    }

    private static void Do(ServiceSetup.Call call)
    {
        var info = new ProcessStartInfo(call.Program) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (string argument in call.Arguments) info.ArgumentList.Add(argument);
        using var process = Process.Start(info)!;
        string said = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{call.Program} {call.Arguments[0]} failed with {process.ExitCode}: {said.ReplaceLineEndings(" ")}");
    }
}
