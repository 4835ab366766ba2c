using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Postern.Lab.Peers;
using Postern.Protocols.Smtp;
using Postern.Tests.Delivery;
using static Postern.Tests.Protocols.Smtp.Client.ClientRig;

namespace Postern.Tests.Protocols.Smtp.Client;

/// <summary>Several addresses, one connection (RFC 8305).</summary>
public sealed class ConnectionRaceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static Task<SessionOpening> OpenAsync(SessionRecorder recorder, TimeProvider time, IPAddress? local, params IPEndPoint[] addresses) =>
        SmtpClientSession.OpenAsync(new SessionTarget("mx.test", addresses, local), Plain, recorder, time, default).AsTask();

    [Fact]
    public async Task A_refused_address_is_followed_by_the_next_at_once()
    {
        await using var peer = new ScriptedPeer(Offering());
        // The clock stands still: 250 ms never pass.
        var clock = new FakeTimeProvider();
        var recorder = new SessionRecorder(clock);
        var refused = new IPEndPoint(IPAddress.Loopback, ClosedPort());
        var opening = await OpenAsync(recorder, clock, null, refused, peer.EndPoint).WaitAsync(Patience);
        await using var session = opening.Session!;
        Assert.Equal(peer.EndPoint, session.Remote);
        Assert.Equal([(refused.Port, "connection refused"), (peer.Port, null)], recorder.Connects().Select(c => (c.Port, c.Error)));
    }

    [Fact]
    public async Task A_silent_address_is_overtaken_after_250_ms_and_let_go()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SKIPPED: a full backlog drops connections silently only on Linux");
        using var silent = new SilentListener();
        await using var peer = new ScriptedPeer(Offering());
        var clock = new FakeTimeProvider();
        var recorder = new SessionRecorder(clock);
        var opening = OpenAsync(recorder, clock, null, silent.EndPoint, peer.EndPoint);
        clock.Advance(TimeSpan.FromMilliseconds(249));
        await Task.Delay(50);
        Assert.Equal(0, peer.Connections);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await using var session = (await opening.WaitAsync(Patience)).Session!;
        Assert.Equal(peer.EndPoint, session.Remote);
        Assert.Equal([(peer.Port, null), (silent.EndPoint.Port, "another address was faster")], recorder.Connects().OrderBy(c => c.Error).Select(c => (c.Port, c.Error)));
    }

    [Fact]
    public async Task Silence_everywhere_times_out_with_its_name_and_a_refusal_says_more_than_silence()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SKIPPED: a full backlog drops connections silently only on Linux");
        using var silent = new SilentListener();
        var refused = new IPEndPoint(IPAddress.Loopback, ClosedPort());
        foreach (var (addresses, kind, words) in ((IPEndPoint[], FailureKind, string)[])
            [([silent.EndPoint], FailureKind.TimedOut, "no answer within 30 s (timeouts.connect)"), ([silent.EndPoint, refused], FailureKind.ConnectionRefused, "connection refused")])
        {
            var clock = new FakeTimeProvider();
            var opening = OpenAsync(new SessionRecorder(clock), clock, null, addresses);
            for (int i = 0; i < 100 && !opening.IsCompleted; i++)
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(2);
            }
            var failure = (await opening.WaitAsync(Patience)).Failure!;
            Assert.Equal((ClientStage.Connect, kind), (failure.Stage, failure.Kind));
            Assert.EndsWith(words, failure.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task IPv6_comes_first_and_IPv4_makes_up_for_it()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "SKIPPED: no IPv6 here");
        await using var four = new ScriptedPeer(Offering());
        await using (var six = new ScriptedPeer([Script.Parse(Offering())], endPoint: new IPEndPoint(IPAddress.IPv6Loopback, 0)))
        {
            await using var session = (await OpenAsync(new SessionRecorder(TimeProvider.System), TimeProvider.System, null, six.EndPoint, four.EndPoint)).Session!;
            Assert.Equal(six.EndPoint, session.Remote);
        }
        await using var second = (await OpenAsync(new SessionRecorder(TimeProvider.System), TimeProvider.System, null, new IPEndPoint(IPAddress.IPv6Loopback, ClosedPort()), four.EndPoint)).Session!;
        Assert.Equal(four.EndPoint, second.Remote);
    }

    [Fact]
    public async Task The_egress_address_is_what_the_peer_sees_and_one_that_is_not_ours_is_our_failure()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SKIPPED: only Linux has all of 127/8");
        await using var peer = new ScriptedPeer(Offering());
        var recorder = new SessionRecorder(TimeProvider.System);
        await using (var session = (await OpenAsync(recorder, TimeProvider.System, IPAddress.Parse("127.0.0.77"), peer.EndPoint)).Session!)
            Assert.Equal(IPAddress.Parse("127.0.0.77"), session.Local.Address);
        Assert.Equal(IPAddress.Parse("127.0.0.77"), (await peer.SessionAsync()).Remote.Address);
        Assert.Equal("127.0.0.77", recorder.Connects()[0].LocalAddress);

        var failure = (await OpenAsync(recorder, TimeProvider.System, IPAddress.Parse("192.0.2.77"), peer.EndPoint)).Failure!;
        Assert.Equal((FailureKind.LocalError, Speaker.Us), (failure.Kind, failure.Speaker));
        Assert.EndsWith("the local address to send from is not on this machine", failure.Detail, StringComparison.Ordinal);
    }

    private static int ClosedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
