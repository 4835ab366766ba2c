using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;

namespace Postern.Diagnosis.Checks;

/// <summary>
/// Finds out what is wrong with a destination without sending mail: names first, then everything that can run together, the conversation when something
/// connects, the walk only when it is needed. A healthy destination is done in a few seconds, one in a black hole within the deadline. Thread safe.
/// </summary>
/// <param name="diagnose">Pure.</param>
internal sealed class Checker(ProbeSet probes, Func<EvidenceSet, DiagnosisReport> diagnose)
{
    /// <summary>For all of it. The connect time-out (10 s) and a walk (4 s) fit in; whoever waits wants an answer within 20 s, the program's start and a busy machine included.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(16);

    /// <summary>How long a healthy verdict waits, from the beginning, for what cannot change it any more (blocklists, controls).</summary>
    public TimeSpan HealthyPatience { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Kept back for what comes after a greeting that does not come: the QUIT that asks what is there, and the reading.</summary>
    private static readonly TimeSpan Reserve = TimeSpan.FromMilliseconds(500);

    /// <exception cref="OperationCanceledException">When <paramref name="cancel"/> is; never for the deadline.</exception>
    public async Task<CheckResult> RunAsync(ProbeContext context, IProgress<CheckEvent>? progress, CancellationToken cancel)
    {
        using var run = new CheckRun(context.Time, Deadline, progress, cancel);
        await ProbeAsync(run, context);
        cancel.ThrowIfCancellationRequested();
        var evidence = new EvidenceSet(TargetOf(context, run), context.Target.Domain, context.Time.GetUtcNow(), run.Facts()) { Names = NamesOf(context) };
        return new CheckResult(evidence, diagnose(evidence), run.Elapsed);
    }

    private async Task ProbeAsync(CheckRun run, ProbeContext context)
    {
        var resolver = run.StartAsync(CheckStage.Resolver, token => probes.Resolver(context, token));
        IReadOnlyList<TargetHost> hosts = [];
        await run.StartAsync(CheckStage.Names, async token =>
        {
            var found = await probes.Names(context, token);
            hosts = Preferred(found.Hosts, context.Target.Hosts);
            return found.Facts;
        });
        if (!hosts.Any(h => h.Addresses.Count > 0))
        {
            foreach (var stage in new[] { CheckStage.Connect, CheckStage.Controls, CheckStage.Greeting, CheckStage.Path, CheckStage.Blocklists, CheckStage.Identity }) run.Skip(stage);
            await resolver;
            return;
        }

        context = context with { Target = context.Target with { Hosts = hosts } };
        Task[] beside =
        [
            resolver,
            run.StartAsync(CheckStage.Controls, token => probes.Controls(context, token)),
            run.StartAsync(CheckStage.Blocklists, token => probes.Blocklists(context, token)),
            run.StartAsync(CheckStage.Identity, token => probes.Identity(context, token)),
        ];
        await run.StartAsync(CheckStage.Connect, token => probes.Connect(context, token));
        if (Health.AnyConnected(run.FactsOf(CheckStage.Connect)))
        {
            var left = Deadline - run.Elapsed - Reserve;
            var patient = left < context.GreetingTimeout ? context with { GreetingTimeout = left } : context;
            await run.StartAsync(CheckStage.Greeting, token => probes.Greeting(patient, token));
        }
        else
        {
            run.Skip(CheckStage.Greeting);
        }

        if (Health.IsHealthy(run.FactsOf(CheckStage.Connect), run.FactsOf(CheckStage.Greeting)))
        {
            run.Skip(CheckStage.Path);
            run.Hurry(HealthyPatience - run.Elapsed);
        }
        else if (Health.NeedsPath(run.FactsOf(CheckStage.Connect), run.FactsOf(CheckStage.Greeting)))
        {
            await run.StartAsync(CheckStage.Path, token => probes.Path(context, token));
        }
        else
        {
            run.Skip(CheckStage.Path);
        }
        await Task.WhenAll(beside);
    }

    /// <summary>The hosts that the question is about come first; the others are seen beside them.</summary>
    private static IReadOnlyList<TargetHost> Preferred(IReadOnlyList<TargetHost> found, IReadOnlyList<TargetHost> asked) =>
        asked.Count == 0 ? found : [.. found.OrderByDescending(f => asked.Any(a => a.Name.Equals(f.Name, StringComparison.OrdinalIgnoreCase)))];

    /// <summary>Every domain has a postmaster (RFC 5321 section 4.5.1): whom a test by hand can be addressed to.</summary>
    private static CaseNames NamesOf(ProbeContext context) => new(
        context.HelloName,
        context.SenderDomains.Count > 0 ? $"postmaster@{context.SenderDomains[0]}" : null,
        context.Target.Domain is { } domain && domain[0] != '[' ? $"postmaster@{domain}" : null);

    private static string TargetOf(ProbeContext context, CheckRun run)
    {
        var facts = run.FactsOf(CheckStage.Connect);
        return facts.OfType<TcpFact>().FirstOrDefault(f => f.Point.Role == PointRole.Target)?.Point.ToString() ?? context.Target.Name;
    }
}
