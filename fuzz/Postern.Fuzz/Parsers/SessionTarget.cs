using System.Net;
using System.Text;
using Postern.Protocols.Smtp;

namespace Postern.Fuzz.Parsers;

/// <summary>
/// A whole server session: commands, DATA and BDAT as a client sends them. The dialogue and what is taken are the same however the bytes are cut (but for
/// <see cref="EndsTooEarly"/>); a body taken by DATA stood in the input, stuffed, up to CRLF.CRLF; nothing taken has a CR or LF that stands alone.
/// </summary>
internal static class SessionTarget
{
    public static readonly FuzzTarget Target = new("session", Run,
        "EHLO c.test\r\n", "HELO c.test\r\n", "MAIL FROM:<a@b.test>\r\n", "MAIL FROM:<> BODY=8BITMIME SIZE=5\r\n", "RCPT TO:<c@d.test>\r\n", "RCPT TO:<c@d.test> NOTIFY=NEVER\r\n", "DATA\r\n", "BDAT 5\r\nab\r\nc", "BDAT 0 LAST\r\n", "BDAT 7 LAST\r\nabcde\r\n",
        "RSET\r\n", "NOOP\r\n", "QUIT\r\n", "VRFY x\r\n", "HELP\r\n", "AUTH PLAIN AGEAYg==\r\n", "STARTTLS\r\n", "\r\n.\r\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n..\r\n", "..", ".", "*\r\n", "SMTPUTF8", "ü@ü.test");

    private static readonly string TooEarly = Encoding.UTF8.GetString(RejectionReplies.For(RejectionReason.PipelinedAfterData).Wire.Span);

    private static readonly SessionOptions Options = new()
    {
        Hostname = "fuzz.test", MaxMessageBytes = 4096, MaxRecipients = 5, MaxErrors = 10, MaxCommandBytes = 512, MaxLineBytes = 1000, MaxMessagesPerSession = 5, OfferAuth = true, AuthWithoutTls = true,
    };

    private sealed record Outcome(string Replies, IReadOnlyList<byte[]> Bodies, string Envelopes, bool Chunked);

    private static void Run(ReadOnlyMemory<byte> input)
    {
        var whole = Talk(input, 0);
        foreach (int way in Cuts.Ways.Skip(1))
        {
            var cut = Talk(input, way);
            if (EndsTooEarly(whole) || EndsTooEarly(cut))
            {
                HoldUntilTooEarly(whole, cut, way);
                continue;
            }
            Must.Hold(cut.Replies == whole.Replies, $"cut in way {way} it answers\n{cut.Replies}\nwhole\n{whole.Replies}");
            Must.Hold(cut.Envelopes == whole.Envelopes, $"cut in way {way} it takes {cut.Envelopes}, whole {whole.Envelopes}");
            Must.Hold(cut.Bodies.Count == whole.Bodies.Count && cut.Bodies.Zip(whole.Bodies).All(p => p.First.AsSpan().SequenceEqual(p.Second)), $"cut in way {way} the bodies differ");
        }
        foreach (byte[] body in whole.Bodies)
        {
            Must.Hold(!HasBareNewline(body), "a body has a CR or LF that stands alone");
            if (!whole.Chunked) Must.Hold(input.Span.IndexOf(Stuffed(body)) >= 0, "a body did not stand like this before CRLF.CRLF in the input");
        }
    }

    /// <summary>Data behind a refused DATA end the session when they are there already; when they come later nobody can tell them from commands. This alone depends on the cut.</summary>
    private static bool EndsTooEarly(Outcome outcome) => outcome.Replies.EndsWith(TooEarly, StringComparison.Ordinal);

    private static void HoldUntilTooEarly(Outcome one, Outcome other, int way)
    {
        string first = Before(one), second = Before(other);
        if (first.Length > second.Length) (first, second, one, other) = (second, first, other, one);
        Must.Hold(second.StartsWith(first, StringComparison.Ordinal), $"cut in way {way} it answers\n{second}\nwhich does not begin with\n{first}");
        Must.Hold(one.Bodies.Count <= other.Bodies.Count && one.Bodies.Zip(other.Bodies).All(p => p.First.AsSpan().SequenceEqual(p.Second)), $"cut in way {way} the bodies differ");
    }

    private static string Before(Outcome outcome) => EndsTooEarly(outcome) ? outcome.Replies[..^TooEarly.Length] : outcome.Replies;

    private static Outcome Talk(ReadOnlyMemory<byte> input, int way)
    {
        var handler = new KeepingHandler();
        using var stream = new CutStream(input, way);
        var context = new SessionContext { Remote = new IPEndPoint(IPAddress.Loopback, 1), Local = new IPEndPoint(IPAddress.Loopback, 2), Listener = "fuzz", SessionNumber = 1 };
        new SmtpServerSession(stream, context, Options, handler, TimeProvider.System).RunAsync(CancellationToken.None).GetAwaiter().GetResult();
        Must.Hold(handler.Connected == handler.Disconnected, $"{handler.Connected} connects and {handler.Disconnected} disconnects were told");
        Must.Hold(handler.OpenBodies == 0, "a body was neither completed nor abandoned");
        return new Outcome(Encoding.UTF8.GetString(stream.Written.ToArray()), handler.Bodies, handler.Envelopes.ToString(), Encoding.Latin1.GetString(input.Span).Contains("BDAT", StringComparison.OrdinalIgnoreCase));
    }

    private static bool HasBareNewline(ReadOnlySpan<byte> body)
    {
        for (int i = 0; i < body.Length; i++)
        {
            if (body[i] == '\r' && (i + 1 == body.Length || body[i + 1] != '\n')) return true;
            if (body[i] == '\n' && (i == 0 || body[i - 1] != '\r')) return true;
        }
        return false;
    }

    private static byte[] Stuffed(ReadOnlySpan<byte> body)
    {
        var wire = new List<byte>();
        for (int i = 0; i < body.Length; i++)
        {
            if (body[i] == '.' && (i == 0 || body[i - 1] == '\n')) wire.Add((byte)'.');
            wire.Add(body[i]);
        }
        return [.. wire, .. ".\r\n"u8];
    }

    /// <summary>Takes everything and keeps it.</summary>
    private sealed class KeepingHandler : ISubmissionHandler
    {
        public List<byte[]> Bodies { get; } = [];
        public StringBuilder Envelopes { get; } = new();
        public int Connected { get; private set; }
        public int Disconnected { get; private set; }
        public int OpenBodies { get; set; }

        public ValueTask<SmtpReply?> ConnectAsync(SessionContext session, CancellationToken cancel)
        {
            Connected++;
            return new((SmtpReply?)null);
        }

        public ValueTask<AuthOutcome> AuthenticateAsync(SessionContext session, string authorizationId, string user, ReadOnlyMemory<byte> password, CancellationToken cancel) =>
            new(user == "a" ? new AuthOutcome(user, SmtpReply.Of(235, "2.7.0", "ok")) : new AuthOutcome(null, SmtpReply.Of(535, "5.7.8", "no")));

        public ValueTask<SmtpReply> MailAsync(SessionContext session, MailCommand mail, CancellationToken cancel)
        {
            Envelopes.Append(mail).Append('\n');
            return new(SmtpReply.Of(250, "2.1.0", "ok"));
        }

        public ValueTask<SmtpReply> RcptAsync(SessionContext session, RcptCommand rcpt, CancellationToken cancel)
        {
            Envelopes.Append(rcpt).Append('\n');
            return new(SmtpReply.Of(250, "2.1.5", "ok"));
        }

        public ValueTask<BodyAdmission> BeginBodyAsync(SessionContext session, CancellationToken cancel)
        {
            OpenBodies++;
            return new(BodyAdmission.Accept(new KeptBody(this)));
        }

        public ValueTask ResetAsync(SessionContext session)
        {
            Envelopes.Append("reset\n");
            return default;
        }

        public ValueTask DisconnectAsync(SessionContext session)
        {
            Disconnected++;
            return default;
        }
    }

    private sealed class KeptBody(KeepingHandler handler) : IMessageBody
    {
        private readonly MemoryStream _bytes = new();

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
        {
            _bytes.Write(bytes.Span);
            return default;
        }

        public ValueTask<SmtpReply> CompleteAsync(CancellationToken cancel)
        {
            handler.OpenBodies--;
            handler.Bodies.Add(_bytes.ToArray());
            return new(SmtpReply.Of(250, "2.0.0", "taken"));
        }

        public ValueTask AbandonAsync()
        {
            handler.OpenBodies--;
            return default;
        }
    }
}
