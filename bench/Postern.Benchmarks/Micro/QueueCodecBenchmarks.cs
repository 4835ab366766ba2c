using BenchmarkDotNet.Attributes;
using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Benchmarks.Micro;

/// <summary>Records of the journal: what is written for every message (envelope, checksum), for every deferral (evidence, snapshot), and read back.</summary>
public class QueueCodecBenchmarks
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly Destinations _destinations = new();
    private readonly QueuedEnvelope _envelope = Samples.Envelope("mx:example.org", Now);
    private readonly byte[] _written;
    private readonly byte[] _snapshot;
    private readonly byte[] _buffer = new byte[64 << 10];
    private readonly byte[] _message = Samples.Message(4096);
    private readonly WaitingMessage _waiting = new() { Id = new MessageId(4711) };
    private readonly MessageState _state;
    private readonly AttemptEvidence _attempt = Attempt();

    public QueueCodecBenchmarks()
    {
        _written = _buffer[..EnvelopeCodec.Write(_envelope, _buffer)];
        _waiting.First = new MessagePart { Destination = _destinations.Of("mx:example.org"), DueMs = Now.ToUnixTimeMilliseconds(), Attempts = 1 };
        _state = new MessageState(_envelope, 4096, AcceptRecord.FixedBytes);
        _state.Change(0, RecipientStatus.Waiting, "mx:example.org", "451 4.7.1 try again later");
        _state.AddEvidence(EvidenceCodec.Compress(_attempt));
        _snapshot = _buffer[..SnapshotCodec.Write(_waiting, _state, 0, _buffer)];
    }

    [Benchmark]
    public int WriteEnvelope() => EnvelopeCodec.Write(_envelope, _buffer);

    [Benchmark]
    public object? ReadEnvelope() => EnvelopeCodec.Read(_written, _destinations);

    [Benchmark]
    public int WriteSnapshot() => SnapshotCodec.Write(_waiting, _state, 0, _buffer);

    [Benchmark]
    public object? ReadSnapshotParts() => SnapshotCodec.ReadParts(_snapshot, _destinations);

    [Benchmark]
    public byte[] CompressEvidence() => EvidenceCodec.Compress(_attempt);

    /// <summary>Of 4 KiB.</summary>
    [Benchmark]
    public uint Checksum() => Crc32C.Of(_message);

    private static AttemptEvidence Attempt() => new()
    {
        At = Now,
        MessageId = new MessageId(4711).ToString(),
        Destination = "mx:example.org",
        Upstream = "mx1.example.org",
        Target = "mx1.example.org[192.0.2.1]:25",
        HelloName = "relay.example.net",
        StageReached = ClientStage.Rcpt,
        Failure = new StageFailure(ClientStage.Rcpt, Speaker.Peer, FailureKind.Refused, "451 4.7.1 try again later", SmtpReply.Of(451, "4.7.1", "try again later")),
        Deferred = 1,
        Bytes = 4096,
        TotalMilliseconds = 42,
        Timings = [new StageTiming(ClientStage.Connect, 10), new StageTiming(ClientStage.Greeting, 12), new StageTiming(ClientStage.Ehlo, 10), new StageTiming(ClientStage.Mail, 10)],
        Connects = [new ConnectObservation("192.0.2.1", 25, "192.0.2.10", null, 10)],
        Transcript =
        [
            new TranscriptLine(true, 12, "220 mx1.example.org ESMTP"), new TranscriptLine(false, 12, "EHLO relay.example.net"), new TranscriptLine(true, 22, "250 mx1.example.org PIPELINING SIZE 8BITMIME"),
            new TranscriptLine(false, 22, "MAIL FROM:<orders@shop.example>"), new TranscriptLine(false, 22, "RCPT TO:<customer@example.org>"), new TranscriptLine(true, 42, "451 4.7.1 try again later"),
        ],
    };
}
