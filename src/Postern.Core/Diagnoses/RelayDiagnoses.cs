using Microsoft.Extensions.Logging;
using Postern.Core.Configuration;
using Postern.Core.Events;
using Postern.Core.Telemetry;
using Postern.Diagnosis.Checks;
using Postern.Protocols.Dns;

namespace Postern.Core.Diagnoses;

/// <summary>What diagnosis is made of; tests put their own in.</summary>
/// <param name="Probes">For a configuration.</param>
internal sealed record DiagnosisSetup(DiagnosisParts Parts, Func<PosternConfig, TimeProvider, ProbeSet> Probes)
{
    public static readonly DiagnosisSetup Default = new(DiagnosisParts.Default, CheckProbes.Of);

    public RelayDiagnoses Start(PosternConfig config, IResolver resolver, PosternMetrics metrics, ILoggerFactory loggers, TimeProvider time, RelayNews? news = null) =>
        new(this, config, resolver, metrics, loggers, time, news);
}

/// <summary>Everything of the relay that explains: made once, follows the configuration.</summary>
internal sealed class RelayDiagnoses : IAsyncDisposable
{
    private readonly DiagnosisSetup _setup;
    private readonly Prober _prober;
    private readonly TimeProvider _time;

    public RelayDiagnoses(DiagnosisSetup setup, PosternConfig config, IResolver resolver, PosternMetrics metrics, ILoggerFactory loggers, TimeProvider time, RelayNews? news)
    {
        _setup = setup;
        _time = time;
        var logger = loggers.CreateLogger("Postern.Diagnoses");
        Checks = new CheckService(resolver, setup.Parts, time);
        Book = new IncidentBook(destination => Waiting(destination), logger, time, news);
        _prober = new Prober(
            (wish, cancel) => Checks.GlanceAsync(new CheckRequest(wish.Unconnected ?? wish.Target) { Egress = wish.Egress, Hello = wish.Hello }, cancel),
            async (wish, cancel) => (await Checks.RunAsync(new CheckRequest(wish.Target) { Egress = wish.Egress, Hello = wish.Hello }, progress: null, cancel)).Evidence.Facts, metrics, logger);
        Explainer = new Explainer(setup.Parts, Book, _prober, metrics, time);
        Apply(config);
    }

    public Explainer Explainer { get; }
    public IncidentBook Book { get; }
    public CheckService Checks { get; }

    /// <summary>Mail that waits for a destination; set once, by who knows.</summary>
    public Func<string, long> Waiting { get; set; } = static _ => 0;

    public void Apply(PosternConfig config)
    {
        Checks.Apply(config, _setup.Probes(config, _time));
        Explainer.Apply(config.Diagnosis);
    }

    public ValueTask DisposeAsync() => _prober.DisposeAsync();
}
