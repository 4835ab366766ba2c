using System.Net;
using Postern.Benchmarks.Loop.Relays;
using Postern.Benchmarks.Loop.Upstream;
using Postern.Lab.Daemons;
using Postern.Lab.Names;
using Postern.Lab.Net;
using Postern.Lab.Scenarios;

namespace Postern.Benchmarks.Loop;

/// <summary>
/// A net of its own for one relay under test: the relay on our host, counting upstreams on theirs, a name server, a resolver and blocklists beside them.
/// Disposing takes all of it away; the relay's log is kept when a place for it was given.
/// </summary>
internal sealed class Bed : IAsyncDisposable
{
    /// <summary>What the lab's name servers and Postern's configuration are made from.</summary>
    public static readonly Scenario Scenery = new() { Id = "loop", Title = "the closed loop", Group = "loop", Cause = "none", Truth = [] };

    public static readonly IPEndPoint Provider = LabAddresses.EndPointOf("mx1:25");

    /// <summary>Where mail comes all the time, no more than this waits: Exim holds a process for each message that is in a connect.</summary>
    public const int MostWaiting = 3_000;

    private readonly string _keepLog;
    private readonly List<IAsyncDisposable> _parts = [];

    private Bed(LabNet net, RelayKind kind, string keepLog) => (Net, Kind, _keepLog) = (net, kind, keepLog);

    public LabNet Net { get; }
    public RelayKind Kind { get; }
    public UpstreamTally Tally { get; } = new();
    public SynWatch Syns { get; private set; } = null!;
    public RelayUnderTest Relay { get; private set; } = null!;
    public NameServers Names { get; private set; } = null!;
    public NetSpace Theirs => Net["mx"];

    /// <param name="way">Where the relay sends.</param>
    /// <param name="postern">The published program.</param>
    /// <param name="keepLog">A file.</param>
    /// <param name="scenery">The names and blocklists; null for the ordinary ones.</param>
    public static async Task<Bed> MakeAsync(RelayKind kind, RelayWay way, string postern, string keepLog, Scenario? scenery = null)
    {
        var bed = new Bed(await LabNet.CreateAsync(slow: false), kind, keepLog);
        try
        {
            bed._parts.Add(bed.Names = await NameServers.StartAsync(scenery ?? Scenery, bed.Net, CancellationToken.None));
            foreach (string control in (string[])["alt", "alt6"])
                bed._parts.Add(new CountingUpstream(bed.Net["alt"], new IPEndPoint(LabAddresses.Of(control), 25), new UpstreamRules(), new UpstreamTally()).Up());
            await NetReady.WaitAsync(bed.Net, TimeSpan.Zero, CancellationToken.None);
            bed._parts.Add(bed.Syns = new SynWatch(bed.Theirs, 25, bed.Tally));
            bed._parts.Add(bed.Relay = RelayUnderTest.Make(kind, bed.Net["cl"], way, postern));
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    /// <summary>An upstream on their host, listening.</summary>
    public CountingUpstream Add(IPEndPoint at, UpstreamRules rules)
    {
        var upstream = new CountingUpstream(Theirs, at, rules, Tally).Up();
        _parts.Insert(0, upstream);
        return upstream;
    }

    /// <summary>Takes down the firewall of one of the hosts.</summary>
    public async Task LowerFirewallAsync(string node)
    {
        var command = Net[node].Command("nft", "delete", "table", "inet", "lab");
        var result = await RunningProgram.RunAsync(command[0], [.. command.Skip(1)]);
        if (result.ExitCode != 0) throw new InvalidOperationException($"nft on {node}: {result.Output}");
    }

    public async ValueTask DisposeAsync()
    {
        if (Relay is not null)
        {
            await Relay.StopAsync();
            if (File.Exists(Relay.LogFile)) File.Copy(Relay.LogFile, _keepLog, overwrite: true);
        }
        for (int i = _parts.Count - 1; i >= 0; i--) await _parts[i].DisposeAsync();
        await Net.DisposeAsync();
    }
}
