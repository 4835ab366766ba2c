using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postern.Lab.Daemons;

/// <summary>The smallest DNS question there is (RFC 1035 section 4), to see whether a server answers at all.</summary>
internal static class DnsQuestion
{
    /// <summary>True when any answer with our id comes back within 200 ms.</summary>
    /// <param name="make">Makes the socket (in another network namespace); null for an ordinary one.</param>
    public static async Task<bool> IsAnsweredAsync(IPEndPoint server, string name, CancellationToken cancel, Func<Socket>? make = null)
    {
        using var socket = make?.Invoke() ?? new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(TimeSpan.FromMilliseconds(200));
        try
        {
            await socket.ConnectAsync(server, late.Token);
            await socket.SendAsync(Ask(name), late.Token);
            byte[] answer = new byte[4096];
            int read = await socket.ReceiveAsync(answer, late.Token);
            return read >= 12 && answer[0] == 0x50 && answer[1] == 0x4f && (answer[2] & 0x80) != 0;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private static byte[] Ask(string name)
    {
        List<byte> question = [0x50, 0x4f, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0];
        foreach (string label in name.TrimEnd('.').Split('.'))
        {
            question.Add((byte)label.Length);
            question.AddRange(Encoding.ASCII.GetBytes(label));
        }
        question.AddRange([0, 0, 1, 0, 1]);
        return [.. question];
    }
}
