using System.Net;
using Postern.Core.Diagnoses;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Smtp;
using Postern.Tests.Delivery;

namespace Postern.Tests.Diagnosis.Checks;

/// <summary>Probes that bring what they are told, when they are told, and note who was asked.</summary>
internal sealed class FakeProbes
{
    private readonly Lock _lock = new();

    public static readonly IPAddress Address = IPAddress.Parse("198.51.100.25");
    public static readonly ProbePoint Target = new("mx.example.org", "198.51.100.25", 25, "192.0.2.10", PointRole.Target);

    /// <summary>Nobody looks at anything: for tests of delivery, which must not dial what they did not ask for.</summary>
    public static readonly DiagnosisSetup None = new(DiagnosisParts.Default, static (_, _) => new FakeProbes { Hosts = [], Connect = [], Greeting = [] }.Set());

    public List<string> Asked { get; } = [];
    public IReadOnlyList<TargetHost> Hosts { get; set; } = [new("mx.example.org", 10, [Address])];
    public IReadOnlyList<Fact> Names { get; set; } = [];
    public IReadOnlyList<Fact> Connect { get; set; } = [Tcp(TcpOutcome.Connected)];
    public IReadOnlyList<Fact> Controls { get; set; } = [];
    public IReadOnlyList<Fact> Blocklists { get; set; } = [];
    public IReadOnlyList<Fact> OtherEgress { get; set; } = [];
    public IReadOnlyList<Fact> Greeting { get; set; } =
    [
        new GreetingFact { SaidBy = Speaker.Peer, Observed = "greeted", Point = Target, Outcome = GreetingOutcome.Accepted, Text = "220 mx.example.org ESMTP" },
        new EhloFact { SaidBy = Speaker.Peer, Observed = "offers nothing", Point = Target, Extensions = [] },
    ];

    /// <summary>Stages that end only when they are cancelled.</summary>
    public HashSet<CheckStage> Hanging { get; } = [];
    public ProbeContext? Seen { get; private set; }
    public TimeSpan GreetingTimeout { get; private set; }

    public static TcpFact Tcp(TcpOutcome outcome, PointRole role = PointRole.Target) =>
        new() { SaidBy = Speaker.Network, Observed = $"the connection: {outcome}", Point = Target with { Role = role }, Outcome = outcome, Milliseconds = 12 };

    public static BlocklistFact List(string name, string zone, BlocklistResult result, string? refusal = null) =>
        new() { SaidBy = Speaker.Dns, Observed = $"{name} ({zone}): {result}", Zone = zone, Name = name, Address = "192.0.2.10", Result = result, Weight = BlocklistWeight.Medium, Refusal = refusal };

    public ProbeSet Set() => new()
    {
        Names = async (context, cancel) =>
        {
            var facts = await Run(CheckStage.Names, Names)(context, cancel);
            return new MxFindings(Hosts, facts);
        },
        Resolver = Run(CheckStage.Resolver, []),
        Connect = (context, cancel) => Run(CheckStage.Connect, Connect)(context, cancel),
        Controls = (context, cancel) => Run(CheckStage.Controls, Controls)(context, cancel),
        Greeting = (context, cancel) =>
        {
            GreetingTimeout = context.GreetingTimeout;
            return Run(CheckStage.Greeting, Greeting)(context, cancel);
        },
        Path = Run(CheckStage.Path, []),
        OtherEgress = (_, _) => new(OtherEgress),
        Blocklists = (context, cancel) => Run(CheckStage.Blocklists, Blocklists)(context, cancel),
        Identity = Run(CheckStage.Identity, []),
    };

    public static ProbeContext Context(TimeProvider time) => new()
    {
        Target = new ProbeTarget("example.org", "example.org", [], 25),
        Resolver = new ZoneResolver(),
        Time = time,
        HelloName = "relay.example.net",
    };

    public static DiagnosisReport Report(string cause = "upstream-down", double confidence = 0.9, string summary = "It is down. Nobody knows why.") => new()
    {
        Id = "d1",
        Target = "mx.example.org[198.51.100.25]:25",
        At = DeliveryRig.Start,
        Stage = "connect",
        Verdict = new Verdict(cause, confidence, summary, "Wait.\nThen look again.", "It comes back.", "upstream", "causes/" + cause),
        Alternatives = [new Alternative("upstream-firewall", 0.08, "a look from another address")],
        Evidence = [new EvidenceItem("tcp.connect", "network", "refused", ["upstream-down"], [], 12)],
    };

    private Probe Run(CheckStage stage, IReadOnlyList<Fact> facts) => async (context, cancel) =>
    {
        lock (_lock) Asked.Add(stage.ToString());
        Seen = context;
        if (Hanging.Contains(stage)) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        return facts;
    };
}
