using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Evidence;

/// <summary>What a delivery attempt left behind, as facts: every failed attempt can be explained without a single probe. Pure.</summary>
public static class AttemptFacts
{
    private const string MxPrefix = "mx:", MailCommand = "MAIL FROM:";

    /// <param name="record">Our own record of the upstream, and how others fare; null where there is none.</param>
    public static EvidenceSet Of(AttemptEvidence attempt, HistoryFact? record = null, NeighbourFact? neighbours = null)
    {
        // "mx:example.org@out1": what follows the @ are our own addresses.
        string? domain = attempt.Destination.StartsWith(MxPrefix, StringComparison.Ordinal) ? attempt.Destination[MxPrefix.Length..].Split('@')[0] : null;
        var target = AttemptTarget.Parse(attempt.Target);
        var facts = new List<Fact>(8);
        foreach (var dns in attempt.Dns) facts.Add(Of(dns));
        if (attempt.Failure is { Stage: ClientStage.Resolve } unresolved && NamesOf(attempt, unresolved, domain, target.Host) is { } names) facts.Add(names);
        var point = ConnectFacts.Add(attempt, target, facts);
        Dialogue(attempt, point, facts);
        if (record is not null) facts.Add(record);
        if (neighbours is not null) facts.Add(neighbours);
        return new EvidenceSet(attempt.Target, domain, attempt.At, facts) { Names = new CaseNames(attempt.HelloName, SenderOf(attempt), Destination: attempt.Destination) };
    }

    /// <summary>The reverse-path of the transaction, as it was said; null when MAIL was not reached or is no longer in the transcript.</summary>
    public static string? SenderOf(AttemptEvidence attempt)
    {
        foreach (var line in attempt.Transcript)
        {
            if (line.FromPeer || !line.Text.StartsWith(MailCommand, StringComparison.Ordinal)) continue;
            string path = line.Text[MailCommand.Length..];
            int end = path.IndexOf('>', StringComparison.Ordinal);
            return path.StartsWith('<') && end > 0 ? path[1..end] : path.Split(' ')[0];
        }
        return null;
    }

    private static DnsFact Of(DnsObservation seen)
    {
        string type = seen.Question.Split(' ')[0];
        var role = type switch { "MX" => DnsRole.Mx, "A" or "AAAA" => DnsRole.Address, "PTR" => DnsRole.Ptr, _ => DnsRole.Policy };
        string answer = seen.Status == DnsStatus.Ok ? string.Join(", ", seen.Answers.Take(4)) : seen.Status.ToString();
        return new DnsFact { SaidBy = Speaker.Dns, Observed = $"{seen.Question}: {answer}", Milliseconds = seen.Elapsed.TotalMilliseconds, Role = role, Seen = seen };
    }

    /// <summary>A named upstream has no MX records: what failed is its own name.</summary>
    private static MxFact? NamesOf(AttemptEvidence attempt, StageFailure failure, string? domain, string host)
    {
        MxProblem? problem = failure.Kind switch
        {
            FailureKind.NoSuchDomain => domain is null ? MxProblem.HostDoesNotExist : MxProblem.NoSuchDomain,
            FailureKind.NoAddress => domain is null ? MxProblem.HostHasNoAddress : MxProblem.NoMxNoAddress,
            FailureKind.NullMx => MxProblem.NullMx,
            FailureKind.LoopsToUs => MxProblem.PointsAtUs,
            FailureKind.DnsFailure when attempt.Dns.Any(d => d.Status == DnsStatus.Bogus) => MxProblem.Bogus,
            FailureKind.DnsFailure => domain is null || host != domain ? MxProblem.HostLookupFailed : MxProblem.LookupFailed,
            _ => null,
        };
        return problem is not { } found ? null : new MxFact { SaidBy = Speaker.Dns, Observed = failure.Detail, Domain = domain ?? host, Problem = found, Host = domain is null || host != domain ? host : null };
    }

    private static void Dialogue(AttemptEvidence attempt, ProbePoint point, List<Fact> facts)
    {
        var failure = attempt.Failure;
        if (attempt.StageReached > ClientStage.Greeting || failure?.Stage > ClientStage.Greeting) Greeting(attempt, point, facts);
        if (attempt.Tls is { } tls)
            facts.Add(new TlsFact { SaidBy = Speaker.Peer, Observed = $"{tls.Protocol} {tls.CipherSuite}{(tls.Problem is { } problem ? $"; certificate: {problem}" : "")}", Point = point, Seen = tls });
        if (failure is null || failure.Stage is ClientStage.Resolve or ClientStage.Connect) return;
        if (failure.Reply is { } reply)
            facts.Add(new ReplyFact { SaidBy = Speaker.Peer, Observed = failure.Detail, Milliseconds = Took(attempt, failure.Stage), Point = point, Stage = failure.Stage, Reply = Text(reply) });
        else if (failure.Kind != FailureKind.Cancelled)
            facts.Add(new StageFact { SaidBy = failure.Speaker, Observed = failure.Detail, Milliseconds = Took(attempt, failure.Stage), Point = point, Stage = failure.Stage, Kind = failure.Kind });
    }

    /// <summary>The first words of the peer; a session used before has none in this attempt, but was greeted.</summary>
    private static void Greeting(AttemptEvidence attempt, ProbePoint point, List<Fact> facts)
    {
        string? text = null;
        foreach (var line in attempt.Transcript)
        {
            if (line is not { FromPeer: true } || !line.Text.StartsWith("220", StringComparison.Ordinal)) continue;
            text = line.Text;
            break;
        }
        facts.Add(new GreetingFact
        {
            SaidBy = Speaker.Peer,
            Observed = text is null ? $"{point} has greeted us" : $"{point} greets: {text}",
            Milliseconds = Took(attempt, ClientStage.Greeting),
            Point = point,
            Outcome = GreetingOutcome.Accepted,
            Text = text,
            // As a PIX or ASA leaves a greeting: "220 ****0*0****".
            IsMasked = text?.Count(c => c == '*') >= 8,
        });
    }

    private static double? Took(AttemptEvidence attempt, ClientStage stage)
    {
        foreach (var timing in attempt.Timings)
            if (timing.Stage == stage) return timing.Milliseconds;
        return null;
    }

    /// <summary>As facts hold it: code, enhanced code, lines joined by \n; bounded.</summary>
    public static string Text(SmtpReply reply)
    {
        string code = reply.Enhanced is { } enhanced ? $"{reply.Code} {enhanced}" : reply.Code.ToString();
        string text = $"{code} {string.Join('\n', reply.Lines)}";
        return text.Length > 2000 ? text[..2000] : text;
    }
}

/// <summary>"mx1.example.org[192.0.2.25]:25", "mx1.example.org:25", "[2001:db8::1]:25" or a domain.</summary>
internal readonly record struct AttemptTarget(string Host, string? Address, int Port)
{
    public static AttemptTarget Parse(string text)
    {
        int port = 25;
        int close = text.LastIndexOf(']');
        int colon = text.LastIndexOf(':');
        if (colon > close && (close >= 0 || text.IndexOf(':', StringComparison.Ordinal) == colon) && int.TryParse(text.AsSpan(colon + 1), out int told))
        {
            port = told;
            text = text[..colon];
        }
        int open = text.IndexOf('[', StringComparison.Ordinal);
        if (open < 0 || close <= open) return new AttemptTarget(text, null, port);
        string address = text[(open + 1)..close];
        return new AttemptTarget(open == 0 ? address : text[..open], address, port);
    }
}
