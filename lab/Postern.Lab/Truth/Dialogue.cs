using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Postern.Lab.Net;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Truth;

/// <summary>Says lines and compares what comes back; see "talk" in <see cref="TruthLine"/>.</summary>
internal sealed class Dialogue(Socket socket) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private Stream _stream = new NetworkStream(socket, ownsSocket: true);
    private readonly byte[] _buffer = new byte[16 << 10];
    private string _left = "";

    /// <summary>Null when all went as it stands in the steps.</summary>
    public static async Task<string?> FailureAsync(NetSpace space, IPEndPoint to, IPAddress? from, string steps, CancellationToken cancel)
    {
        await using var dialogue = new Dialogue(await space.ConnectAsync(to, from, cancel));
        foreach (string step in steps.Split(" | ").SelectMany(Messages))
            if (await dialogue.StepAsync(step.Trim(), cancel) is { } failure) return $"at \"{step.Trim()}\": {failure}";
        return null;
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    /// <summary>"message*4": four messages sent and taken, one after another on this connection.</summary>
    private static IEnumerable<string> Messages(string step) =>
        step.Trim().Split('*') is ["message", var times] ? Enumerable.Repeat(Message, int.Parse(times, System.Globalization.CultureInfo.InvariantCulture)).SelectMany(m => m) : [step];

    private static readonly string[] Message = ["> MAIL FROM:<a@sender.test>", "< 250", "> RCPT TO:<bob@example.test>", "< 250", "> DATA", "< 354", "> x", "> .", "< 250"];

    private async Task<string?> StepAsync(string step, CancellationToken cancel)
    {
        if (step.StartsWith("> ", StringComparison.Ordinal))
        {
            // "{n}" is that many bytes of text in lines.
            string text = System.Text.RegularExpressions.Regex.Replace(step[2..], @"\{(\d+)\}", m => Filler(int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)));
            await _stream.WriteAsync(Encoding.Latin1.GetBytes(text + "\r\n"), cancel);
            return null;
        }
        if (step.StartsWith('<'))
        {
            var least = TimeSpan.Zero;
            string pattern = step[1..].Trim();
            if (pattern.StartsWith('(')) (least, pattern) = (PeerRule.Time(pattern[1..pattern.IndexOf(')')]), pattern[(pattern.IndexOf(')') + 1)..].Trim());
            long began = Stopwatch.GetTimestamp();
            string reply = await ReplyAsync(Patience, cancel);
            var took = Stopwatch.GetElapsedTime(began);
            if (!System.Text.RegularExpressions.Regex.IsMatch(reply, "^" + System.Text.RegularExpressions.Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal), System.Text.RegularExpressions.RegexOptions.Singleline))
                return $"got \"{reply.Trim()}\"";
            return took < least ? $"it came after {took.TotalSeconds:F1} s" : null;
        }
        switch (step.Split(' '))
        {
            case ["mute", var time]:
                string said = await ReplyAsync(PeerRule.Time(time), cancel);
                return said == "(nothing)" ? null : $"got \"{said.Trim()}\"";
            case ["closed" or "reset"]:
                string end = await ReplyAsync(Patience, cancel);
                return end == $"({step})" ? null : $"got \"{end.Trim()}\"";
            case ["tls"]:
                return await HandshakeAsync(cancel);
            case ["tls", "fails"]:
                return await HandshakeAsync(cancel) is null ? "the handshake succeeds" : null;
            default:
                throw new FormatException($"no step of a talk: {step}");
        }
    }

    private async Task<string?> HandshakeAsync(CancellationToken cancel)
    {
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = tls;
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(TimeSpan.FromSeconds(3));
        try
        {
            // What the certificate is worth is openssl's question; here only the handshake counts.
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "mx1.example.test", RemoteCertificateValidationCallback = (_, _, _, _) => true }, late.Token);
            return null;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            return e is OperationCanceledException ? "the handshake gets no answer" : e.Message;
        }
    }

    /// <summary>A whole reply, or "(nothing)", "(closed)", "(reset)". What is no SMTP reply is returned as it came.</summary>
    private async Task<string> ReplyAsync(TimeSpan patience, CancellationToken cancel)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(patience);
        while (true)
        {
            if (EndOfReply(_left) is var end and > 0)
            {
                string reply = _left[..end];
                _left = _left[end..];
                return reply;
            }
            try
            {
                int read = await _stream.ReadAsync(_buffer, late.Token);
                if (read == 0) return Rest("(closed)");
                _left += Encoding.Latin1.GetString(_buffer, 0, read);
            }
            catch (OperationCanceledException)
            {
                return Rest("(nothing)");
            }
            catch (IOException)
            {
                return Rest("(reset)");
            }
        }
    }

    private string Rest(string otherwise)
    {
        string rest = _left;
        _left = "";
        return rest.Length > 0 ? rest : otherwise;
    }

    /// <summary>After the first line that is not followed by more of the same reply ("250-"); 0 when there is none yet.</summary>
    private static int EndOfReply(string text)
    {
        for (int at = 0; ;)
        {
            int newline = text.IndexOf('\n', at);
            if (newline < 0) return 0;
            if (!(newline - at > 3 && text[at + 3] == '-' && char.IsAsciiDigit(text[at]))) return newline + 1;
            at = newline + 1;
        }
    }

    private static string Filler(int bytes) => string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", bytes / 78));
}
