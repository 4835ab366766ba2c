using System.Net;
using System.Text;
using BenchmarkDotNet.Attributes;
using Postern.Protocols.Mail;
using Postern.Protocols.Smtp;

namespace Postern.Benchmarks.Micro;

/// <summary>What is done to the bytes of every message: 4 KiB each.</summary>
public class MailBenchmarks
{
    private readonly byte[] _message = Samples.Message(4096);
    private readonly byte[] _stuffed;
    private readonly byte[] _target = new byte[16 << 10];
    private readonly ReceivedFacts _facts = new("app.shop.example", IPAddress.Loopback, "relay.example.net", "ESMTP", "0dv6k3q9h2m4s", null, "customer@example.org", new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));

    public MailBenchmarks() => _stuffed = Samples.Stuffed(Encoding.ASCII.GetString(_message));

    [Benchmark]
    public int HeaderScan()
    {
        var scanner = new HeaderScanner(new HeaderLimits(1 << 20, 1000, 50));
        scanner.Scan(_message);
        return scanner.Fields;
    }

    [Benchmark]
    public int ReceivedLine() => ReceivedHeader.Write(_target, _facts);

    [Benchmark]
    public int DotStuff()
    {
        var writer = new DataWriter();
        writer.Copy(_message, _target, out _, out int written);
        return written;
    }

    [Benchmark]
    public int ReadBody()
    {
        var reader = new BodyReader(transparency: true, normalise: false, maxLineBytes: 0, isBinary: false);
        int body = 0;
        for (ReadOnlySpan<byte> left = _stuffed; ;)
        {
            var step = reader.Next(left);
            body += step.Length;
            if (step.IsEnd) return body;
            left = left[step.Consumed..];
        }
    }
}
