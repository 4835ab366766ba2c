namespace Postern.Lab.Scenarios;

/// <summary>How a scenario is looked at: by <c>postern check</c>, or by a running relay that is given mail.</summary>
internal enum ProbeKind : byte { Check, Relay }

/// <summary>One thing that is broken (or nothing), and what Postern is to say of it. lab/scenarios/README.md describes the file form.</summary>
internal sealed record Scenario
{
    public required string Id { get; init; }
    public required string Title { get; init; }

    /// <summary>The scenario file without its extension.</summary>
    public required string Group { get; init; }

    /// <summary>The cause expected in the first place; "none" for a healthy destination.</summary>
    public required string Cause { get; init; }

    /// <summary>Causes that are right in the first place too, because two things are broken at once or one vantage point cannot know; <see cref="AlsoWhy"/> says which.</summary>
    public IReadOnlyList<string> Also { get; init; } = [];
    public string? AlsoWhy { get; init; }

    /// <summary>Causes that must be named, be it as the verdict or as an alternative.</summary>
    public IReadOnlyList<string> Named { get; init; } = [];
    public ProbeKind Probe { get; init; }

    /// <summary>What is given to <c>postern check</c>, and what the diagnosis of a relay must be about.</summary>
    public string Target { get; init; } = "example.test";

    /// <summary>Seconds from the start of the program (or the first mail) until the verdict must be there.</summary>
    public double LimitSeconds { get; init; } = 20;

    /// <summary>What decides the case and must be in the evidence; at least one for every fault. One of them has to speak for the cause named.</summary>
    public IReadOnlyList<EvidenceAsk> Evidence { get; init; } = [];

    /// <summary>Words that the summary, the fix or the evidence must have, whatever the case: our address, the list, the hop.</summary>
    public IReadOnlyList<string> Says { get; init; } = [];

    /// <summary>Proofs that the fault is there, see <see cref="Truth.TruthLine"/>.</summary>
    public required IReadOnlyList<string> Truth { get; init; }

    /// <summary>Rules by host, see <see cref="Net.Firewall"/>.</summary>
    public IReadOnlyDictionary<string, string> Nft { get; init; } = new Dictionary<string, string>();

    /// <summary>Lines of <c>ip -batch</c> by host.</summary>
    public IReadOnlyDictionary<string, string> Ip { get; init; } = new Dictionary<string, string>();

    /// <summary>Zones that differ from the ordinary ones, by name: records, or one of the words of <see cref="Names.LabZones"/>.</summary>
    public IReadOnlyDictionary<string, string> Zones { get; init; } = new Dictionary<string, string>();

    /// <summary>Listings by blocklist zone: "ADDRESS 127.0.0.2 reason"; or one of the words "dead", "wildcard", "parked", "refusing", "silent".</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lists { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Time to live of what blocklists answer, in seconds.</summary>
    public int ListSeconds { get; init; } = 60;

    /// <summary>What our resolver is like: "", "stopped", "silent", "servfail", "refused", "slow".</summary>
    public string Resolver { get; init; } = "";

    public IReadOnlyList<PeerSpec> Peers { get; init; } = [];

    /// <summary>Places where the ordinary servers are not: "mx1:25".</summary>
    public IReadOnlyList<string> Absent { get; init; } = [];

    /// <summary>One way between r2 and r3, milliseconds; 0 for an ordinary link.</summary>
    public int DelayMilliseconds { get; init; }
    public int JitterMilliseconds { get; init; }

    /// <summary>Not null: mail goes to this upstream instead of to MX hosts.</summary>
    public UpstreamSpec? Upstream { get; init; }

    /// <summary>Egress addresses in the configuration, by name or as they stand; empty leaves the choice to the system.</summary>
    public IReadOnlyList<string> Egress { get; init; } = ["cl", "cl.2"];
    public IReadOnlyList<string> Controls { get; init; } = ["alt.test"];

    /// <summary>Further lines of the configuration.</summary>
    public string Settings { get; init; } = "";

    public IReadOnlyList<MailSpec> Mail { get; init; } = [];

    public bool IsRight(string cause) => cause == Cause || Also.Contains(cause);
}

/// <summary>A server of the lab.</summary>
/// <param name="At">Places, "mx1:25".</param>
/// <param name="Kind">sink, script, stuck, postfix, exim, smtp-sink.</param>
/// <param name="Rules">Of a sink, see <see cref="PeerRule"/>.</param>
/// <param name="Script">Of a script, see <see cref="Peers.Script"/>.</param>
/// <param name="Settings">Of postfix: lines of main.cf. Of exim: lines of its connect and RCPT checks. Of smtp-sink: its options.</param>
/// <param name="Certificate">good, expired, self-signed, other-name, not-yet, long; null for a server without TLS.</param>
internal sealed record PeerSpec(
    IReadOnlyList<string> At, string Kind, string Hostname, string? Banner, IReadOnlyList<string> Rules, string Script, string Settings, string? Certificate, bool ImplicitTls,
    IReadOnlyList<string> Users, bool KnowsEhlo);

/// <param name="Tls">none, opportunistic, required, implicit.</param>
/// <param name="Auth">"user:password", or null.</param>
internal sealed record UpstreamSpec(string Address, string Tls, string? Auth);

/// <param name="Count">How many messages.</param>
/// <param name="Parallel">How many at once.</param>
/// <param name="PauseSeconds">Before the first of them.</param>
internal sealed record MailSpec(string From, IReadOnlyList<string> To, int Count, int Parallel, int SizeBytes, double PauseSeconds, string? Text);
