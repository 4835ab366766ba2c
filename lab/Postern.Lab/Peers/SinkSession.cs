using System.Net.Sockets;
using System.Text;

namespace Postern.Lab.Peers;

/// <summary>One connection of a recording sink: reads a command, answers it, RFC 5321 section 4.1.4 for the order.</summary>
internal sealed class SinkSession(RecordingSink sink, Socket socket, WireStream wire, SinkVisit visit)
{
    private readonly SinkSettings _settings = sink.Settings;
    private readonly List<string> _recipients = [];
    private readonly List<string> _recipientParameters = [];
    private string? _from;
    private string _mailParameters = "";
    private string? _user;
    private bool _greeted;
    private SinkBody? _chunks;

    public async Task RunAsync(CancellationToken cancel)
    {
        if (_settings is { ImplicitTls: true, Certificate: { } certificate }) await wire.StartTlsAsync(certificate, cancel);
        if (!await AnswerAsync(SinkStage.Connect, $"220 {_settings.Hostname} ESMTP lab sink", cancel)) return;
        while (await wire.ReadLineAsync(cancel) is { } line)
        {
            string command = Encoding.UTF8.GetString(line).TrimEnd('\r', '\n');
            sink.Hear(visit.Number, command);
            if (!line.AsSpan().EndsWith("\r\n"u8))
            {
                await SayAsync("500 5.5.2 line does not end in CRLF", cancel);
                continue;
            }
            if (!await HandleAsync(command, cancel)) return;
        }
    }

    private async ValueTask<bool> HandleAsync(string command, CancellationToken cancel)
    {
        int space = command.IndexOf(' ', StringComparison.Ordinal);
        string verb = (space < 0 ? command : command[..space]).ToUpperInvariant();
        string argument = space < 0 ? "" : command[(space + 1)..].Trim();
        switch (verb)
        {
            case "EHLO" when _settings.KnowsEhlo:
                Greet();
                return await AnswerAsync(SinkStage.Helo, EhloReply(), cancel);
            case "HELO":
                Greet();
                return await AnswerAsync(SinkStage.Helo, $"250 {_settings.Hostname}", cancel);
            case "STARTTLS" when _settings is { Certificate: not null, ImplicitTls: false } && !wire.IsTls:
                return await StartTlsAsync(cancel);
            case "AUTH" when _settings.Users.Count > 0:
                return await AuthAsync(argument, cancel);
            case "MAIL":
                return await MailAsync(argument, cancel);
            case "RCPT":
                return await RcptAsync(argument, cancel);
            case "DATA":
                return await DataAsync(cancel);
            case "BDAT" when _settings.Extensions.Contains("CHUNKING"):
                return await BdatAsync(argument, cancel);
            case "RSET":
                Forget();
                return await AnswerAsync(SinkStage.Rset, "250 2.0.0 forgotten", cancel);
            case "NOOP":
                return await SayAsync("250 2.0.0 ok", cancel);
            case "QUIT":
                await AnswerAsync(SinkStage.Quit, "221 2.0.0 bye", cancel);
                return false;
            default:
                return await SayAsync("502 5.5.1 not known here", cancel);
        }
    }

    private void Greet()
    {
        Forget();
        _greeted = true;
    }

    private void Forget()
    {
        _from = null;
        _recipients.Clear();
        _recipientParameters.Clear();
        _chunks = null;
    }

    private string EhloReply()
    {
        List<string> lines = [$"{_settings.Hostname} greets you", .. _settings.Extensions];
        if (_settings is { Certificate: not null, ImplicitTls: false } && !wire.IsTls) lines.Add("STARTTLS");
        if (_settings.Users.Count > 0) lines.Add("AUTH " + string.Join(' ', _settings.AuthMechanisms));
        return string.Join("\r\n", lines.Select((l, i) => (i == lines.Count - 1 ? "250 " : "250-") + l));
    }

    private async ValueTask<bool> StartTlsAsync(CancellationToken cancel)
    {
        if (sink.RuleFor(SinkStage.StartTls, visit, _from, _recipients) is { } rule) return await ApplyAsync(rule, "220 2.0.0 go ahead", cancel);
        await SayAsync("220 2.0.0 go ahead", cancel);
        await wire.StartTlsAsync(_settings.Certificate!, cancel);
        Forget();
        _greeted = false;
        _user = null;
        return true;
    }

    private async ValueTask<bool> AuthAsync(string argument, CancellationToken cancel)
    {
        string? user = await new SinkAuth(_settings, wire).RunAsync(argument, cancel);
        if (sink.RuleFor(SinkStage.Auth, visit, _from, _recipients) is { } rule) return await ApplyAsync(rule, "235 2.7.0 welcome", cancel);
        _user = user;
        return await SayAsync(user is null ? "535 5.7.8 wrong name or password" : "235 2.7.0 welcome", cancel);
    }

    private async ValueTask<bool> MailAsync(string argument, CancellationToken cancel)
    {
        if (!_greeted || _from is not null) return await SayAsync("503 5.5.1 MAIL does not belong here", cancel);
        if (_settings.Users.Count > 0 && _user is null) return await SayAsync("530 5.7.0 authentication required", cancel);
        if (SplitPath(argument, "FROM:") is not { } mail) return await SayAsync("501 5.5.4 MAIL FROM:<path>", cancel);
        var rule = sink.RuleFor(SinkStage.Mail, visit, mail.Path, _recipients);
        if (rule is { Fault: not SinkFault.Delay }) return await ApplyAsync(rule, "", cancel);
        (_from, _mailParameters) = mail;
        return rule is null ? await SayAsync("250 2.1.0 sender ok", cancel) : await ApplyAsync(rule, "250 2.1.0 sender ok", cancel);
    }

    private async ValueTask<bool> RcptAsync(string argument, CancellationToken cancel)
    {
        if (_from is null) return await SayAsync("503 5.5.1 MAIL first", cancel);
        if (SplitPath(argument, "TO:") is not { Path.Length: > 0 } rcpt) return await SayAsync("501 5.5.4 RCPT TO:<path>", cancel);
        var rule = sink.RuleFor(SinkStage.Rcpt, visit, _from, [rcpt.Path]);
        if (rule is { Fault: not SinkFault.Delay } && rule.Reply?.StartsWith('2') is not true) return await ApplyAsync(rule, "", cancel);
        _recipients.Add(rcpt.Path);
        _recipientParameters.Add(rcpt.Parameters);
        return rule is null ? await SayAsync("250 2.1.5 recipient ok", cancel) : await ApplyAsync(rule, "250 2.1.5 recipient ok", cancel);
    }

    private async ValueTask<bool> DataAsync(CancellationToken cancel)
    {
        if (_from is null || _chunks is not null) return await SayAsync("503 5.5.1 MAIL and RCPT first", cancel);
        if (_recipients.Count == 0) return await SayAsync("554 5.5.1 no valid recipients", cancel);
        var rule = sink.RuleFor(SinkStage.Data, visit, _from, _recipients);
        if (rule is { Fault: not SinkFault.Delay }) return await ApplyAsync(rule, "", cancel);
        if (rule is not null) await Task.Delay(rule.Delay, sink.Time, cancel);
        await SayAsync("354 end with a lone dot", cancel);
        if (sink.RuleFor(SinkStage.Body, visit, _from, _recipients) is { } inBody && !await ApplyAsync(inBody, null, cancel)) return false;
        var body = new SinkBody(_settings.KeepBodies);
        while (true)
        {
            if (await wire.ReadLineAsync(cancel) is not { } line) return false;
            if (line.AsSpan().SequenceEqual(".\r\n"u8) && body.AtLineStart) break;
            body.Write(line.Length > 1 && line[0] == '.' && body.AtLineStart ? line.AsSpan(1) : line);
        }
        return await TakeAsync(body, chunked: false, cancel);
    }

    private async ValueTask<bool> BdatAsync(string argument, CancellationToken cancel)
    {
        string[] words = argument.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || !long.TryParse(words[0], out long size)) return await SayAsync("501 5.5.4 BDAT size [LAST]", cancel);
        var body = _chunks ?? new SinkBody(_settings.KeepBodies);
        while (size > 0)
        {
            var bytes = await wire.ReadSomeAsync((int)Math.Min(size, int.MaxValue), cancel);
            if (bytes.IsEmpty) return false;
            body.Write(bytes.Span);
            size -= bytes.Length;
        }
        if (_from is null || _recipients.Count == 0) return await SayAsync("503 5.5.1 MAIL and RCPT first", cancel);
        if (words.Length > 1) return await TakeAsync(body, chunked: true, cancel);
        _chunks = body;
        return await SayAsync("250 2.0.0 chunk ok", cancel);
    }

    private async ValueTask<bool> TakeAsync(SinkBody body, bool chunked, CancellationToken cancel)
    {
        var message = new SinkMessage(_from!, _mailParameters, [.. _recipients], [.. _recipientParameters], body.Bytes, body.Length, body.Sha256(),
            body.BareNewlines, visit.Number, visit.Taken + 1, wire.IsTls, _user, chunked, sink.Time.GetUtcNow());
        var rule = sink.RuleFor(SinkStage.EndOfData, visit, _from, _recipients);
        Forget();
        // Kept unless refused by a reply: a sink that hangs or closes here has the message, and the client cannot know (RFC 1047).
        if (rule is not { Fault: SinkFault.Reply } || rule.Reply!.StartsWith('2')) sink.Add(message, visit);
        return rule is null ? await SayAsync($"250 2.0.0 taken as {visit.Number}.{visit.Taken}", cancel) : await ApplyAsync(rule, "250 2.0.0 taken", cancel);
    }

    private async ValueTask<bool> AnswerAsync(SinkStage stage, string usual, CancellationToken cancel) =>
        sink.RuleFor(stage, visit, _from, _recipients) is { } rule ? await ApplyAsync(rule, usual, cancel) : await SayAsync(usual, cancel);

    /// <summary>False when the connection is over. <paramref name="usual"/> is said after a delay; null says nothing.</summary>
    private async ValueTask<bool> ApplyAsync(SinkRule rule, string? usual, CancellationToken cancel)
    {
        switch (rule.Fault)
        {
            case SinkFault.Reply:
                await SayAsync(rule.Reply!, cancel);
                return !rule.Reply!.StartsWith("421", StringComparison.Ordinal) && !(rule.Stage == SinkStage.Connect && rule.Reply[0] != '2');
            case SinkFault.Reset:
                LoopbackListener.Reset(socket);
                return false;
            case SinkFault.Hang:
                while (!(await wire.ReadSomeAsync(int.MaxValue, cancel)).IsEmpty) { }
                return false;
            case SinkFault.Delay:
                await Task.Delay(rule.Delay, sink.Time, cancel);
                return usual is null || await SayAsync(usual, cancel);
            default:
                return false;
        }
    }

    private async ValueTask<bool> SayAsync(string reply, CancellationToken cancel)
    {
        await wire.WriteAsync(Encoding.UTF8.GetBytes(reply + "\r\n"), cancel);
        return true;
    }

    private static (string Path, string Parameters)? SplitPath(string argument, string prefix)
    {
        if (!argument.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) return null;
        string rest = argument[prefix.Length..].TrimStart();
        if (!rest.StartsWith('<')) return null;
        bool quoted = false;
        for (int i = 1; i < rest.Length; i++)
        {
            if (rest[i] == '\\' && quoted) i++;
            else if (rest[i] == '"') quoted = !quoted;
            else if (rest[i] == '>' && !quoted) return (rest[1..i], rest[(i + 1)..].Trim());
        }
        return null;
    }
}
