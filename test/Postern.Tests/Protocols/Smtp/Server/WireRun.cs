using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Protocols.Smtp.Server;

/// <summary>Bytes in, bytes out: a stream that gives what a client sends in chosen pieces and keeps what it is told.</summary>
internal sealed class ScriptStream(IEnumerable<byte[]> pieces) : DialogueStream
{
    private readonly Queue<byte[]> _pieces = new(pieces);
    private byte[] _piece = [];
    private int _at;

    public MemoryStream Output { get; } = new();

    /// <summary>What was written together.</summary>
    public List<string> Writes { get; } = [];

    /// <summary>After the last piece the client is silent instead of gone, until the read is cancelled.</summary>
    public bool StaysOpen { get; init; }

    /// <summary>The client takes nothing from here on: a write ends only with the stream.</summary>
    public bool TakesNothing { get; set; }

    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously), _blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when a write begins that is not taken.</summary>
    public Task Blocked => _blocked.Task;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel = default)
    {
        cancel.ThrowIfCancellationRequested();
        if (buffer.IsEmpty) return new(0);
        while (_at == _piece.Length)
        {
            if (!_pieces.TryDequeue(out var next)) return StaysOpen ? SilenceAsync(cancel) : new(0);
            _piece = next;
            _at = 0;
        }
        int count = Math.Min(buffer.Length, _piece.Length - _at);
        _piece.AsSpan(_at, count).CopyTo(buffer.Span);
        _at += count;
        return new(count);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancel = default)
    {
        if (TakesNothing)
        {
            _blocked.TrySetResult();
            await _disposed.Task.WaitAsync(cancel);
            throw new ObjectDisposedException("transport");
        }
        Writes.Add(Encoding.UTF8.GetString(buffer.Span));
        Output.Write(buffer.Span);
    }

    protected override void Dispose(bool disposing)
    {
        _disposed.TrySetResult();
        base.Dispose(disposing);
    }

    private static async ValueTask<int> SilenceAsync(CancellationToken cancel)
    {
        await Task.Delay(Timeout.Infinite, cancel);
        return 0;
    }
}

/// <summary>Says yes, except to addresses that begin with "no"; keeps what it is given.</summary>
internal sealed class ScriptedHandler : ISubmissionHandler
{
    public List<string> Calls { get; } = [];
    public List<byte[]> Bodies { get; } = [];
    public SmtpReply? DataRefusal { get; init; }

    public ValueTask<SmtpReply?> ConnectAsync(SessionContext session, CancellationToken cancel) => default;

    public ValueTask<AuthOutcome> AuthenticateAsync(SessionContext session, string authorizationId, string user, ReadOnlyMemory<byte> password, CancellationToken cancel)
    {
        Calls.Add($"auth {authorizationId}|{user}|{Encoding.UTF8.GetString(password.Span)}");
        return new(user == "app" ? new AuthOutcome(user, SmtpReply.Of(235, "2.7.0", "ok")) : new AuthOutcome(null, SmtpReply.Of(535, "5.7.8", "no")));
    }

    public ValueTask<SmtpReply> MailAsync(SessionContext session, MailCommand mail, CancellationToken cancel) => Answer("mail", mail.From);

    public ValueTask<SmtpReply> RcptAsync(SessionContext session, RcptCommand rcpt, CancellationToken cancel) => Answer("rcpt", rcpt.To);

    public ValueTask<BodyAdmission> BeginBodyAsync(SessionContext session, CancellationToken cancel) =>
        new(DataRefusal is null ? BodyAdmission.Accept(new Body(this)) : BodyAdmission.Refuse(DataRefusal));

    public ValueTask ResetAsync(SessionContext session)
    {
        Calls.Add("reset");
        return default;
    }

    public ValueTask DisconnectAsync(SessionContext session)
    {
        Calls.Add("end");
        return default;
    }

    private ValueTask<SmtpReply> Answer(string verb, MailPath path)
    {
        Calls.Add($"{verb} {path.Address}");
        return new(path.Address.StartsWith("no", StringComparison.Ordinal) ? SmtpReply.Of(550, "5.1.1", "no") : SmtpReply.Of(250, "2.1.0", verb));
    }

    private sealed class Body(ScriptedHandler owner) : IMessageBody
    {
        private readonly MemoryStream _bytes = new();

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel) => _bytes.WriteAsync(bytes, cancel);

        public ValueTask<SmtpReply> CompleteAsync(CancellationToken cancel)
        {
            owner.Bodies.Add(_bytes.ToArray());
            return new(SmtpReply.Of(250, "2.0.0", "kept"));
        }

        public ValueTask AbandonAsync()
        {
            owner.Calls.Add("abandon");
            return default;
        }
    }
}

internal static class WireRun
{
    public static readonly SessionOptions Options = new() { Hostname = "mx.test", MaxMessageBytes = 1 << 20, MaxRecipients = 3, MaxMessagesPerSession = 0, MaxLineBytes = 2000 };

    public static SessionContext Context() => new()
    {
        Remote = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 4000), Local = new IPEndPoint(IPAddress.Loopback, 25), Listener = "127.0.0.1:25", SessionNumber = 1,
    };

    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static async Task<string> RunAsync(IEnumerable<byte[]> pieces, ScriptedHandler handler, SessionOptions? options = null, SessionContext? context = null)
    {
        var stream = new ScriptStream(pieces);
        await new SmtpServerSession(stream, context ?? Context(), options ?? Options, handler, new FakeTimeProvider()).RunAsync(CancellationToken.None);
        return Encoding.UTF8.GetString(stream.Output.ToArray());
    }

    public static IEnumerable<(string How, byte[][] Pieces)> Feeds(byte[] wire)
    {
        yield return ("whole", [wire]);
        var lines = new List<byte[]>();
        for (int at = 0; at < wire.Length;)
        {
            int end = Array.IndexOf(wire, (byte)'\n', at) is >= 0 and var n ? n + 1 : wire.Length;
            lines.Add(wire[at..end]);
            at = end;
        }
        yield return ("by line", [.. lines]);
        yield return ("byte by byte", [.. wire.Select(b => new[] { b })]);
    }
}
