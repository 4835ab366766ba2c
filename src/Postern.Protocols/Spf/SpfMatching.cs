using System.Net;
using System.Net.Sockets;
using Postern.Protocols.Dns;

namespace Postern.Protocols.Spf;

internal enum SpfMatch : byte { No, Yes, TempError, PermError }

/// <summary>Whether a mechanism other than include matches (RFC 7208 section 5).</summary>
internal static class SpfMatching
{
    /// <summary>Of mx and ptr, each (section 4.6.4).</summary>
    private const int MaxNames = 10;

    public static async ValueTask<SpfMatch> MatchAsync(SpfRun run, string domain, SpfMechanism mechanism, CancellationToken cancel)
    {
        if (mechanism.Kind == SpfKind.All) return SpfMatch.Yes;
        if (mechanism.Network is { } network) return network.Contains(run.Address) ? SpfMatch.Yes : SpfMatch.No;
        string target = mechanism.DomainSpec is { } spec ? await run.ExpandAsync(spec, domain, cancel).ConfigureAwait(false) : domain;
        if (!SpfNames.IsDomain(target)) return SpfMatch.No;
        return mechanism.Kind switch
        {
            SpfKind.A => await AddressAsync(run, target, mechanism, cancel).ConfigureAwait(false),
            SpfKind.Mx => await MxAsync(run, target, mechanism, cancel).ConfigureAwait(false),
            SpfKind.Exists => await ExistsAsync(run, target, cancel).ConfigureAwait(false),
            _ => await ValidatedNamesAsync(run, n => IsWithin(n, target), cancel).ConfigureAwait(false) is { Count: > 0 } ? SpfMatch.Yes : SpfMatch.No,
        };
    }

    private static async ValueTask<SpfMatch> AddressAsync(SpfRun run, string host, SpfMechanism mechanism, CancellationToken cancel)
    {
        var answer = await run.Resolver.AddressesAsync(host, run.Address.AddressFamily, cancel).ConfigureAwait(false);
        if (Trouble(run, answer, host) is { } trouble) return trouble;
        return Holds(run, mechanism, answer.Records) ? SpfMatch.Yes : SpfMatch.No;
    }

    private static async ValueTask<SpfMatch> MxAsync(SpfRun run, string domain, SpfMechanism mechanism, CancellationToken cancel)
    {
        var answer = await run.Resolver.MxAsync(domain, cancel).ConfigureAwait(false);
        if (Trouble(run, answer, domain) is { } trouble) return trouble;
        if (answer.Records.Count > MaxNames)
        {
            run.Wrong($"{domain} has more than {MaxNames} mail exchangers, too many for an mx mechanism");
            return SpfMatch.PermError;
        }
        foreach (var record in answer.Records.OrderBy(r => r.Preference))
        {
            if (!SpfNames.IsDomain(record.Exchange)) continue;
            var match = await AddressAsync(run, record.Exchange, mechanism, cancel).ConfigureAwait(false);
            if (match != SpfMatch.No) return match;
        }
        return SpfMatch.No;
    }

    /// <summary>An A record, whatever the family of the address (section 5.7).</summary>
    private static async ValueTask<SpfMatch> ExistsAsync(SpfRun run, string name, CancellationToken cancel)
    {
        var answer = await run.Resolver.AddressesAsync(name, AddressFamily.InterNetwork, cancel).ConfigureAwait(false);
        return Trouble(run, answer, name) ?? (answer.Records.Count > 0 ? SpfMatch.Yes : SpfMatch.No);
    }

    /// <summary>The name for %{p}: one that is the domain, else one below it, else any; null when the address has no name that leads back to it.</summary>
    public static async ValueTask<string?> ValidatedNameAsync(SpfRun run, string domain, CancellationToken cancel)
    {
        var names = await ValidatedNamesAsync(run, _ => true, cancel).ConfigureAwait(false);
        return names.Find(n => n.Equals(domain, StringComparison.OrdinalIgnoreCase)) ?? names.Find(n => IsWithin(n, domain)) ?? names.FirstOrDefault();
    }

    /// <summary>Names of the address that lead back to it (section 5.5). DNS trouble means that there is none.</summary>
    private static async ValueTask<List<string>> ValidatedNamesAsync(SpfRun run, Func<string, bool> wanted, CancellationToken cancel)
    {
        var found = new List<string>();
        var answer = await run.Resolver.PtrAsync(run.Address, cancel).ConfigureAwait(false);
        foreach (string name in answer.Records.Take(MaxNames).Where(wanted))
        {
            var back = await run.Resolver.AddressesAsync(name, run.Address.AddressFamily, cancel).ConfigureAwait(false);
            if (back.Records.Contains(run.Address)) found.Add(name);
        }
        return found;
    }

    private static SpfMatch? Trouble<T>(SpfRun run, DnsAnswer<T> answer, string name)
    {
        if (answer.Status == DnsStatus.Ok) return null;
        if (answer.IsAnswered) return run.MayBeVoid(name) ? SpfMatch.No : SpfMatch.PermError;
        run.Problem ??= $"looking up {answer.Observation.Question} failed: {answer.Status}";
        return SpfMatch.TempError;
    }

    private static bool Holds(SpfRun run, SpfMechanism mechanism, IReadOnlyList<IPAddress> addresses)
    {
        bool four = run.Address.AddressFamily == AddressFamily.InterNetwork;
        foreach (var address in addresses)
            if (SpfMechanismParser.Network(address, four ? mechanism.Bits4 : mechanism.Bits6).Contains(run.Address)) return true;
        return false;
    }

    private static bool IsWithin(string name, string domain) =>
        name.Equals(domain, StringComparison.OrdinalIgnoreCase) || (name.Length > domain.Length && name[^(domain.Length + 1)] == '.' && name.EndsWith(domain, StringComparison.OrdinalIgnoreCase));
}
