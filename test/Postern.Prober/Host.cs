using System.Net;
using Postern.Lab.Peers;

namespace Postern.Prober;

/// <summary>A host with a mail server on every port but the web's, which only listen.</summary>
internal static class Host
{
    private const string Mail = "S: 220 mx.test ESMTP\nC: EHLO *\nS: 250-mx.test\nS: 250 PIPELINING\nC: QUIT\nS: 221 bye";

    public static async Task RunAsync(int[] ports, TextReader until, TextWriter ready)
    {
        var peers = new List<ScriptedPeer>();
        foreach (int port in ports)
        {
            foreach (var any in (IPAddress[])[IPAddress.Any, IPAddress.IPv6Any])
                peers.Add(new ScriptedPeer([Script.Parse(port is 80 or 443 ? "hold" : Mail)], endPoint: new IPEndPoint(any, port)));
        }

        await ready.WriteLineAsync("ready");
        await ready.FlushAsync();
        while (await until.ReadLineAsync() is not null) { }
        foreach (var peer in peers) await peer.DisposeAsync();
    }
}
