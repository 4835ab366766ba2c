using System.Net;
using System.Net.Sockets;
using Postern.Core.Configuration;
using Postern.Core.Delivery;

namespace Postern.Core.Upstreams;

/// <summary>The local addresses of one session, one for each family, and the name said from them.</summary>
/// <param name="Name">Configured names, joined by "+"; empty for the system's choice.</param>
/// <param name="V4">Null with <paramref name="Name"/> set means: this family is not used.</param>
/// <param name="Hello">Name for EHLO.</param>
internal sealed record EgressChoice(string Name, IPAddress? V4, IPAddress? V6, string Hello)
{
    public bool Allows(AddressFamily family) => Name.Length == 0 || (family == AddressFamily.InterNetwork ? V4 : V6) is not null;
}

/// <summary>
/// The configured egress addresses, compiled. An IPv4 and an IPv6 address that say the same name form one choice, so that both families can be
/// raced; choices take turns, and those whose turn it is not are the alternatives. Immutable but for the turn; thread safe.
/// </summary>
internal sealed class EgressModel
{
    private readonly Dictionary<string, EgressConfig> _byName;
    private readonly Dictionary<string, EgressChoice[][]> _turns = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly EgressChoice _system;
    private readonly EgressChoice[] _onlySystem;
    private uint _turn, _turnAround;

    public EgressModel(PosternConfig config)
    {
        _byName = config.Egress.ToDictionary(e => e.Name, StringComparer.OrdinalIgnoreCase);
        _system = new EgressChoice("", null, null, config.Server.Hostname);
        _onlySystem = [_system];
    }

    /// <summary>All choices, the one whose turn it is first. The same turn is the same array each time: plans are kept by it.</summary>
    /// <param name="names">Egress names joined by commas, as in a destination key; empty for the system's choice.</param>
    /// <returns>Null when a name is not configured (any more).</returns>
    public EgressChoice[]? Next(string names)
    {
        if (names.Length == 0) return _onlySystem;
        EgressChoice[][] turns;
        lock (_lock)
        {
            if (!_turns.TryGetValue(names, out turns!)) _turns.Add(names, turns = Turns(Compile(names)));
        }
        return turns.Length == 0 ? null : turns[Interlocked.Increment(ref _turn) % turns.Length];
    }

    /// <summary>Every choice that some route uses, the system's among them where it is; for people.</summary>
    public IReadOnlyList<EgressChoice> InUse(PosternConfig config)
    {
        var lists = config.Route.Where(r => r.Via != RouteVia.Reject).Select(r => string.Join(',', r.Egress)).DefaultIfEmpty("");
        return [.. lists.Distinct(StringComparer.OrdinalIgnoreCase).SelectMany(l => l.Length == 0 ? _onlySystem : Compile(l)).DistinctBy(c => c.Name, StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>The same with rested ones last, and the turns taken by the others alone, so that what rests is spread over all of them.</summary>
    public EgressChoice[] WithoutRested(EgressChoice[] choices, Func<EgressChoice, bool> isRested)
    {
        if (choices.Length == 1) return choices;
        // In one fixed order, for the turns to be even.
        var living = choices.OrderBy(c => c.Name, StringComparer.Ordinal).Where(c => !isRested(c)).ToArray();
        if (living.Length == 0 || living.Length == choices.Length) return choices;
        int first = (int)(Interlocked.Increment(ref _turnAround) % living.Length);
        return [.. living[first..], .. living[..first], .. choices.Where(c => !living.Contains(c))];
    }

    /// <summary>Each choice first once, the others after it in order; those beyond the bound of a plan have their turn, but are no alternative.</summary>
    private static EgressChoice[][] Turns(EgressChoice[] choices) =>
        [.. choices.Select((_, i) => choices[i..].Concat(choices[..i]).Take(DeliveryPlan.MostChoices).ToArray())];

    private EgressChoice[] Compile(string names)
    {
        var choices = new List<EgressChoice>();
        foreach (string name in names.Split(','))
        {
            if (!_byName.TryGetValue(name, out var egress) || !IPAddress.TryParse(egress.Address, out var address)) return [];
            bool isV4 = address.AddressFamily == AddressFamily.InterNetwork;
            string hello = egress.Hello ?? _system.Hello;
            int partner = choices.FindIndex(c => c.Hello == hello && (isV4 ? c.V4 : c.V6) is null);
            if (partner < 0) choices.Add(new EgressChoice(name, isV4 ? address : null, isV4 ? null : address, hello));
            else choices[partner] = choices[partner] with { Name = choices[partner].Name + "+" + name, V4 = isV4 ? address : choices[partner].V4, V6 = isV4 ? choices[partner].V6 : address };
        }
        return [.. choices];
    }
}
