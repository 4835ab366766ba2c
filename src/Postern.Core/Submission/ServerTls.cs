using System.Net.Security;
using System.Security.Authentication;
using Postern.Protocols.Tls;

namespace Postern.Core.Submission;

/// <summary>What was negotiated with a client, for the Received line and the logs.</summary>
internal static class ServerTls
{
    public static TlsObservation Observe(SslStream stream) => new(Name(stream.SslProtocol), stream.NegotiatedCipherSuite.ToString());

    private static string Name(SslProtocols protocol) => protocol switch
    {
        SslProtocols.Tls12 => "TLSv1.2",
        SslProtocols.Tls13 => "TLSv1.3",
        _ => protocol.ToString(),
    };
}
