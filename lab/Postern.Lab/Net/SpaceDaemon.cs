using System.Net;
using System.Net.Sockets;
using Postern.Lab.Daemons;

namespace Postern.Lab.Net;

/// <summary>A real server program that runs on a host of the lab.</summary>
internal abstract class SpaceDaemon(string name, NetSpace space) : Daemon(name)
{
    protected NetSpace Space { get; } = space;
    protected sealed override IReadOnlyList<string> Command => AsksForNames
        ? Space.Command(["unshare", "--mount", "--", "sh", "-c", "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"", Write("resolv.conf", $"nameserver {LabAddresses.Of("resolver")}\n"), .. Program])
        : Space.Command(Program);
    protected abstract IReadOnlyList<string> Program { get; }

    /// <summary>True for a program that looks names up by the system's resolver: it gets the lab's.</summary>
    protected virtual bool AsksForNames => false;

    /// <summary>True when the port takes connections and, if it speaks first, has greeted.</summary>
    protected async Task<bool> TakesAsync(IPEndPoint at, CancellationToken cancel)
    {
        try
        {
            using var socket = await Space.ConnectAsync(at, null, cancel);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>True when a name server there answers, whatever it answers.</summary>
    protected Task<bool> AnswersAsync(IPEndPoint at, string name, CancellationToken cancel) =>
        DnsQuestion.IsAnsweredAsync(at, name, cancel, () => Space.Inside(() => new Socket(at.AddressFamily, SocketType.Dgram, ProtocolType.Udp)));
}
