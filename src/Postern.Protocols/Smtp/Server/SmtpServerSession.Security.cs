using System.Buffers;
using System.Buffers.Text;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using Postern.Protocols.Tls;

namespace Postern.Protocols.Smtp;

public sealed partial class SmtpServerSession
{
    /// <summary>STARTTLS (RFC 3207). What a client sent behind it in plaintext is the injection of CVE-2011-0411: the session ends.</summary>
    private async ValueTask StartTlsAsync()
    {
        var reason = context.Tls is not null ? RejectionReason.StartTlsActive
            : !options.OfferStartTls ? RejectionReason.StartTlsUnavailable
            : !_wire.IsEmpty ? RejectionReason.PipelinedAfterStartTls
            : options.Tls?.Invoke() is null ? RejectionReason.TlsTemporarilyUnavailable : RejectionReason.None;
        if (reason != RejectionReason.None)
        {
            await RejectAsync(reason).ConfigureAwait(false);
            return;
        }
        await SendAsync(SessionReplies.StartTls).ConfigureAwait(false);
        await FlushAsync().ConfigureAwait(false);
        _wire.Drop();
        if (!await SecureAsync().ConfigureAwait(false))
        {
            _closing = true;
            return;
        }
        context.Hello = null;
        context.IsExtended = false;
        context.User = null;
        _phase = SessionPhase.Connected;
        await handler.ResetAsync(context).ConfigureAwait(false);
    }

    private async ValueTask<bool> SecureAsync()
    {
        if (options.Tls?.Invoke() is not { } settings) return false;
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = tls;
        Volatile.Write(ref _waitingSince, time.GetTimestamp());
        _wait = Wait.Handshake;
        try
        {
            await tls.AuthenticateAsServerAsync(settings, _waits.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException)
        {
            options.Rejected?.Invoke(context, RejectionReason.TlsHandshakeFailed);
            return false;
        }
        finally
        {
            _wait = Wait.None;
        }
        string protocol = tls.SslProtocol switch { SslProtocols.Tls12 => "TLSv1.2", SslProtocols.Tls13 => "TLSv1.3", var other => other.ToString() };
        context.Tls = new TlsObservation(protocol, tls.NegotiatedCipherSuite.ToString());
        return true;
    }

    /// <summary>AUTH PLAIN and LOGIN (RFC 4954, RFC 4616).</summary>
    private async ValueTask AuthAsync(ReadOnlyMemory<byte> argument)
    {
        var reason = context.User is not null ? RejectionReason.AlreadyAuthenticated
            : !options.OfferAuth ? RejectionReason.AuthUnavailable
            : context.Tls is null && !options.AuthWithoutTls ? RejectionReason.AuthNeedsTls
            : argument.IsEmpty ? RejectionReason.AuthSyntax : RejectionReason.None;
        int space = argument.Span.IndexOf((byte)' ');
        var mechanism = space < 0 ? argument : argument[..space];
        // Copied: the line is only valid until the next read.
        byte[]? initial = space < 0 ? null : argument.Span[(space + 1)..].ToArray();
        bool isPlain = Ascii.EqualsIgnoreCase(mechanism.Span, "PLAIN");
        if (reason == RejectionReason.None)
            reason = initial is not null && initial.AsSpan().Contains((byte)' ') ? RejectionReason.AuthSyntax
                : !isPlain && !Ascii.EqualsIgnoreCase(mechanism.Span, "LOGIN") ? RejectionReason.AuthMechanism : RejectionReason.None;
        if (reason != RejectionReason.None) await RejectAsync(reason).ConfigureAwait(false);
        else if (isPlain) await PlainAsync(initial).ConfigureAwait(false);
        else await LoginAsync(initial).ConfigureAwait(false);
    }

    private async ValueTask PlainAsync(byte[]? initial)
    {
        var response = await ResponseAsync(SessionReplies.EmptyChallenge, initial).ConfigureAwait(false);
        if (response is null) return;
        int first = Array.IndexOf(response, (byte)0);
        int second = first < 0 ? -1 : Array.IndexOf(response, (byte)0, first + 1);
        bool valid = second > first + 1 && second + 1 < response.Length && Array.IndexOf(response, (byte)0, second + 1) < 0 && System.Text.Unicode.Utf8.IsValid(response);
        if (!valid) await RejectAsync(RejectionReason.AuthBase64).ConfigureAwait(false);
        else
        {
            string identity = Encoding.UTF8.GetString(response, 0, first), user = Encoding.UTF8.GetString(response, first + 1, second - first - 1);
            await VerifyAsync(identity, user, response.AsMemory(second + 1)).ConfigureAwait(false);
        }
        Array.Clear(response);
    }

    private async ValueTask LoginAsync(byte[]? initial)
    {
        var user = await ResponseAsync(SessionReplies.UserChallenge, initial).ConfigureAwait(false);
        if (user is null) return;
        var password = await ResponseAsync(SessionReplies.PasswordChallenge, null).ConfigureAwait(false);
        if (password is null) return;
        if (user.Length == 0 || !System.Text.Unicode.Utf8.IsValid(user) || Array.IndexOf(user, (byte)0) >= 0) await RejectAsync(RejectionReason.AuthBase64).ConfigureAwait(false);
        else await VerifyAsync("", Encoding.UTF8.GetString(user), password).ConfigureAwait(false);
        Array.Clear(password);
    }

    /// <summary>The decoded response; null when it was refused (and that was said).</summary>
    private async ValueTask<byte[]?> ResponseAsync(SmtpReply challenge, byte[]? initial)
    {
        ReadOnlyMemory<byte> text = initial;
        if (initial is null)
        {
            await SendAsync(challenge).ConfigureAwait(false);
            (text, var wrong) = await ReadLineAsync(MaxAuthLineBytes).ConfigureAwait(false);
            if (wrong == RejectionReason.LineTooLong) wrong = RejectionReason.AuthLineTooLong;
            if (wrong == RejectionReason.None && text.Span.SequenceEqual("*"u8)) wrong = RejectionReason.AuthCancelled;
            if (wrong != RejectionReason.None)
            {
                await RejectAsync(wrong).ConfigureAwait(false);
                return null;
            }
        }
        else if (text.Span.SequenceEqual("="u8)) return [];
        var response = Decode(text.Span);
        if (response is null) await RejectAsync(RejectionReason.AuthBase64).ConfigureAwait(false);
        return response;
    }

    // Base64 that skips blanks is not strict, so they are looked for first.
    private static byte[]? Decode(ReadOnlySpan<byte> text)
    {
        if (text.IndexOfAny(" \t\r\n"u8) >= 0 || text.Length % 4 != 0) return null;
        byte[] bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        return Base64.DecodeFromUtf8(text, bytes, out _, out int written) == OperationStatus.Done ? bytes[..written] : null;
    }

    private async ValueTask VerifyAsync(string identity, string user, ReadOnlyMemory<byte> password)
    {
        var outcome = await handler.AuthenticateAsync(context, identity, user, password, _abort).ConfigureAwait(false);
        context.User = outcome.User;
        await ReplyAsync(outcome.Reply).ConfigureAwait(false);
        if (outcome.Close) _closing = true;
    }
}
