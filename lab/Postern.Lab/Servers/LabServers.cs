using System.Net;
using System.Net.Sockets;
using Postern.Lab.Net;
using Postern.Lab.Peers;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Servers;

/// <summary>The mail servers of a lab: an ordinary one at mx1 and at the control destination, unless the scenario puts something else there, and what it adds.</summary>
internal sealed class LabServers : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _running = [];

    private LabServers()
    {
    }

    private static readonly PeerSpec[] Ordinary =
    [
        Healthy("mx1.example.test", "mx1:25"),
        Healthy("mx.alt.test", "alt:25", "alt6:25", "alt:465", "alt:587"),
    ];

    public static async Task<LabServers> StartAsync(Scenario scenario, LabNet net, CancellationToken cancel)
    {
        var servers = new LabServers();
        try
        {
            var taken = scenario.Peers.SelectMany(p => p.At).Concat(scenario.Absent).Select(LabAddresses.EndPointOf).ToHashSet();
            foreach (var peer in scenario.Peers.Concat(Ordinary.Select(p => p with { At = [.. p.At.Where(a => !taken.Contains(LabAddresses.EndPointOf(a)))] })))
                if (peer.At.Count > 0) await servers.StartAsync(peer, net, cancel);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_running.Select(r => r.DisposeAsync().AsTask()));

    private async Task StartAsync(PeerSpec peer, LabNet net, CancellationToken cancel)
    {
        var places = peer.At.Select(LabAddresses.EndPointOf).ToArray();
        var space = net[LabAddresses.NodeOf(places[0].Address)];
        switch (peer.Kind)
        {
            case "sink":
                var sink = SinkSettings(peer);
                foreach (var place in places) _running.Add(space.Inside(() => Sink(peer, sink, place)));
                break;
            case "script":
                var script = Script.Parse(peer.Script);
                foreach (var place in places) _running.Add(space.Inside(() => new ScriptedPeer([script], endPoint: place, certificate: ServerCertificates.Of(peer))));
                break;
            case "stuck":
                foreach (var place in places) _running.Add(await StuckServer.StartAsync(space, place, cancel));
                break;
            case "postfix":
                await StartAsync(new LabPostfix(space, places, peer), cancel);
                break;
            case "exim":
                await StartAsync(new LabExim(space, places, peer), cancel);
                break;
            case "smtp-sink":
                foreach (var place in places) await StartAsync(new LabSmtpSink(space, place, peer), cancel);
                break;
            default:
                throw new FormatException($"there is no kind of server called \"{peer.Kind}\"");
        }
    }

    private async Task StartAsync(SpaceDaemon daemon, CancellationToken cancel)
    {
        _running.Add(daemon);
        await daemon.StartAsync(cancel);
    }

    private static PeerSpec Healthy(string hostname, params IReadOnlyList<string> at) => new(at, "sink", hostname, null, [], "", "", null, false, [], true);

    private static SinkSettings SinkSettings(PeerSpec peer) => new()
    {
        Hostname = peer.Hostname,
        KnowsEhlo = peer.KnowsEhlo,
        Certificate = peer.Certificate is null ? null : ServerCertificates.Of(peer),
        ImplicitTls = peer.ImplicitTls,
        Users = peer.Users.Select(u => u.Split(':', 2)).ToDictionary(u => u[0], u => u[1]),
        KeepBodies = false,
    };

    private static RecordingSink Sink(PeerSpec peer, SinkSettings settings, IPEndPoint place)
    {
        var sink = new RecordingSink(settings, place);
        foreach (string rule in peer.Rules) sink.Misbehave(PeerRule.Parse(rule));
        // Last: a rule of the scenario for the greeting wins.
        if (peer.Banner is { } banner) sink.Refuse(SinkStage.Connect, banner.Replace("\n", "\r\n", StringComparison.Ordinal));
        return sink;
    }
}

/// <summary>A server that is too busy to accept: its queue of connections is full, so the kernel drops every further SYN.</summary>
internal sealed class StuckServer : IAsyncDisposable
{
    private readonly List<Socket> _sockets = [];

    public static async Task<StuckServer> StartAsync(NetSpace space, IPEndPoint place, CancellationToken cancel)
    {
        var server = new StuckServer();
        var listening = space.Inside(() =>
        {
            var socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(place);
            socket.Listen(1);
            return socket;
        });
        server._sockets.Add(listening);
        // A backlog of n holds n + 1; what comes after those stays half open.
        for (int i = 0; i < 3; i++)
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            late.CancelAfter(TimeSpan.FromMilliseconds(500));
            try
            {
                server._sockets.Add(await space.ConnectAsync(place, null, late.Token));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                break;
            }
        }
        return server;
    }

    public ValueTask DisposeAsync()
    {
        foreach (var socket in _sockets) socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
