using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Submission.Injection;

namespace Postern.Api;

/// <summary>What the API shows of a running relay; the process gives it.</summary>
/// <param name="Store">Null while the relay starts.</param>
/// <param name="Problems">Why it is not ready; empty when it is.</param>
internal sealed record RelayView(
    string Version,
    Func<string> Hostname,
    DateTimeOffset StartedAt,
    Func<IQueueStore?> Store,
    Func<IReadOnlyList<string>> Listening,
    Func<IReadOnlyList<UpstreamContract>> Upstreams,
    Func<IReadOnlyList<string>> Problems)
{
    /// <summary>Null while the relay starts.</summary>
    public Func<RelayInsight?> Insight { get; init; } = static () => null;

    /// <summary>The same.</summary>
    public Func<MailInjector?> Mail { get; init; } = static () => null;

    /// <summary>The same.</summary>
    public Func<RelayShaping?> Shaping { get; init; } = static () => null;

    /// <summary>The same.</summary>
    public Func<RelayDetail?> Detail { get; init; } = static () => null;

    /// <summary>The configuration in force, with where each value comes from; null where there is none to show.</summary>
    public Func<ConfigResult?> Configuration { get; init; } = static () => null;
}
