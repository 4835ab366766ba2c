using System.Net;
using System.Net.Sockets;

namespace Postern.Protocols.Dns;

/// <summary>One question to one name server over UDP, asked twice at most. No answer in time, or none that is one, is null.</summary>
internal static class DnsExchange
{
    private const int Tries = 2;

    /// <summary>Strangers cannot reach a connected socket but may forge its peer; so many wrong answers end a try.</summary>
    private const int MaxStrays = 16;

    public static async Task<DnsReply?> AskAsync(IPEndPoint server, string name, ushort type, bool checkingDisabled, TimeSpan limit, TimeProvider time, CancellationToken cancel)
    {
        byte[] query = DnsWire.Query((ushort)Random.Shared.Next(0x10000), name, type, checkingDisabled);
        for (int tries = 0; tries < Tries && !cancel.IsCancellationRequested; tries++)
        {
            using var late = new CancellationTokenSource(limit / Tries, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
            try
            {
                if (await TryAsync(server, query, either.Token).ConfigureAwait(false) is { } reply) return reply;
            }
            catch (OperationCanceledException)
            {
                // The next try, or nobody wants the answer any more.
            }
            catch (SocketException)
            {
                return null; // nobody listens there
            }
        }
        return null;
    }

    private static async Task<DnsReply?> TryAsync(IPEndPoint server, byte[] query, CancellationToken cancel)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancel).ConfigureAwait(false);
        await socket.SendAsync(query, cancel).ConfigureAwait(false);
        byte[] buffer = new byte[4096];
        for (int strays = 0; strays < MaxStrays; strays++)
        {
            int read = await socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
            if (DnsWire.Parse(buffer.AsMemory(0, read)) is { } reply && IsAnswer(reply, query)) return reply;
        }
        return null;
    }

    internal static bool IsAnswer(DnsReply reply, byte[] query) =>
        reply.Id == (query[0] << 8 | query[1]) && EqualNames(reply.Question.Span, DnsWire.QuestionOf(query).Span);

    /// <summary>Names keep their case or lose it on the way; type and class are too small to be letters.</summary>
    private static bool EqualNames(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) =>
        one.Length == other.Length && System.Text.Ascii.EqualsIgnoreCase(one, other);
}
