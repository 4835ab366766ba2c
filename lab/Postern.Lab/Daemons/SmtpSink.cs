using System.Globalization;
using System.Net;

namespace Postern.Lab.Daemons;

/// <summary>Postfix's smtp-sink: a server that takes everything, dumping each message to a file when asked to.</summary>
/// <param name="address">Loopback address, 127.0.0.1 when null; others let several stand on one port, as MX hosts do.</param>
/// <param name="port">0 takes a free one.</param>
/// <param name="options">Further options, for example <c>-8</c> (no 8BITMIME), <c>-e</c> (no ESMTP), <c>-q CONNECT</c> (hangs up).</param>
public sealed class SmtpSink(IPAddress? address = null, int port = 0, bool dump = true, params IReadOnlyList<string> options) : Daemon("smtp-sink")
{
    public static string? Missing => Programs.Missing("smtp-sink");

    public IPAddress Address { get; } = address ?? IPAddress.Loopback;
    public int Port { get; } = port == 0 ? LoopbackPorts.Take() : port;

    /// <summary>Each file: X- lines with the envelope, a Received line, then the message with LF line ends.</summary>
    public DeliveredMail Mail => new(PathOf("dumps"));

    protected override IReadOnlyList<string> Command
    {
        get
        {
            string endPoint = string.Create(CultureInfo.InvariantCulture, $"{(Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{Address}]" : Address)}:{Port}");
            List<string> command = [Programs.Find("smtp-sink")!, .. options];
            if (System.Environment.IsPrivilegedProcess) command.AddRange(["-u", "nobody"]);
            if (dump) command.AddRange(["-d", PathOf("dumps/m")]);
            return [.. command, "-m", "1000", endPoint, "1024"];
        }
    }

    protected override async Task PrepareAsync()
    {
        Directory.CreateDirectory(PathOf("dumps"));
        if (System.Environment.IsPrivilegedProcess) await GiveToAsync("nobody", PathOf("dumps"));
    }

    // A sink that is told to misbehave at the greeting never greets: an open port is all that can be asked of it.
    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => IsOpenAsync(Address, Port, cancel);
}
