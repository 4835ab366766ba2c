using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Postern.Lab.Net;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Running;

/// <summary>An application that hands mail to the relay.</summary>
internal sealed class MailSender(NetSpace space, IPEndPoint relay)
{
    /// <summary>True as soon as the relay greets.</summary>
    public async Task<bool> IsThereAsync(TimeSpan patience, CancellationToken cancel)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(patience);
        while (!late.IsCancellationRequested)
        {
            try
            {
                using var socket = await space.ConnectAsync(relay, null, late.Token);
                return true;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            }
        }
        return false;
    }

    /// <summary>Returns the queue ids.</summary>
    public async Task<IReadOnlyList<string>> SendAsync(MailSpec mail, CancellationToken cancel)
    {
        await Task.Delay(TimeSpan.FromSeconds(mail.PauseSeconds), TimeProvider.System, cancel);
        int next = 0;
        var ids = new List<string>();
        await Task.WhenAll(Enumerable.Range(0, Math.Min(mail.Parallel, mail.Count)).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) <= mail.Count)
            {
                string id = await SendOneAsync(mail, cancel);
                lock (ids) ids.Add(id);
            }
        }));
        return ids;
    }

    private async Task<string> SendOneAsync(MailSpec mail, CancellationToken cancel)
    {
        using var socket = await space.ConnectAsync(relay, null, cancel);
        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        async Task<string> SayAsync(string? line)
        {
            if (line is not null) await stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), cancel);
            string? reply;
            while ((reply = await reader.ReadLineAsync(cancel)) is { Length: > 3 } && reply[3] == '-') { }
            return reply ?? throw new IOException($"the relay closed the connection after {line}");
        }
        await SayAsync(null);
        await SayAsync("EHLO app.sender.test");
        await SayAsync($"MAIL FROM:<{mail.From}>");
        foreach (string to in mail.To) await SayAsync($"RCPT TO:<{to}>");
        await SayAsync("DATA");
        string filler = string.Concat(Enumerable.Repeat("Lines that fill the message until it has the size asked for, no more.\r\n", mail.SizeBytes / 71));
        string last = await SayAsync($"From: <{mail.From}>\r\nTo: <{mail.To[0]}>\r\nSubject: from the lab\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{Guid.NewGuid():N}@sender.test>\r\n\r\n{mail.Text ?? "Hello."}\r\n{filler}.");
        await SayAsync("QUIT");
        if (!last.StartsWith("250", StringComparison.Ordinal)) throw new IOException($"the relay did not take the mail: {last}");
        return Regex.Match(last, @"\b(?:as|id)\s+([0-9A-Za-z_-]{6,})").Groups[1].Value;
    }
}
