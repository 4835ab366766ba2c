using System.Globalization;
using System.Net.Sockets;
using Postern.Core.Upstreams;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>An open session and the candidate it was opened for. Counts as open at its upstream until it is closed.</summary>
internal sealed class PooledSession(SmtpClientSession session, Candidate candidate, TimeProvider time)
{
    /// <summary>How long a QUIT may take when we close for our own reasons.</summary>
    private static readonly TimeSpan QuitTime = TimeSpan.FromSeconds(2);

    private int _closed;

    public SmtpClientSession Session { get; } = session;
    public Candidate Candidate { get; } = candidate;
    public string Key => Candidate.SessionKey;

    /// <summary>"host[address]:port", for logs and evidence.</summary>
    public string Target { get; } = TargetOf(candidate, session);

    /// <summary>For notifications.</summary>
    public PeerName Peer { get; } = new(candidate.Host, session.Remote?.Address.ToString(), session.Extensions.Dsn);

    /// <summary>Freshly opened: what becomes of its first message is still to be told to the upstream's gate.</summary>
    public bool OwesReport { get; set; } = true;

    /// <summary>When it last had something to do: a timestamp of the provider.</summary>
    public long IdleSince { get; set; }

    /// <summary>It has carried as many messages as one session may, or begun as many transactions as the peer takes (MAILMAX, RFC 9422).</summary>
    public bool IsSpent => Session.MessagesSent >= Candidate.MaxMessagesPerSession || Session.TransactionsBegun >= (Session.Extensions.MaxTransactions ?? int.MaxValue);

    public async Task QuitAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        Candidate.Upstream.EndSession();
        using var late = new CancellationTokenSource(QuitTime, time);
        try
        {
            await Session.QuitAsync(late.Token);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // A peer that does not take our leave is left all the same.
        }
        await Session.DisposeAsync();
    }

    public async Task DropAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        Candidate.Upstream.EndSession();
        await Session.DisposeAsync();
    }

    private static string TargetOf(Candidate candidate, SmtpClientSession session) =>
        session.Remote is { } remote ? string.Create(CultureInfo.InvariantCulture, $"{candidate.Host}[{remote.Address}]:{remote.Port}") : string.Create(CultureInfo.InvariantCulture, $"{candidate.Host}:{candidate.Port}");
}
