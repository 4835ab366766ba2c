using System.Net;
using Postern.Core.Configuration;
using Postern.Core.Upstreams;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Dns;
using Postern.Protocols.Tls;

namespace Postern.Core.Diagnoses;

/// <summary>What is to be examined, from where.</summary>
internal sealed record CheckRequest(ProbeTarget Target)
{
    /// <summary>Addresses of ours to look from first, before those of the configuration.</summary>
    public IReadOnlyList<IPAddress> Egress { get; init; } = [];

    /// <summary>Null for our name.</summary>
    public string? Hello { get; init; }

    /// <summary>Domains that we send for.</summary>
    public IReadOnlyList<string> Senders { get; init; } = [];
}

/// <summary>Runs checks under a configuration: for the commands, the API and the prober. Immutable but for <see cref="Apply"/>; thread safe.</summary>
internal sealed class CheckService(IResolver resolver, DiagnosisParts parts, TimeProvider time)
{
    private volatile Setup? _setup;

    private sealed record Setup(PosternConfig Config, ProbeSet Probes, Checker Checker);

    /// <param name="probes">For this configuration.</param>
    public void Apply(PosternConfig config, ProbeSet probes) => _setup = new Setup(config, probes, new Checker(probes, parts.Diagnose));

    /// <summary>The upstream of that name, or a domain, an address, host:port. Null, with what is wrong, when it is none of these.</summary>
    public ProbeTarget? Target(string text, out string? problem)
    {
        problem = null;
        var config = _setup!.Config;
        var named = config.Upstream.FirstOrDefault(u => u.Name.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (CheckTarget.Parse(named?.Address ?? text, out problem) is not { } target) return null;
        // Its address means the upstream too: what is spoken there from the first byte, and whom to trust there, is the configuration's to say.
        if ((named ?? config.Upstream.FirstOrDefault(u => CheckTarget.Parse(u.Address, out _)?.Name == target.Name)) is { } upstream)
        {
            target = target with { IsImplicitTls = upstream.Tls == TlsMode.Implicit || named is null && target.IsImplicitTls };
            try
            {
                target = target with { Authorities = ClientSettingsFactory.Authorities(upstream) };
            }
            catch (InvalidDataException e)
            {
                problem = e.Message;
                return null;
            }
        }
        // Where the MX hosts of this relay's world listen; 25 but in tests.
        return target.Domain is null ? target : target with { Port = config.Delivery.MxPort };
    }

    public Task<CheckResult> RunAsync(CheckRequest request, IProgress<CheckEvent>? progress, CancellationToken cancel)
    {
        var setup = _setup!;
        return setup.Checker.RunAsync(Context(setup.Config, request), progress, cancel);
    }

    /// <summary>What the blocklists say of one address of ours: the named zones, or all that are known where none is named. Nothing where probes are off.</summary>
    public async Task<IReadOnlyList<BlocklistFact>> BlocklistsAsync(IPAddress address, IReadOnlyList<string> zones, CancellationToken cancel)
    {
        var setup = _setup!;
        if (!setup.Config.Diagnosis.Enabled || !setup.Config.Diagnosis.Probe) return [];
        var context = new ProbeContext
        {
            Target = new ProbeTarget(address.ToString(), null, [], setup.Config.Delivery.MxPort),
            Resolver = resolver,
            Time = time,
            HelloName = setup.Config.Server.Hostname,
            Egress = [address],
            Lists = zones,
        };
        return [.. (await setup.Probes.Blocklists(context, cancel)).OfType<BlocklistFact>()];
    }

    /// <summary>How our other addresses fare at the hosts of the request: seconds, no conversation, no verdict.</summary>
    public ValueTask<IReadOnlyList<Fact>> GlanceAsync(CheckRequest request, CancellationToken cancel)
    {
        var setup = _setup!;
        return setup.Probes.OtherEgress(Context(setup.Config, request), cancel);
    }

    /// <summary>What probes are given under the present configuration.</summary>
    public ProbeContext Context(CheckRequest request) => Context(_setup!.Config, request);

    private ProbeContext Context(PosternConfig config, CheckRequest request)
    {
        var names = HelloNames(config);
        IReadOnlyList<IPAddress> egress = [.. request.Egress.Concat(OwnAddresses(config)).Distinct()];
        return new ProbeContext
        {
            Target = request.Target,
            Resolver = resolver,
            Time = time,
            HelloName = request.Hello ?? (egress.Count > 0 && names.TryGetValue(egress[0], out string? hello) ? hello : config.Server.Hostname),
            HelloNames = names,
            Egress = egress,
            Controls = config.Diagnosis.Controls,
            SenderDomains = request.Senders,
        };
    }

    private static Dictionary<IPAddress, string> HelloNames(PosternConfig config)
    {
        var names = new Dictionary<IPAddress, string>();
        foreach (var egress in config.Egress)
            if (IPAddress.TryParse(egress.Address, out var address)) names.TryAdd(address, egress.Hello ?? config.Server.Hostname);
        return names;
    }

    /// <summary>The configured egress addresses.</summary>
    private static IEnumerable<IPAddress> OwnAddresses(PosternConfig config) => config.Egress.Select(e => IPAddress.TryParse(e.Address, out var address) ? address : null).OfType<IPAddress>();
}
