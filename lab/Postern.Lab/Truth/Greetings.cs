using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Postern.Lab.Net;

namespace Postern.Lab.Truth;

/// <summary>Several connections to one port, and what greets each: what limits on connections look like.</summary>
internal static class Greetings
{
    /// <summary>Shorter than the first retransmission of a SYN, so that each lost one shows.</summary>
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromMilliseconds(900), GreetingPatience = TimeSpan.FromSeconds(2);

    /// <param name="held">True: all stay open until the last has been seen.</param>
    public static async Task<IReadOnlyList<string>> CollectAsync(NetSpace space, IPEndPoint to, IPAddress? from, int count, bool held, TimeSpan pause, CancellationToken cancel)
    {
        var seen = new List<string>();
        var open = new List<Socket>();
        try
        {
            for (int i = 0; i < count; i++)
            {
                if (i > 0) await Task.Delay(pause, TimeProvider.System, cancel);
                var (what, socket) = await OneAsync(space, to, from, cancel);
                seen.Add(what);
                if (socket is null) continue;
                if (held) open.Add(socket);
                else await LeaveAsync(socket, cancel);
            }
        }
        finally
        {
            foreach (var socket in open) socket.Dispose();
        }
        return seen;
    }

    /// <summary>"220*3 421" or "mixed 220 dropped or mute".</summary>
    public static bool Matches(IReadOnlyList<string> seen, string expected)
    {
        string[] words = expected.Split(' ');
        if (words[0] == "mixed")
        {
            var must = words.Skip(1).TakeWhile(w => w != "or").ToArray();
            return must.All(seen.Contains) && seen.All(s => must.Contains(s) || words.SkipWhile(w => w != "or").Contains(s));
        }
        return words.SelectMany(w => w.Split('*') is [var what, var times] ? Enumerable.Repeat(what, int.Parse(times, CultureInfo.InvariantCulture)) : [w]).SequenceEqual(seen);
    }

    private static async Task<(string What, Socket? Socket)> OneAsync(NetSpace space, IPEndPoint to, IPAddress? from, CancellationToken cancel)
    {
        Socket socket;
        using (var late = CancellationTokenSource.CreateLinkedTokenSource(cancel))
        {
            late.CancelAfter(ConnectPatience);
            try
            {
                socket = await space.ConnectAsync(to, from, late.Token);
            }
            catch (OperationCanceledException)
            {
                return ("dropped", null);
            }
            catch (SocketException e)
            {
                // A server may accept and reset before we have noticed that we were connected; a SYN that is answered by a reset is "refused".
                return (e.SocketErrorCode switch { SocketError.ConnectionRefused => "refused", SocketError.ConnectionReset => "reset", var other => other.ToString() }, null);
            }
        }
        using var mute = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        mute.CancelAfter(GreetingPatience);
        byte[] buffer = new byte[512];
        try
        {
            int read = await socket.ReceiveAsync(buffer, mute.Token);
            return (read == 0 ? "closed" : Encoding.Latin1.GetString(buffer, 0, Math.Min(3, read)), socket);
        }
        catch (OperationCanceledException)
        {
            return ("mute", socket);
        }
        catch (SocketException)
        {
            return ("reset", socket);
        }
    }

    private static async Task LeaveAsync(Socket socket, CancellationToken cancel)
    {
        using (socket)
        {
            try
            {
                await socket.SendAsync("QUIT\r\n"u8.ToArray(), cancel);
                socket.Shutdown(SocketShutdown.Send);
                byte[] rest = new byte[512];
                while (await socket.ReceiveAsync(rest, cancel) > 0) { }
            }
            catch (SocketException)
            {
                // Gone already.
            }
        }
    }
}
