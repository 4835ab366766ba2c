using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postern.Tests.Diagnosis.Names;

/// <summary>A name server on loopback that gives one answer to every question; null is silence.</summary>
internal sealed class NameServer : IDisposable
{
    private readonly UdpClient _socket;
    private readonly ConcurrentQueue<byte[]> _queries = new();

    public NameServer(string address, int port, Func<byte[], byte[]?> answer)
    {
        _socket = new UdpClient(new IPEndPoint(IPAddress.Parse(address), port));
        _ = ServeAsync(answer);
    }

    public int Port => ((IPEndPoint)_socket.Client.LocalEndPoint!).Port;
    public IReadOnlyCollection<byte[]> Queries => _queries;

    /// <summary>An answer with one MX record, by the zone's own server.</summary>
    public static byte[] Mx(byte[] query, ushort preference, string host) =>
        Reply(query, 0, isAuthority: true, [.. Record(15, [(byte)(preference >> 8), (byte)preference, .. Name(host)])], [], []);

    /// <summary>An answer with one IPv4 address, by the zone's own server.</summary>
    public static byte[] Address(byte[] query, string address) => Reply(query, 0, isAuthority: true, Record(1, IPAddress.Parse(address).GetAddressBytes()), [], []);

    /// <summary>Whether that name is asked for.</summary>
    public static bool AsksFor(byte[] query, string name) => query.AsSpan(12).StartsWith(Name(name));

    public static byte[] Code(byte[] query, int code, bool isAuthority = true) => Reply(query, code, isAuthority, [], [], []);

    /// <summary>"Ask the servers of the zone": one, with its address.</summary>
    public static byte[] Referral(byte[] query, string zone, string server, string? address) => Reply(query, 0, isAuthority: false, [],
        Record(2, Name(server), Name(zone)), address is null ? [] : Record(1, IPAddress.Parse(address).GetAddressBytes(), Name(server)));

    public void Dispose() => _socket.Dispose();

    private async Task ServeAsync(Func<byte[], byte[]?> answer)
    {
        try
        {
            while (true)
            {
                var query = await _socket.ReceiveAsync();
                _queries.Enqueue(query.Buffer);
                if (answer(query.Buffer) is { } reply) await _socket.SendAsync(reply, query.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    /// <summary>RFC 1035 section 4.1: header, question, and at most one record a section.</summary>
    private static byte[] Reply(byte[] query, int code, bool isAuthority, byte[] answer, byte[] authority, byte[] additional)
    {
        int end = 12;
        while (query[end] != 0) end += query[end] + 1;
        byte[] head = [.. query[..(end + 5)]];
        head[2] = (byte)(0x80 | (isAuthority ? 0x04 : 0));
        head[3] = (byte)code;
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(6), (ushort)(answer.Length > 0 ? 1 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(8), (ushort)(authority.Length > 0 ? 1 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(10), (ushort)(additional.Length > 0 ? 1 : 0));
        return [.. head, .. answer, .. authority, .. additional];
    }

    /// <param name="owner">Null for the name of the question.</param>
    private static byte[] Record(byte type, byte[] data, byte[]? owner = null) => [.. owner ?? [0xc0, 12], 0, type, 0, 1, 0, 0, 0, 60, (byte)(data.Length >> 8), (byte)data.Length, .. data];

    private static byte[] Name(string name) => [.. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];
}
