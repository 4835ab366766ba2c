using System.Net.Sockets;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Diagnosis.Probes;

/// <summary>One dialogue with one host as far as STARTTLS, each stage a fact. Never MAIL; QUIT at the end where anybody listens.</summary>
internal sealed class GreetingDialogue(ProbeContext context, NetPoint target, TimeSpan connectTimeout)
{
    private static readonly TimeSpan StageTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan QuitTimeout = TimeSpan.FromSeconds(1);

    /// <summary>For the answer to an unasked QUIT: what is there answers at once or not at all, and the greeting's own time must not be cut for it.</summary>
    private static readonly TimeSpan KnockTimeout = TimeSpan.FromMilliseconds(450);

    private readonly StageTimeouts _timeouts = new() { Greeting = context.GreetingTimeout, Ehlo = StageTimeout, Tls = StageTimeout, Quit = QuitTimeout };
    private readonly List<Fact> _facts = new(4);
    private readonly DialogueWords _words = new(target.Point);
    private long _begun;

    /// <summary>Throws only when cancelled.</summary>
    public async Task<IReadOnlyList<Fact>> RunAsync(CancellationToken cancel)
    {
        using var connect = await NetConnect.RunAsync(target.Request(connectTimeout), context.Time, cancel);
        if (connect.Socket is not { } socket) return [NetWords.FactOf(target.Point, connect)];
        NetworkStream stream;
        try
        {
            stream = new NetworkStream(socket, ownsSocket: true);
        }
        catch (IOException)
        {
            return [_words.NoGreeting(GreetingOutcome.Reset, null, TimeSpan.Zero)];
        }

        await using var wire = new PeerWire(stream, _timeouts, context.Time);
        bool canQuit = (!context.Target.IsImplicitTls || await HandshakeAsync(wire, cancel)) && await GreetingAsync(wire, cancel);
        if (canQuit) canQuit = await EhloAsync(wire, cancel);
        if (canQuit) await CommandAsync(wire, "QUIT\r\n", ClientStage.Quit, cancel);
        cancel.ThrowIfCancellationRequested();
        return _facts;
    }

    /// <summary>True when it may go on. A refusal is answered with QUIT at once.</summary>
    private async ValueTask<bool> GreetingAsync(PeerWire wire, CancellationToken cancel)
    {
        _begun = context.Time.GetTimestamp();
        var (reply, failure) = await wire.ReadReplyAsync(ClientStage.Greeting, cancel);
        if (reply is null)
        {
            var (outcome, took) = (DialogueWords.OutcomeOf(failure!.Kind), Elapsed);
            string? said = outcome == GreetingOutcome.TimedOut && !wire.HasUnreadBytes ? await KnockAsync(wire, cancel) : null;
            _facts.Add(said is null ? _words.NoGreeting(outcome, wire.UnreadText is { Length: > 0 } text ? text : null, took) : _words.NotSmtp(said, took));
            return false;
        }

        _facts.Add(_words.Greeting(reply, Elapsed));
        if (reply.Code == 220) return true;
        if (reply.Code >= 400)
        {
            _facts.Add(_words.Refusal(ClientStage.Greeting, reply, Elapsed));
            await CommandAsync(wire, "QUIT\r\n", ClientStage.Quit, cancel);
        }

        return false;
    }

    /// <summary>
    /// Who waits to be spoken to, as a web server does, answers any line. QUIT harms nobody, and after the time-out it is no talking before the greeting. Null for a
    /// mail server's answer, or none.
    /// </summary>
    private async ValueTask<string?> KnockAsync(PeerWire wire, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(KnockTimeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        var (reply, _) = await CommandAsync(wire, "QUIT\r\n", ClientStage.Quit, either.Token);
        return reply is not null ? null : wire.IsTlsRecord ? "TLS record" : wire.UnreadText is { Length: > 0 } text ? text : null;
    }

    private async ValueTask<bool> EhloAsync(PeerWire wire, CancellationToken cancel)
    {
        var (reply, failure) = await CommandAsync(wire, $"EHLO {context.HelloName}\r\n", ClientStage.Ehlo, cancel);
        if (reply is null) return Failed(failure!);
        if (!reply.IsPositive)
        {
            // Too old for EHLO, or a middlebox that hides it; 521 and 554 are about us (RFC 5321 section 3.2).
            var helo = reply.IsPermanent && reply.Code is not (521 or 554) ? await CommandAsync(wire, $"HELO {context.HelloName}\r\n", ClientStage.Ehlo, cancel) : default;
            _facts.Add(helo.Reply is { IsPositive: true } ? _words.HeloOnly(reply, Elapsed) : _words.Refusal(ClientStage.Ehlo, helo.Reply ?? reply, Elapsed));
            return true;
        }

        _facts.Add(_words.Ehlo(reply, Elapsed));
        if (context.Target.IsImplicitTls || !EhloExtensions.Parse(reply).StartTls) return true;
        return await StartTlsAsync(wire, cancel);
    }

    private async ValueTask<bool> StartTlsAsync(PeerWire wire, CancellationToken cancel)
    {
        var (reply, failure) = await CommandAsync(wire, "STARTTLS\r\n", ClientStage.StartTls, cancel);
        if (reply is null) return Failed(failure!);
        if (!reply.IsPositive)
        {
            _facts.Add(_words.Refusal(ClientStage.StartTls, reply, Elapsed));
            return true;
        }

        if (wire.HasUnreadBytes)
        {
            _facts.Add(_words.Tls(null, "plaintext followed the reply to STARTTLS: somebody on the way may be injecting it (CVE-2011-0411)", Elapsed));
            return false;
        }

        if (!await HandshakeAsync(wire, cancel)) return false;
        // A session that dies here has TLS that only looks whole; what it offers now is no news.
        var (again, broken) = await CommandAsync(wire, $"EHLO {context.HelloName}\r\n", ClientStage.Ehlo, cancel);
        if (again is null) return Failed(broken!);
        if (!again.IsPositive) _facts.Add(_words.Refusal(ClientStage.Ehlo, again, Elapsed));
        return true;
    }

    private async ValueTask<bool> HandshakeAsync(PeerWire wire, CancellationToken cancel)
    {
        _begun = context.Time.GetTimestamp();
        var settings = new ClientSettings { HelloName = context.HelloName, Tls = TlsMode.Opportunistic, ExtraAuthorities = context.Target.Authorities, Timeouts = _timeouts };
        var handshake = await new TlsClient(target.Point.Host, settings, verify: false, context.Time).HandshakeAsync(wire.Stream, cancel);
        if (handshake.Stream is not null) wire.Replace(handshake.Stream);
        string? failure = handshake.Failure switch
        {
            null => null,
            { Kind: FailureKind.TimedOut } => $"no TLS handshake within {NetWords.Duration(StageTimeout)}",
            var other => other.Detail,
        };
        cancel.ThrowIfCancellationRequested();
        _facts.Add(_words.Tls(handshake.Seen, failure, Elapsed));
        return failure is null;
    }

    private async ValueTask<StageResult> CommandAsync(PeerWire wire, string line, ClientStage stage, CancellationToken cancel)
    {
        _begun = context.Time.GetTimestamp();
        if (await wire.WriteAsync(line, stage, cancel) is { } failure) return new StageResult(null, failure);
        if (await wire.FlushAsync(stage, cancel) is { } broken && !wire.HasUnreadBytes) return new StageResult(null, broken);
        return await wire.ReadReplyAsync(stage, cancel);
    }

    private bool Failed(StageFailure failure)
    {
        _facts.Add(_words.Stage(failure, Elapsed));
        return false;
    }

    private TimeSpan Elapsed => context.Time.GetElapsedTime(_begun);
}
