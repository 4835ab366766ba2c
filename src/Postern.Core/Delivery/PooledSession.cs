using System.Globalization;
using System.Net.Sockets;
using Postern.Core.Upstreams;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>An open session and the candidate it was opened for. Counts as open at its upstream until it is closed.</summary>
/// <param name="begun">Timestamp of when it began to be opened.</param>
internal sealed class PooledSession(SmtpClientSession session, Candidate candidate, TimeProvider time, long begun)
{
    /// <summary>How long a QUIT may take when we close for our own reasons.</summary>
    private static readonly TimeSpan QuitTime = TimeSpan.FromSeconds(2);

    private int _closed;
    private bool _isRetired;

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

    /// <summary>The same, of when it began to be opened.</summary>
    public long Begun { get; } = begun;

    /// <summary>It has carried as many messages as one session may, or begun as many transactions as the peer takes (MAILMAX, RFC 9422).</summary>
    public bool IsSpent => _isRetired || Session.MessagesSent >= Math.Min(Candidate.MaxMessagesPerSession, Candidate.Lane.MessagesPerSession) || Session.TransactionsBegun >= (Session.Extensions.MaxTransactions ?? int.MaxValue);

    /// <summary>No further message is to go over it.</summary>
    public void Retire() => _isRetired = true;

    public async Task QuitAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        Release();
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
        Release();
        await Session.DisposeAsync();
    }

    private void Release()
    {
        Candidate.Upstream.EndSession();
        Candidate.Lane.Closed();
    }

    private static string TargetOf(Candidate candidate, SmtpClientSession session) =>
        session.Remote is { } remote ? string.Create(CultureInfo.InvariantCulture, $"{candidate.Host}[{remote.Address}]:{remote.Port}") : string.Create(CultureInfo.InvariantCulture, $"{candidate.Host}:{candidate.Port}");
}
