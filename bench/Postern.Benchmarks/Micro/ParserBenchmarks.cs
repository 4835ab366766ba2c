using BenchmarkDotNet.Attributes;
using Postern.Protocols.Smtp;

namespace Postern.Benchmarks.Micro;

/// <summary>One line of a client, one reply of an upstream.</summary>
public class ParserBenchmarks
{
    private readonly byte[] _mail = "MAIL FROM:<orders@shop.example> SIZE=4096 BODY=8BITMIME"u8.ToArray();
    private readonly byte[] _rcpt = "RCPT TO:<customer@example.org> NOTIFY=FAILURE ORCPT=rfc822;customer@example.org"u8.ToArray();
    private readonly byte[] _reply = "250 2.1.5 Ok\r\n"u8.ToArray();
    private readonly byte[] _queued = "250 2.0.0 Ok: queued as 4bXyZ12345z\r\n"u8.ToArray();
    private readonly byte[] _ehlo = "250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n"u8.ToArray();
    private readonly SmtpReplyParser _parser = new();

    [Benchmark]
    public object? Mail()
    {
        SmtpCommandParser.ParseVerb(_mail, out var argument);
        SmtpCommandParser.ParseMail(argument, ParserFeatures.Extended, out var mail);
        return mail;
    }

    [Benchmark]
    public object? Rcpt()
    {
        SmtpCommandParser.ParseVerb(_rcpt, out var argument);
        SmtpCommandParser.ParseRcpt(argument, ParserFeatures.Extended, out var rcpt);
        return rcpt;
    }

    [Benchmark]
    public object? ReplySeenBefore() => Parse(_reply);

    [Benchmark]
    public object? ReplyWithAnId() => Parse(_queued);

    [Benchmark]
    public EhloExtensions Ehlo() => EhloExtensions.Parse(Parse(_ehlo)!);

    private SmtpReply? Parse(byte[] bytes)
    {
        _parser.TryParse(bytes, out var reply, out _);
        return reply;
    }
}
