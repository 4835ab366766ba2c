using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postern.Benchmarks.Loop.Upstream;

/// <summary>One dialogue of a <see cref="CountingUpstream"/>: RFC 5321 with PIPELINING, as much of it as relays use.</summary>
internal sealed class UpstreamSession(CountingUpstream upstream, Socket socket, IPAddress from)
{
    private const string Hostname = "mx1.example.test";

    private readonly byte[] _in = new byte[64 << 10];
    private readonly List<byte> _out = new(512);
    private int _start, _end, _messages;

    public async Task RunAsync(CancellationToken cancel)
    {
        var rules = upstream.Rules;
        if (rules.Unwelcome(from) is { } unwelcome)
        {
            upstream.Tally.Note(Happening.TurnedAway, from);
            Say(unwelcome);
            await FlushAsync(cancel);
            await UntilQuitAsync(cancel);
            return;
        }
        if (!upstream.TryEnter())
        {
            upstream.Tally.Note(Happening.TurnedAway, from);
            if (rules.Manner == LimitManner.Reply) Say("421 4.7.0 Too many concurrent connections from your address, try again later");
            await FlushAsync(cancel);
            return;
        }
        try
        {
            upstream.Tally.Note(Happening.Connected, from);
            Say($"220 {Hostname} ESMTP");
            await DialogueAsync(rules, cancel);
        }
        finally
        {
            upstream.Leave();
        }
    }

    private async Task DialogueAsync(UpstreamRules rules, CancellationToken cancel)
    {
        bool hasMail = false;
        string? recipient = null;
        while (await LineAsync(cancel) is { } line)
        {
            switch (Verb(line))
            {
                case "EHLO": Say($"250-{Hostname}\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES"); break;
                case "HELO": Say($"250 {Hostname}"); break;
                case "MAIL":
                    if (!upstream.TryMessage(_messages))
                    {
                        upstream.Tally.Note(Happening.Refused, from);
                        await RefuseAsync(rules, cancel);
                        return;
                    }
                    _messages++;
                    (hasMail, recipient) = (true, null);
                    Say("250 2.1.0 Ok");
                    break;
                case "RCPT":
                    recipient ??= line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)];
                    Say("250 2.1.5 Ok");
                    break;
                case "DATA" when hasMail && recipient is not null:
                    Say("354 Go ahead");
                    if (!await BodyAsync(cancel)) return;
                    await FlushAsync(cancel);
                    if (rules.Service > TimeSpan.Zero) await Task.Delay(rules.Service, TimeProvider.System, cancel);
                    upstream.Tally.Note(Happening.Taken, from, recipient);
                    Say("250 2.0.0 Ok: queued");
                    hasMail = false;
                    break;
                case "RSET": hasMail = false; Say("250 2.0.0 Ok"); break;
                case "NOOP": Say("250 2.0.0 Ok"); break;
                case "QUIT":
                    Say("221 2.0.0 Bye");
                    await FlushAsync(cancel);
                    return;
                default: Say("503 5.5.1 Not now"); break;
            }
        }
    }

    /// <summary>The words are those of a common kind of server for each limit; what a provider says is not the point here.</summary>
    private async Task RefuseAsync(UpstreamRules rules, CancellationToken cancel)
    {
        if (rules.Manner == LimitManner.Reply)
            Say(_messages >= rules.MessagesPerSession ? "421 4.7.0 Too many messages in this session, closing connection" : "421 4.7.0 Message rate limit exceeded, try again later");
        await FlushAsync(cancel);
        if (rules.Manner != LimitManner.Drop) return;
        // Dead: nothing is read or said, and the client's end is not noticed by an answer.
        while (await socket.ReceiveAsync(_in, cancel) > 0) { }
    }

    private async Task UntilQuitAsync(CancellationToken cancel)
    {
        while (await LineAsync(cancel) is { } line)
        {
            bool isQuit = Verb(line) == "QUIT";
            Say(isQuit ? "221 2.0.0 Bye" : "503 5.5.1 No service here");
            await FlushAsync(cancel);
            if (isQuit) return;
        }
    }

    private static string Verb(string line) => (line.Length > 4 ? line[..4] : line).ToUpperInvariant();

    private void Say(string reply)
    {
        foreach (char c in reply) _out.Add((byte)c);
        _out.AddRange("\r\n"u8);
    }

    /// <summary>Null: the client is gone. Replies go out before we wait for more, in one piece (RFC 2920).</summary>
    private async ValueTask<string?> LineAsync(CancellationToken cancel)
    {
        while (true)
        {
            int length = _in.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                string line = Encoding.ASCII.GetString(_in, _start, length).TrimEnd('\r');
                _start += length + 1;
                return line;
            }
            if (!await MoreAsync(cancel)) return null;
        }
    }

    private async ValueTask<bool> BodyAsync(CancellationToken cancel)
    {
        while (true)
        {
            int length = _in.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length < 0)
            {
                if (!await MoreAsync(cancel)) return false;
                continue;
            }
            bool isEnd = _in.AsSpan(_start, length).SequenceEqual(".\r"u8);
            _start += length + 1;
            if (isEnd) return true;
        }
    }

    private async ValueTask<bool> MoreAsync(CancellationToken cancel)
    {
        await FlushAsync(cancel);
        _in.AsSpan(_start, _end - _start).CopyTo(_in);
        (_start, _end) = (0, _end - _start);
        if (_end == _in.Length) return false;
        int count = await socket.ReceiveAsync(_in.AsMemory(_end), cancel);
        _end += count;
        return count > 0;
    }

    private async ValueTask FlushAsync(CancellationToken cancel)
    {
        if (_out.Count == 0) return;
        byte[] bytes = [.. _out];
        _out.Clear();
        for (int sent = 0; sent < bytes.Length;) sent += await socket.SendAsync(bytes.AsMemory(sent), cancel);
    }
}
