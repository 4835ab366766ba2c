using CsCheck;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;
using static Postern.Tests.Diagnosis.Causes.Case;

namespace Postern.Tests.Diagnosis.Causes;

public sealed class RankingPropertyTests
{
    private static readonly SignalTable Table = SignalTable.Default;
    private static readonly string[] Ids = [.. Table.Rows.Select(r => r.Id).Order(StringComparer.Ordinal)];

    private static readonly Gen<Signal> AnySignal = Gen.Select(Gen.Int[0, Ids.Length - 1], Gen.Double[0, 1]).Select((i, strength) => new Signal(Ids[i], "seen", Speaker.Us, [], null, strength));

    [Fact]
    public void Any_signals_give_shares_that_sum_to_one() => AnySignal.List[0, 60].Sample(signals =>
    {
        var shares = Ranking.Of(signals, Table).Shares;
        Assert.All(shares, s => Assert.InRange(s, 0, 1));
        Assert.Equal(1, shares.Sum(), 9);
    });

    [Fact]
    public void One_more_signal_that_speaks_for_a_cause_alone_never_harms_it()
    {
        // Rows with one cause in "for" and that cause not below: their arrival must not lower it.
        var pure = Table.Rows.Where(r => r.Weights.Count(w => w > 0) == 1 && !Table.Limits.Any(l => l.When.Contains(r.Id))).ToArray();
        Gen.Select(AnySignal.List[0, 20], Gen.Int[0, pure.Length - 1]).Sample((signals, at) =>
        {
            var row = pure[at];
            var cause = (CauseId)Array.FindIndex(row.Weights, w => w > 0);
            // Limits are about what one vantage point can know, not about weights.
            if (signals.Any(s => Table.Limits.Any(l => l.When.Contains(s.Id)))) return;
            double before = Ranking.Of(signals, Table).Of(cause);
            double after = Ranking.Of([.. signals, new Signal(row.Id, "seen", Speaker.Us, [])], Table).Of(cause);
            Assert.True(after >= before - 1e-9, $"{row.Id}: {cause} {before} -> {after}");
        });
    }

    [Fact]
    public void Any_facts_give_a_report_whose_confidences_are_shares() => AnyFact.List[0, 40].Sample(facts =>
    {
        var report = Diagnostician.Default.Diagnose(new EvidenceSet("mx1.example.org:25", facts.Count % 2 == 0 ? "example.org" : null, Now, facts));
        double[] all = [report.Verdict.Confidence, .. report.Alternatives.Select(a => a.Confidence)];
        Assert.All(all, c => Assert.InRange(c, 0, 1));
        Assert.True(all.Sum() <= 1 + 1e-9);
        Assert.True(report.Verdict.Cause == "unknown" || report.Alternatives.All(a => a.Confidence <= report.Verdict.Confidence));
        Assert.True(report.Evidence.Count <= 40);
    }, iter: 2000);

    private static Gen<T> Any<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static readonly Gen<string> AnyText = Gen.OneOf(Any("", "x", "4", "550", "421 ", "554 5.7.1 blocked using zen.spamhaus.org; open resolver", "220 ***********", "HTTP/1.1 400", "250 2.0.0 ok\nmore"), Gen.String[0, 40]);
    private static readonly Gen<ProbePoint> AnyPoint = Gen.Select(Gen.Enum<PointRole>(), Any(25, 465, 587, 443, 0), Any<string?>(null, Mx, Mx6, ""), Any<string?>(null, Us, OtherUs)).Select((role, port, address, local) => new ProbePoint("mx1.example.org", address, port, local, role));
    private static readonly Gen<IcmpError?> AnyIcmp = Gen.Select(Gen.Int[-1, 12], Gen.Int[-1, 16], Any<string?>(null, Mx, Us, "203.0.113.2"), Gen.Bool, Gen.Bool).Select((type, code, from, six, us) => type < 0 ? null : new IcmpError(type, code, from, six, us));

    private static readonly Gen<Fact> AnyFact = Gen.OneOf<Fact>(
        Gen.Select(AnyPoint, Gen.Enum<TcpOutcome>(), AnyIcmp, Gen.Int[-5, 300]).Select((p, o, i, t) => (Fact)new TcpFact { SaidBy = Speaker.Us, Observed = "tcp", Point = p, Outcome = o, Icmp = i, AnswerTtl = t < 0 ? null : t, Milliseconds = t }),
        Gen.Select(AnyPoint, Gen.Int[0, 9], Gen.Bool, Gen.Int[-1, 9]).Select((p, last, reached, host) => (Fact)new PathFact { SaidBy = Speaker.Network, Observed = "path", Point = p, Hops = [.. Enumerable.Range(1, last).Select(d => new PathHop(d, d % 3 == 0 ? null : $"203.0.113.{d}", null, 1))], Reached = reached, LastAnswered = last, HostDistance = host < 0 ? null : host, AnswerDistance = host > 5 ? host : null }),
        Gen.Select(AnyPoint, Gen.Enum<GreetingOutcome>(), AnyText).Select((p, o, t) => (Fact)new GreetingFact { SaidBy = Speaker.Peer, Observed = "greeting", Point = p, Outcome = o, Text = t.Length == 0 ? null : t, Milliseconds = 5000 }),
        Gen.Select(AnyPoint, Gen.Enum<ClientStage>(), AnyText).Select((p, s, t) => (Fact)new ReplyFact { SaidBy = Speaker.Peer, Observed = "reply", Point = p, Stage = s, Reply = t }),
        Gen.Select(AnyPoint, Gen.Enum<ClientStage>(), Gen.Enum<FailureKind>()).Select((p, s, k) => (Fact)new StageFact { SaidBy = Speaker.Network, Observed = "stage", Point = p, Stage = s, Kind = k }),
        Gen.Select(AnyPoint, AnyText).Select((p, t) => (Fact)new TlsFact { SaidBy = Speaker.Peer, Observed = "tls", Point = p, Failure = t.Length == 0 ? null : t }),
        Gen.Select(AnyPoint, AnyText).Select((p, t) => (Fact)new EhloFact { SaidBy = Speaker.Peer, Observed = "ehlo", Point = p, Extensions = [t] }),
        Gen.Select(Gen.Enum<MxProblem>(), Gen.Int[0, 2]).Select((m, u) => (Fact)new MxFact { SaidBy = Speaker.Dns, Observed = "mx", Domain = "example.org", Problem = m, UsableHosts = u, Host = u == 1 ? "mx1.example.org" : null }),
        Gen.Select(Gen.Enum<DnsRole>(), Gen.Enum<DnsStatus>(), AnyText).Select((r, s, q) => (Fact)new DnsFact { SaidBy = Speaker.Dns, Observed = "dns", Role = r, Seen = new DnsObservation(q, s, null, false, [q], TimeSpan.Zero, TimeSpan.Zero) }),
        Gen.Select(Gen.Enum<BlocklistResult>(), Gen.Enum<BlocklistWeight>(), Any("zen.spamhaus.org", "x", "")).Select((r, w, z) => (Fact)new BlocklistFact { SaidBy = Speaker.Dns, Observed = "list", Zone = z, Name = z, Address = Us, Result = r, Weight = w }),
        Gen.Select(Gen.Enum<IdentityAspect>(), Gen.Bool).Select((a, p) => (Fact)new IdentityFact { SaidBy = Speaker.Dns, Observed = "identity", Aspect = a, Subject = Us, Passed = p }),
        Gen.Select(Gen.Int[0, 50], Gen.Int[0, 50], Gen.Int[0, 9], Gen.Int[0, 9], Gen.Bool).Select((a, s, c, r, b) => (Fact)new HistoryFact { SaidBy = Speaker.Us, Observed = "history", Upstream = "u", Window = TimeSpan.FromHours(1), Attempts = a, Successes = s, SuccessesBeforeFailure = s, ConcurrencyAccepted = c, ConcurrencyRefused = r, Alternates = b, FirstFailureAt = b ? Now : null, LastSuccessAt = b ? null : Now }),
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 9]).Select((a, b) => (Fact)new NeighbourFact { SaidBy = Speaker.Us, Observed = "others", Others = a, OthersFailing = b, SameProvider = b, SameProviderFailing = a, SameEgress = a, SameEgressFailing = b, OtherEgress = 1 }));
}
