using Postern.Lab.Daemons;
using Postern.Lab.Names;
using Postern.Lab.Net;
using Postern.Lab.Scenarios;
using Postern.Lab.Servers;
using Postern.Lab.Truth;

namespace Postern.Lab.Running;

/// <summary>A lab in which a scenario's fault is in force. Disposing takes all of it away.</summary>
internal sealed class RunningLab : IAsyncDisposable
{
    private SlowLink? _slow;
    private NameServers? _names;
    private LabServers? _servers;

    private RunningLab(Scenario scenario, LabNet net)
    {
        (Scenario, Net) = (scenario, net);
        Folder = Directory.CreateTempSubdirectory("postern-lab-").FullName;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Folder, (UnixFileMode)0b111_101_101);
    }

    public Scenario Scenario { get; }
    public LabNet Net { get; }

    /// <summary>Scratch, readable by all.</summary>
    public string Folder { get; }

    /// <summary>Null when labs can be made here, else the reason.</summary>
    public static string? Missing
    {
        get
        {
            if (Programs.NotRoot is { } reason) return reason;
            if ((Programs.Missing("ip", "nft", "nsenter", "setpriv", "smtp-sink") ?? NameServers.Missing ?? TruthChecks.Missing ?? PostfixUpstream.Missing ?? EximUpstream.Missing) is { } missing) return missing;
            try
            {
                // A container may have root without the right to make namespaces.
                var probe = RunningProgram.RunAsync("unshare", ["--net", "true"]).GetAwaiter().GetResult();
                return probe.ExitCode == 0 ? null : "network namespaces cannot be made here: " + probe.Output.Trim();
            }
            catch (Exception e) when (e is System.ComponentModel.Win32Exception or TimeoutException)
            {
                return e.Message;
            }
        }
    }

    public static async Task<RunningLab> StartAsync(Scenario scenario, CancellationToken cancel)
    {
        var lab = new RunningLab(scenario, await LabNet.CreateAsync(scenario.DelayMilliseconds > 0));
        try
        {
            if (scenario.DelayMilliseconds > 0)
                lab._slow = await SlowLink.LayAsync(lab.Net, TimeSpan.FromMilliseconds(scenario.DelayMilliseconds), TimeSpan.FromMilliseconds(scenario.JitterMilliseconds));
            var names = NameServers.StartAsync(scenario, lab.Net, cancel);
            var servers = LabServers.StartAsync(scenario, lab.Net, cancel);
            await Task.WhenAll(names, servers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (names.IsCompletedSuccessfully) lab._names = names.Result;
            if (servers.IsCompletedSuccessfully) lab._servers = servers.Result;
            await Task.WhenAll(names, servers);
            await NetReady.WaitAsync(lab.Net, TimeSpan.FromMilliseconds(2 * (scenario.DelayMilliseconds + scenario.JitterMilliseconds)), cancel);
            // Last: while the servers start they are asked whether they are ready, which must not count against a limit nor meet a wall.
            foreach (var (node, rules) in scenario.Nft) await Firewall.RaiseAsync(lab.Net[node], rules);
            foreach (var (node, lines) in scenario.Ip) await LabNet.IpAsync(lab.Net[node], LabAddresses.Fill(lines.Trim()) + "\n");
            if (scenario.Resolver == "silent")
                await Firewall.RaiseAsync(lab.Net["dns"], "prerouting: ip daddr @resolver udp dport 53 drop\nprerouting: ip daddr @resolver tcp dport 53 drop");
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    public Task<IReadOnlyList<string>> TruthFailuresAsync(CancellationToken cancel) => TruthChecks.FailuresAsync(Scenario.Truth, Net, Folder, cancel);

    public async ValueTask DisposeAsync()
    {
        if (_servers is not null) await _servers.DisposeAsync();
        if (_names is not null) await _names.DisposeAsync();
        _slow?.Dispose();
        await Net.DisposeAsync();
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (IOException)
        {
            // A straggler still writes there.
        }
    }
}
