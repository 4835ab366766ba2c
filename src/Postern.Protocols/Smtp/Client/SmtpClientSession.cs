using System.Net;
using System.Net.Sockets;
using Postern.Protocols.Tls;

namespace Postern.Protocols.Smtp;

/// <summary>Exactly one of the two is set.</summary>
public readonly record struct SessionOpening(SmtpClientSession? Session, StageFailure? Failure);

/// <summary>
/// A client session with one upstream, ready for transactions (RFC 5321 section 3). Network and protocol trouble are values with a stage and a speaker;
/// it throws only for misuse. Not thread safe. After a failure of the session (not of a recipient) it can only be disposed.
/// </summary>
public sealed partial class SmtpClientSession : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly PeerWire _wire;
    private readonly ClientSettings _settings;
    private readonly TimeProvider _time;
    private SessionRecorder _recorder;

    private SmtpClientSession(Socket socket, ClientSettings settings, SessionRecorder recorder, TimeProvider time)
    {
        _socket = socket;
        _wire = new PeerWire(new NetworkStream(socket, ownsSocket: true), settings.Timeouts, time);
        _settings = settings;
        _recorder = recorder;
        _time = time;
        Remote = (IPEndPoint)socket.RemoteEndPoint!;
        Local = (IPEndPoint)socket.LocalEndPoint!;
    }

    public EhloExtensions Extensions { get; private set; } = EhloExtensions.None;
    public IPEndPoint Remote { get; }
    public IPEndPoint Local { get; }
    public TlsObservation? Tls { get; private set; }

    /// <summary>The peer's greeting, as it came.</summary>
    public SmtpReply? Greeting { get; private set; }

    /// <summary>Transactions brought to their end-of-data reply.</summary>
    public int MessagesSent { get; private set; }

    /// <summary>MAIL commands sent, whatever came of them: what an upstream's MAILMAX counts (RFC 9422 section 4.1).</summary>
    public int TransactionsBegun { get; private set; }

    /// <summary>
    /// Connects, hears the greeting, says EHLO (HELO where EHLO is not known), starts TLS and authenticates, as the settings ask.
    /// An opportunistic handshake that fails or hangs is followed by one plaintext session; a peer that hangs up on EHLO by one with HELO.
    /// </summary>
    public static async ValueTask<SessionOpening> OpenAsync(SessionTarget target, ClientSettings settings, SessionRecorder recorder, TimeProvider time, CancellationToken cancel)
    {
        bool useTls = true, useEhlo = true;
        while (true)
        {
            recorder.Enter(ClientStage.Connect);
            var (socket, failure) = await new ConnectionRace(target, settings.Timeouts.Connect, recorder, time).RunAsync(cancel);
            recorder.Leave();
            if (socket is null) return new SessionOpening(null, failure);
            SmtpClientSession session;
            try
            {
                session = new SmtpClientSession(socket, settings, recorder, time);
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // Reset between the handshake and now.
                socket.Dispose();
                return new SessionOpening(null, new StageFailure(ClientStage.Greeting, Speaker.Network, FailureKind.ConnectionReset, "connection reset by the peer before its greeting"));
            }

            failure = await session.IntroduceAsync(target.HostName, useTls, useEhlo, cancel);
            recorder.Leave();
            if (failure is null)
            {
                session._wire.Rest();
                return new SessionOpening(session, null);
            }

            await session.DisposeAsync();
            if (useTls && settings.Tls == TlsMode.Opportunistic && failure is { Stage: ClientStage.TlsHandshake, Kind: not FailureKind.Cancelled })
                useTls = false;
            else if (useEhlo && settings.Tls is TlsMode.None or TlsMode.Opportunistic && failure is { Stage: ClientStage.Ehlo, Kind: FailureKind.ConnectionClosed or FailureKind.ConnectionReset })
                useEhlo = false;
            else
                return new SessionOpening(null, failure);
        }
    }

    /// <summary>True when an idle session can be used again: nothing has come from the peer, neither a 421 nor the end of the connection. One system call.</summary>
    public bool IsAlive()
    {
        if (_wire.HasUnreadBytes) return false;
        try
        {
            return !_socket.Poll(0, SelectMode.SelectRead);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Says QUIT, waits shortly for the reply and closes. Never fails.</summary>
    public async ValueTask QuitAsync(CancellationToken cancel)
    {
        await CommandAsync("QUIT\r\n", "QUIT", ClientStage.Quit, cancel);
        await DisposeAsync();
    }

    public ValueTask DisposeAsync() => _wire.DisposeAsync();

    private async ValueTask<StageFailure?> IntroduceAsync(string host, bool useTls, bool useEhlo, CancellationToken cancel)
    {
        if (_settings.Tls == TlsMode.Implicit && await HandshakeAsync(host, cancel) is { } tls) return tls;
        _recorder.Enter(ClientStage.Greeting);
        var greeting = await HearAsync(ClientStage.Greeting, cancel);
        Greeting = greeting.Reply;
        if (greeting.Failure is not null) return greeting.Failure;
        if (greeting.Reply!.Code != 220) return Refused(greeting.Reply, ClientStage.Greeting);
        if (await HelloAsync(useEhlo, cancel) is { } hello) return hello;
        if (useTls && _settings.Tls is TlsMode.Opportunistic or TlsMode.Required && await StartTlsAsync(host, cancel) is { } start) return start;
        return _settings.User is null ? null : await AuthenticateAsync(cancel);
    }

    private async ValueTask<StageFailure?> HelloAsync(bool useEhlo, CancellationToken cancel)
    {
        _recorder.Enter(ClientStage.Ehlo);
        if (useEhlo)
        {
            var ehlo = await CommandAsync($"EHLO {_settings.HelloName}\r\n", "EHLO " + _settings.HelloName, ClientStage.Ehlo, cancel);
            if (ehlo.Failure is not null) return ehlo.Failure;
            if (ehlo.Reply!.IsPositive)
            {
                Extensions = EhloExtensions.Parse(ehlo.Reply);
                return null;
            }

            // Only a refusal of the command itself says that the peer is too old for it (RFC 5321 section 3.2); 521 and 554 are about us.
            if (!ehlo.Reply.IsPermanent || ehlo.Reply.Code is 521 or 554) return Refused(ehlo.Reply, ClientStage.Ehlo);
        }

        var helo = await CommandAsync($"HELO {_settings.HelloName}\r\n", "HELO " + _settings.HelloName, ClientStage.Ehlo, cancel);
        Extensions = EhloExtensions.None;
        return helo.Failure ?? (helo.Reply!.IsPositive ? null : Refused(helo.Reply, ClientStage.Ehlo));
    }

    private async ValueTask<StageFailure?> StartTlsAsync(string host, CancellationToken cancel)
    {
        bool required = _settings.Tls == TlsMode.Required;
        if (!Extensions.StartTls)
            return required ? new StageFailure(ClientStage.StartTls, Speaker.Us, FailureKind.TlsUnavailable, "TLS is required for this upstream, but it does not offer STARTTLS") : null;
        _recorder.Enter(ClientStage.StartTls);
        var answer = await CommandAsync("STARTTLS\r\n", "STARTTLS", ClientStage.StartTls, cancel);
        if (answer.Failure is not null) return answer.Failure;
        if (!answer.Reply!.IsPositive)
        {
            var refused = Refused(answer.Reply, ClientStage.StartTls);
            if (required) return refused with { Kind = FailureKind.TlsUnavailable };
            return answer.Reply.Code == 421 ? refused : null;
        }

        if (_wire.HasUnreadBytes)
            return new StageFailure(ClientStage.StartTls, Speaker.Peer, FailureKind.TlsFailed, "plaintext followed the reply to STARTTLS: somebody on the way may be injecting it (CVE-2011-0411)");
        if (await HandshakeAsync(host, cancel) is { } failure) return failure;
        Extensions = EhloExtensions.None;
        return await HelloAsync(true, cancel);
    }

    private async ValueTask<StageFailure?> HandshakeAsync(string host, CancellationToken cancel)
    {
        _recorder.Enter(ClientStage.TlsHandshake);
        bool verify = _settings.TlsVerify && (_settings.Tls is TlsMode.Required or TlsMode.Implicit);
        var handshake = await new TlsClient(host, _settings, verify, _time).HandshakeAsync(_wire.Stream, cancel);
        Tls = handshake.Seen;
        _recorder.Tls = handshake.Seen;
        if (handshake.Stream is not null) _wire.Replace(handshake.Stream);
        return handshake.Failure;
    }

    private async ValueTask<StageFailure?> AuthenticateAsync(CancellationToken cancel)
    {
        _recorder.Enter(ClientStage.Auth);
        bool encrypted = Tls is not null;
        var mechanism = SaslClient.Choose(Extensions.AuthMechanisms, encrypted, _settings.AuthWithoutTls);
        if (mechanism is null)
        {
            string why = Extensions.AuthMechanisms.Count == 0 ? "the upstream offers no AUTH here"
                : !encrypted && !_settings.AuthWithoutTls ? "the session is not encrypted and upstream.auth.without_tls is off"
                : $"the upstream offers only {string.Join(' ', Extensions.AuthMechanisms)}, and PLAIN, LOGIN and CRAM-MD5 are what we speak";
            return new StageFailure(ClientStage.Auth, Speaker.Us, FailureKind.AuthUnavailable, why);
        }

        var result = await SaslClient.RunAsync(mechanism, _settings.User!, _settings.Password ?? "", (line, shown) => CommandAsync(line + "\r\n", shown, ClientStage.Auth, cancel));
        return result.Failure ?? (result.Reply!.IsPositive ? null : Refused(result.Reply, ClientStage.Auth));
    }

    private async ValueTask<StageResult> CommandAsync(string line, object shown, ClientStage stage, CancellationToken cancel)
    {
        _recorder.Sent(shown);
        if (await _wire.WriteAsync(line, stage, cancel) is { } failure) return new StageResult(null, failure);
        if (await _wire.FlushAsync(stage, cancel) is not { } broken) return await HearAsync(stage, cancel);
        var last = await _wire.ReadLastWordsAsync(broken, cancel);
        _recorder.Heard((object?)last.Reply ?? broken.Detail);
        return last;
    }

    /// <param name="patience">Null: as long as is configured.</param>
    private async ValueTask<StageResult> HearAsync(ClientStage stage, CancellationToken cancel, TimeSpan? patience = null)
    {
        var result = await _wire.ReadReplyAsync(stage, cancel, patience);
        _recorder.Heard((object?)result.Reply ?? result.Failure!.Detail);
        return result;
    }

    private static StageFailure Refused(SmtpReply reply, ClientStage stage) =>
        reply.Code >= 400
            ? new StageFailure(stage, Speaker.Peer, FailureKind.Refused, reply.ToString(), reply)
            : new StageFailure(stage, Speaker.Peer, FailureKind.NotSmtp, $"while {ClientStageTable.Of(stage).Phrase}: an unexpected reply: {reply}");
}
