using Postern.Core.Configuration;
using Postern.Core.Queue;

namespace Postern.Core.Scheduling;

/// <summary>How much each tenant's turn counts, compiled from the configuration. Immutable.</summary>
internal sealed class TenantWeights
{
    public const int Default = 10;
    private const long Unit = 100_000;
    private readonly Dictionary<ushort, int> _weights = [];

    public TenantWeights(PosternConfig config)
    {
        foreach (var user in config.User)
        {
            if (user.Weight != Default) _weights[TenantTag.OfUser(user.Name)] = user.Weight;
        }
    }

    /// <summary>How far a turn moves a tenant on: the less, the more it weighs.</summary>
    public long Step(ushort tenant) => Unit / (_weights.Count > 0 && _weights.TryGetValue(tenant, out int weight) ? weight : Default);
}
