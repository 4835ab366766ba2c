using System.Net;
using System.Net.Sockets;
using Postern.Core.Configuration;

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
/// raced; choices take turns. Immutable but for the turn; thread safe.
/// </summary>
internal sealed class EgressModel
{
    private readonly Dictionary<string, EgressConfig> _byName;
    private readonly Dictionary<string, EgressChoice[]> _choices = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly EgressChoice _system;
    private uint _turn;

    public EgressModel(PosternConfig config)
    {
        _byName = config.Egress.ToDictionary(e => e.Name, StringComparer.OrdinalIgnoreCase);
        _system = new EgressChoice("", null, null, config.Server.Hostname);
    }

    /// <param name="names">Egress names joined by commas, as in a destination key; empty for the system's choice.</param>
    /// <returns>Null when a name is not configured (any more).</returns>
    public EgressChoice? Next(string names)
    {
        if (names.Length == 0) return _system;
        EgressChoice[] choices;
        lock (_lock)
        {
            if (!_choices.TryGetValue(names, out choices!)) _choices.Add(names, choices = Compile(names));
        }
        return choices.Length == 0 ? null : choices[Interlocked.Increment(ref _turn) % choices.Length];
    }

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
