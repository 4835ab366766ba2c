using System.Net;
using System.Net.Sockets;

namespace Postern.Lab.Net;

/// <summary>
/// Waits until packets pass to every host of a lab and back, in both families. A link that has just been set up drops what is sent on it until the kernel has taken
/// note of its carrier, which may take a second on a busy machine; a SYN lost then would be the lab's fault and be diagnosed as the net's.
/// </summary>
internal static class NetReady
{
    /// <summary>Nobody listens at it in any lab: a reset comes back, and no server's count or limit has seen us.</summary>
    private const int ClosedPort = 9;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250), Limit = TimeSpan.FromSeconds(15);

    /// <summary>
    /// From whom to whom: together they pass every link and every address of ours. An address that no scenario takes away: their router would remember where mx1 was, and
    /// send to it in vain instead of saying that it is gone.
    /// </summary>
    private static readonly (string From, string To)[] Ways =
        [("cl", "mx4"), ("cl.2", "mx4"), ("cl6", "mx4.6"), ("cl6.2", "mx4.6"), ("cl", "alt"), ("cl6", "alt6"), ("cl", "resolver")];

    /// <param name="roundTrip">What the lab's long way adds.</param>
    /// <exception cref="TimeoutException">Some way is still dead after 15 s.</exception>
    public static async Task WaitAsync(LabNet net, TimeSpan roundTrip, CancellationToken cancel)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(Limit);
        await Task.WhenAll(Ways.Select(async way =>
        {
            while (!await AnswersAsync(net, way.From, way.To, Patience + roundTrip, cancel))
                if (late.IsCancellationRequested) throw new TimeoutException($"the lab's own net carries nothing from {way.From} to {way.To}");
        }));
    }

    private static async Task<bool> AnswersAsync(LabNet net, string from, string to, TimeSpan patience, CancellationToken cancel)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(patience);
        try
        {
            (await net["cl"].ConnectAsync(new IPEndPoint(LabAddresses.Of(to), ClosedPort), LabAddresses.Of(from), late.Token)).Dispose();
            return true;
        }
        catch (SocketException e)
        {
            if (e.SocketErrorCode != SocketError.ConnectionRefused) await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancel);
            return e.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }
}
