using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Causes;

/// <summary>A refusal as it was said and read.</summary>
internal readonly record struct HeardReply(ReplyFact Fact, ReplyOpinion? Opinion)
{
    /// <summary>Said of the mail and its people, when network, firewall and names have long been passed.</summary>
    public bool IsLate => Fact.Stage is >= ClientStage.Mail and <= ClientStage.EndOfData;
}

/// <summary>The evidence laid out for reading: facts by kind and by what their point is to the question. Made once per diagnosis.</summary>
internal sealed class Scene
{
    private readonly List<TcpFact> _tcp = [];

    public Scene(EvidenceSet evidence, ReplyJudge judge)
    {
        Evidence = evidence;
        foreach (var fact in evidence.Facts) Sort(fact);
        foreach (var tcp in _tcp)
            if (tcp.Point.Role == PointRole.Target) Connects.Add(tcp);
        Own = MostTelling(Connects);
        Deciding = Own is { } own && !IsHostsWord(own) && own.Outcome != TcpOutcome.Connected ? With(PointRole.OtherFamily).Find(IsHostsWord) ?? own : Own;
        Connected = Connects.Exists(c => c.Outcome == TcpOutcome.Connected);
        Host = Deciding?.Point.Host ?? HostOf(evidence.Target);
        Port = Deciding?.Point.Port ?? 25;
        foreach (var greeting in Greetings)
        {
            // A refusal at the greeting is a reply like any other, whichever fact tells of it.
            if (greeting is { Outcome: GreetingOutcome.Refused, Text: { } text, Point.Role: PointRole.Target } && !_replies.Exists(r => r.Reply == text))
                _replies.Add(new ReplyFact { SaidBy = Speaker.Peer, Observed = greeting.Observed, Milliseconds = greeting.Milliseconds, Point = greeting.Point, Stage = ClientStage.Greeting, Reply = text });
        }
        Replies = _replies.ConvertAll(r => new HeardReply(r, judge(r, r.Point?.Host ?? Host)));
        Distance = DistanceOf(Deciding?.Point.Address);
    }

    private readonly List<ReplyFact> _replies = [];

    public EvidenceSet Evidence { get; }
    public List<TcpFact> Connects { get; } = [];
    public List<PathFact> Paths { get; } = [];
    public List<GreetingFact> Greetings { get; } = [];
    public List<EhloFact> Ehlos { get; } = [];
    public List<TlsFact> Tls { get; } = [];
    public List<StageFact> Stages { get; } = [];
    public List<MxFact> Mx { get; } = [];
    public List<DnsFact> Dns { get; } = [];
    public List<BlocklistFact> Lists { get; } = [];
    public List<IdentityFact> Identity { get; } = [];
    public List<HistoryFact> Histories { get; } = [];
    public List<NeighbourFact> Neighbours { get; } = [];
    public MachineFact? Machine { get; private set; }

    /// <summary>Of the target: replies to the probes of other points are compared, not believed.</summary>
    public List<HeardReply> Replies { get; }

    /// <summary>The connect to the target's own address that says most; null when none was tried.</summary>
    public TcpFact? Own { get; }

    /// <summary>
    /// The connect that says most about the target: <see cref="Own"/>, unless that failed on the way while the host itself refuses over the other family. Where the way is broken
    /// nobody knows whose fault it is; what the host says of its own firewall is certain, and mail passes when either is mended.
    /// </summary>
    public TcpFact? Deciding { get; }

    public bool Connected { get; }
    public bool ConnectFailed => Deciding is not null && !Connected;
    public string Host { get; }
    public int Port { get; }

    /// <summary>Hops to the target host; null when nothing of it ever answered.</summary>
    public int? Distance { get; }

    /// <summary>The target's greeting that says most; null when none was waited for.</summary>
    public GreetingFact? Greeting => Greetings.Find(g => g.Point.Role == PointRole.Target && g.Outcome != GreetingOutcome.Accepted) ?? Greetings.Find(g => g.Point.Role == PointRole.Target);

    public List<TcpFact> With(PointRole role) => _tcp.FindAll(t => t.Point.Role == role);

    /// <summary>Every connect to an address, whatever the port and from wherever.</summary>
    public List<TcpFact> To(string? address) => _tcp.FindAll(t => t.Point.Address == address);

    public PathFact? Path(PointRole role) => Paths.Find(p => p.Point.Role == role);

    private void Sort(Fact fact)
    {
        switch (fact)
        {
            case TcpFact f: _tcp.Add(f); break;
            case PathFact f: Paths.Add(f); break;
            case GreetingFact f: Greetings.Add(f); break;
            case EhloFact f: Ehlos.Add(f); break;
            case TlsFact f when f.Point.Role == PointRole.Target: Tls.Add(f); break;
            case ReplyFact f when f.Point is null or { Role: PointRole.Target }: _replies.Add(f); break;
            case StageFact f when f.Point is null or { Role: PointRole.Target }: Stages.Add(f); break;
            case MxFact f: Mx.Add(f); break;
            case DnsFact f: Dns.Add(f); break;
            case BlocklistFact f: Lists.Add(f); break;
            case IdentityFact f: Identity.Add(f); break;
            case HistoryFact f: Histories.Add(f); break;
            case NeighbourFact f: Neighbours.Add(f); break;
            case MachineFact f: Machine = f; break;
        }
    }

    /// <summary>A word from a named sender beats a reset, a reset beats silence, silence beats trouble of our own; a connection that was made beats all.</summary>
    private static TcpFact? MostTelling(List<TcpFact> connects)
    {
        TcpFact? best = null;
        foreach (var tcp in connects)
            if (best is null || Rank(tcp) > Rank(best)) best = tcp;
        return best;
    }

    /// <summary>An ICMP error that a packet filter sends, by the host that was asked.</summary>
    private static bool IsHostsWord(TcpFact tcp) => tcp is { Outcome: not TcpOutcome.Connected, Icmp: { FromUs: false, From: { } from } icmp } && from == tcp.Point.Address && (tcp.Outcome == TcpOutcome.Prohibited || TcpSignals.IsPortUnreachable(icmp));

    private static int Rank(TcpFact tcp) => tcp.Outcome switch
    {
        TcpOutcome.Connected => 8,
        TcpOutcome.Prohibited => 7,
        TcpOutcome.Refused => 6,
        TcpOutcome.Reset => 5,
        TcpOutcome.HostUnreachable => 4,
        TcpOutcome.TimedOut => 3,
        TcpOutcome.NetworkUnreachable => 2,
        _ => 1,
    };

    /// <summary>From a walk that found the host, whichever port or address of ours it used.</summary>
    private int? DistanceOf(string? address)
    {
        if (address is null) return null;
        foreach (var path in Paths)
        {
            if (path.Point.Address != address) continue;
            if (path.HostDistance is { } told) return told;
            if (path.Reached && path.AnswerDistance is null && path.LastAnswered > 0) return path.LastAnswered;
        }
        return null;
    }

    private static string HostOf(string target)
    {
        int colon = target.LastIndexOf(':');
        string host = colon > 0 && target.IndexOf(':', StringComparison.Ordinal) == colon ? target[..colon] : target;
        int bracket = host.IndexOf('[', StringComparison.Ordinal);
        return bracket > 0 ? host[..bracket] : host;
    }
}
