using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Tests.Diagnosis.Causes;

/// <summary>
/// Evidence in the words of the network lab: us at 192.0.2.10 (and .11), a mail host five hops away behind routers r1-r4, controls elsewhere. The peer's replies are read by a
/// few phrases here, so that these tests do not hang on the reply patterns.
/// </summary>
internal sealed class Case
{
    public const string Us = "192.0.2.10", OtherUs = "192.0.2.11", Mx = "198.51.100.25", Mx6 = "2001:db8:9::25", Sibling = "198.51.100.26", ControlHost = "203.0.113.66";
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly List<Fact> _facts = [];
    private string? _domain = "example.org";

    public EvidenceSet Evidence => new("mx1.example.org:25", _domain, Now, [.. _facts]);

    public DiagnosisReport Diagnose() => new Diagnostician(SignalTable.Default, new Calibration([(0, 0), (1, 1)]), Judge).Diagnose(Evidence);

    private static readonly (string Phrase, CauseId Cause, double Confidence)[] Phrases =
    [
        ("user unknown", CauseId.RecipientUnknown, 0.97), ("blocked using", CauseId.IpReputation, 0.96), ("too many connections", CauseId.RateLimited, 0.95), ("greylisted", CauseId.Greylisted, 0.97),
        ("access denied", CauseId.UpstreamFirewall, 0.9), ("relaying denied", CauseId.RelayDenied, 0.97), ("mailbox full", CauseId.MailboxFull, 0.97), ("reverse hostname", CauseId.SenderIdentity, 0.97),
        ("authentication failed", CauseId.AuthFailed, 0.97), ("looks like spam", CauseId.ContentRejected, 0.95), ("exceeds size", CauseId.MessageTooLarge, 0.97), ("too much load", CauseId.UpstreamDown, 0.95),
        ("mailbox unavailable", CauseId.RecipientUnknown, 0.75), ("try again later", CauseId.Greylisted, 0.3),
    ];

    public static readonly ReplyJudge Judge = (reply, _) => Phrases.Where(p => reply.Reply.Contains(p.Phrase, StringComparison.OrdinalIgnoreCase)).Select(p => new ReplyOpinion([(p.Cause, p.Confidence)])).FirstOrDefault();

    public Case Named()
    {
        _domain = null;
        return this;
    }

    public Case Add(params Fact[] facts)
    {
        _facts.AddRange(facts);
        return this;
    }

    public Case Tcp(TcpOutcome outcome, PointRole role = PointRole.Target, int port = 25, string? address = null, string? local = null, IcmpError? icmp = null, int? ttl = null, double ms = 12, Speaker? saidBy = null, int? lost = null)
    {
        address ??= role switch { PointRole.OtherFamily => Mx6, PointRole.Sibling => Sibling, PointRole.Control => ControlHost, _ => Mx };
        local ??= role == PointRole.OtherEgress ? OtherUs : Us;
        var point = new ProbePoint(role switch { PointRole.Sibling => "mx2.example.org", PointRole.Control => address == ControlHost ? "mx.example.net" : "mx.example.com", _ => "mx1.example.org" }, address, port, local, role);
        var speaker = saidBy ?? (outcome is TcpOutcome.Connected or TcpOutcome.Refused or TcpOutcome.Reset ? Speaker.Peer : Speaker.Network);
        return Add(new TcpFact { SaidBy = speaker, Observed = $"{point}: {outcome}", Milliseconds = ms, Point = point, Outcome = outcome, Icmp = icmp, AnswerTtl = ttl, SynRetransmits = lost });
    }

    /// <summary>The target on port 25, and what came of it.</summary>
    public Case Target(TcpOutcome outcome, IcmpError? icmp = null, double ms = 12, Speaker? saidBy = null) => Tcp(outcome, icmp: icmp, ms: ms, saidBy: saidBy);

    public Case Target6(TcpOutcome outcome, Speaker? saidBy = null) => Tcp(outcome, address: Mx6, local: "2001:db8:1::10", saidBy: saidBy);

    public Case OtherEgress(TcpOutcome outcome) => Tcp(outcome, PointRole.OtherEgress);

    public Case Controls(TcpOutcome outcome) => Tcp(outcome, PointRole.Control).Tcp(outcome, PointRole.Control, address: "203.0.113.70");

    public Case Ports(TcpOutcome outcome, params int[] ports)
    {
        foreach (int port in ports) Tcp(outcome, PointRole.OtherPort, port);
        return this;
    }

    /// <summary>A walk to the port.</summary>
    /// <param name="ends">The last hop that answered; 5 is the host.</param>
    /// <param name="made">Where the answer was made, when it was measured.</param>
    public Case Path(int ends, bool reached = false, int port = 25, int? host = 5, int? made = null)
    {
        var hops = Enumerable.Range(1, ends).Select(d => reached && d == ends
            ? new PathHop(d, Mx, null, 1)
            : new PathHop(d, $"203.0.113.{d}", new IcmpError(11, 0, $"203.0.113.{d}", false, false), 1)).ToList();
        var point = new ProbePoint("mx1.example.org", Mx, port, Us, port == 25 ? PointRole.Target : PointRole.OtherPort);
        return Add(new PathFact { SaidBy = Speaker.Network, Observed = "the way", Point = point, Hops = hops, Reached = reached, LastAnswered = ends, HostDistance = host, AnswerDistance = made });
    }

    public static IcmpError Icmp(int code, string from, int type = 3) => new(type, code, from, false, from == Us);

    /// <summary>Router r1-r4 of the way.</summary>
    public static string Router(int hop) => $"203.0.113.{hop}";

    public Case Greeting(GreetingOutcome outcome, string? text = null, PointRole role = PointRole.Target, double ms = 20, bool masked = false)
    {
        var point = new ProbePoint("mx1.example.org", Mx, 25, role == PointRole.OtherEgress ? OtherUs : Us, role);
        return Add(new GreetingFact { SaidBy = Speaker.Peer, Observed = $"greeting: {outcome}", Milliseconds = ms, Point = point, Outcome = outcome, Text = text ?? (outcome == GreetingOutcome.Accepted ? "220 mx1.example.org ESMTP" : null), IsMasked = masked });
    }

    public Case Ehlo(params string[] extensions) => Add(new EhloFact { SaidBy = Speaker.Peer, Observed = "EHLO is answered", Point = Point, Extensions = extensions });

    public Case Tls(string? failure = null, string? problem = null) =>
        Add(new TlsFact { SaidBy = Speaker.Peer, Observed = "TLS", Point = Point, Failure = failure, Seen = failure is null ? new TlsObservation("TLSv1.3", "TLS_AES_128_GCM_SHA256", Problem: problem) : null });

    public Case Reply(ClientStage stage, string reply) => Add(new ReplyFact { SaidBy = Speaker.Peer, Observed = reply, Point = Point, Stage = stage, Reply = reply });

    public Case Stage(ClientStage stage, FailureKind kind) => Add(new StageFact { SaidBy = Speaker.Network, Observed = $"{kind} at {stage}", Point = Point, Stage = stage, Kind = kind });

    public Case Healthy() => Target(TcpOutcome.Connected).Greeting(GreetingOutcome.Accepted).Ehlo("PIPELINING");

    public Case MxIs(MxProblem problem, int usable = 0, string? host = null) =>
        Add(new MxFact { SaidBy = Speaker.Dns, Observed = $"MX of example.org: {problem}", Domain = "example.org", Problem = problem, Host = host, UsableHosts = usable });

    public Case Dns(DnsStatus status, DnsRole role = DnsRole.Control, string question = "A example.net", params string[] answers) =>
        Add(new DnsFact { SaidBy = Speaker.Dns, Observed = $"{question}: {status}", Role = role, Seen = new DnsObservation(question, status, "192.0.2.53", false, answers, TimeSpan.Zero, TimeSpan.FromMilliseconds(4)) });

    public Case Listed(BlocklistResult result, BlocklistWeight weight = BlocklistWeight.High, string zone = "zen.spamhaus.org", string name = "Spamhaus ZEN") =>
        Add(new BlocklistFact { SaidBy = Speaker.Dns, Observed = $"{name}: {result}", Zone = zone, Name = name, Address = Us, Result = result, Weight = weight, Delisting = "https://check.example/" });

    public Case Identity(IdentityAspect aspect, bool? passed) => Add(new IdentityFact { SaidBy = Speaker.Dns, Observed = $"{aspect}: {passed}", Aspect = aspect, Subject = Us, Passed = passed });

    public Case History(int attempts, int successes, int before = 0, int accepted = 0, int refused = 0, int perSession = 0, bool alternates = false, double? failingForMinutes = 1, double? lastSuccessMinutes = null, double windowHours = 24, int recoveries = 0) => Add(new HistoryFact
    {
        SaidBy = Speaker.Us,
        Observed = $"{successes} of {attempts}",
        Upstream = "mx1.example.org",
        Window = TimeSpan.FromHours(windowHours),
        Attempts = attempts,
        Successes = successes,
        LastSuccessAt = lastSuccessMinutes is { } last ? Now.AddMinutes(-last) : successes > 0 ? Now.AddMinutes(-(failingForMinutes ?? 0) - 1) : null,
        FirstFailureAt = failingForMinutes is { } failing ? Now.AddMinutes(-failing) : null,
        SuccessesBeforeFailure = before,
        ConcurrencyAccepted = accepted,
        ConcurrencyRefused = refused,
        MessagesPerSessionAtRefusal = perSession,
        Alternates = alternates,
        Recoveries = recoveries,
    });

    public Case Others(int others, int failing, int provider = 0, int providerFailing = 0) =>
        Add(new NeighbourFact { SaidBy = Speaker.Us, Observed = $"{failing} of {others} others fail", Others = others, OthersFailing = failing, SameProvider = provider, SameProviderFailing = providerFailing });

    private static ProbePoint Point => new("mx1.example.org", Mx, 25, Us, PointRole.Target);
}
