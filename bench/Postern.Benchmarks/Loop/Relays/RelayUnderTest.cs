using System.Net;
using Postern.Lab.Net;

namespace Postern.Benchmarks.Loop.Relays;

internal enum RelayKind : byte { Postern, Postfix, Exim }

/// <summary>A relay as it comes, on a host of the lab: where it listens, where its mail goes and where it logs is all that is set.</summary>
internal abstract class RelayUnderTest(string name, NetSpace space) : SpaceDaemon(name, space)
{
    public const int Port = 2525;
    public static readonly IPEndPoint Smtp = new(IPAddress.Loopback, Port);

    /// <summary>Its log, whole.</summary>
    public abstract string LogFile { get; }

    protected override bool AsksForNames => true;
    protected override Task<bool> IsReadyAsync(CancellationToken cancel) => TakesAsync(Smtp, cancel);

    /// <summary>Messages that wait, or bounces that were made; null where it does not say.</summary>
    public virtual int? Bounced() => null;

    /// <summary>Limits that it has learned, by kind; empty for relays that learn none.</summary>
    public virtual IReadOnlyDictionary<string, int> Learned() => new Dictionary<string, int>();

    public static RelayUnderTest Make(RelayKind kind, NetSpace space, RelayWay way, string postern) => kind switch
    {
        RelayKind.Postern => new PosternUnderTest(space, way, postern),
        RelayKind.Postfix => new PostfixUnderTest(space, way),
        _ => new EximUnderTest(space, way),
    };
}
