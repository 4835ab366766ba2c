using Postern.Core.Configuration;
using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Protocols.Dns;

namespace Postern.Core.Diagnoses;

/// <summary>The real probes, set up as a configuration asks.</summary>
internal static class CheckProbes
{
    /// <param name="senders">Domains whose SPF is to let our addresses send.</param>
    public static ProbeSet Of(PosternConfig config, IReadOnlyList<string> senders) => new()
    {
        Names = static async (context, cancel) =>
        {
            if (context.Target.Domain is not { } domain) return await HostNames.FindAsync(context, cancel);
            var mx = await new MxLookup(context.Resolver).ResolveAsync(domain, cancel);
            return await HostNames.FindAsync(context with { Target = context.Target with { Hosts = [.. mx.Hosts.Select(h => new TargetHost(h.Name, 0, []))] } }, cancel);
        },
        Resolver = None,
        Connect = TcpProbe.RunAsync,
        Controls = ControlProbe.RunAsync,
        Greeting = GreetingProbe.RunAsync,
        Path = PathProbe.RunAsync,
        Blocklists = None,
        Identity = None,
        SourceFor = static address => NetLocal.SourceFor(address),
    };

    private static ValueTask<IReadOnlyList<Fact>> None(ProbeContext context, CancellationToken cancel) => ValueTask.FromResult<IReadOnlyList<Fact>>([]);
}
