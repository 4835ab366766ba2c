using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.Probes;
using Postern.Diagnosis.Probes.Blocklists;

namespace Postern.Diagnosis.Checks;

/// <summary>What the doctor looks at besides what a <see cref="ProbeContext"/> says.</summary>
/// <param name="Addresses">Of ours as others see them; empty for those that mail leaves from.</param>
/// <param name="SubmissionControls">Known-good "host:port" on 465 and 587, to see whether those ports are open.</param>
/// <param name="Data">Folder of the queue, and the free space it needs.</param>
internal sealed record DoctorOptions(IReadOnlyList<IPAddress> Addresses, IReadOnlyList<string> SubmissionControls, string Data, long MinFreeBytes);

/// <summary>
/// Examines our own side, without any destination: do our ports reach the world, does our resolver answer, what do receivers see of our addresses, is the clock
/// right, is there room. Everything runs together; never throws but for cancellation.
/// </summary>
internal sealed class Doctor(ProbeSet probes)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(19);
    private static readonly int[] Ports = [25, 465, 587];

    /// <summary>Documentation addresses (RFC 5737, RFC 3849); never dialled.</summary>
    private static readonly IPAddress[] Anywhere = [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("2001:db8::1")];

    public async Task<IReadOnlyList<Finding>> RunAsync(ProbeContext context, DoctorOptions options, IProgress<CheckEvent>? progress, CancellationToken cancel)
    {
        using var run = new CheckRun(context.Time, Deadline, progress, cancel);
        IReadOnlyList<IPAddress> sending = OurAddresses.Of(context with { Target = new ProbeTarget("", null, [], CheckTarget.SmtpPort) });
        IReadOnlyList<IPAddress> seen = options.Addresses.Count > 0 ? options.Addresses : sending;
        var asSeen = context with { Egress = seen };
        Task<PortFindings>[] ports = [.. sending.SelectMany(address => Ports.Select(port => PortAsync(run, context, options, address, port)))];
        await Task.WhenAll(
        [
            .. ports,
            run.StartAsync(CheckStage.Resolver, token => probes.Resolver(context, token)),
            run.StartAsync(CheckStage.Identity, token => probes.Identity(asSeen, token)),
            run.StartAsync(CheckStage.Blocklists, token => probes.Blocklists(asSeen, token)),
        ]);
        cancel.ThrowIfCancellationRequested();
        string? cloud = run.FactsOf(CheckStage.Identity).OfType<MachineFact>().FirstOrDefault()?.Cloud;
        List<Finding> findings = [.. ports.Select(p => p.Result).Select(p => DoctorFindings.Port(p.Port, p.From, p.Tried, p.HasControls, cloud))];
        findings.AddRange(DoctorFindings.Resolver(run.FactsOf(CheckStage.Resolver)));
        findings.AddRange(DoctorFindings.Addresses(seen, options.Addresses.Count > 0));
        findings.AddRange(DoctorFindings.Identity(run.FactsOf(CheckStage.Identity), context.HelloName, cloud));
        findings.AddRange(DoctorFindings.Blocklists(run.FactsOf(CheckStage.Blocklists)));
        findings.Add(DoctorFindings.Closed(BlocklistCatalogue.Default.Dead));
        findings.Add(MachineFindings.Clock());
        findings.Add(MachineFindings.Disk(options.Data, options.MinFreeBytes));
        return findings;
    }

    private sealed record PortFindings(int Port, IPAddress From, IReadOnlyList<TcpFact> Tried, bool HasControls);

    /// <summary>A port is open outwards when any reference answers on it, be it with a refusal: the packets went there and back.</summary>
    private async Task<PortFindings> PortAsync(CheckRun run, ProbeContext context, DoctorOptions options, IPAddress address, int port)
    {
        // The references' family is that of the target's address; there is no target here, so a documentation address stands in and is not dialled.
        var stand = Anywhere.First(a => a.AddressFamily == address.AddressFamily);
        var asked = context with
        {
            Egress = context.Egress.Count > 0 ? [address] : [],
            Target = new ProbeTarget($"port {port}", null, [new TargetHost(stand.ToString(), 0, [stand])], port),
            Controls = port == CheckTarget.SmtpPort ? context.Controls : [.. options.SubmissionControls.Where(c => c.EndsWith($":{port}", StringComparison.Ordinal))],
        };
        IReadOnlyList<Fact> facts = [];
        await run.StartAsync(CheckStage.Controls, async token => facts = await probes.Controls(asked, token));
        var tried = facts.OfType<TcpFact>().Where(f => IsFamily(f, address.AddressFamily)).ToList();
        return new PortFindings(port, address, tried, HasControls: asked.Controls.Count > 0);
    }

    private static bool IsFamily(TcpFact fact, AddressFamily family) => fact.Point.IsIpv6 == (family == AddressFamily.InterNetworkV6);
}
