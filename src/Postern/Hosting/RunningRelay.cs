using Postern.Api;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Submission.Injection;

namespace Postern.Hosting;

/// <summary>A started relay as its process sees it: what to show, and how to change and stop it.</summary>
/// <param name="Listening">Addresses on which mail is taken, with the ports the system chose.</param>
/// <param name="Apply">Swaps the configuration without dropping sessions; throws what the operator must read when it cannot, and the old one stays.</param>
/// <param name="Stop">Stops accepting, finishes or gives back what is in flight; when cancelled, at once.</param>
internal sealed record RunningRelay(
    IQueueStore Store,
    Func<IReadOnlyList<string>> Listening,
    Func<IReadOnlyList<UpstreamContract>> Upstreams,
    Func<PosternConfig, CancellationToken, Task> Apply,
    Func<CancellationToken, Task> Stop)
{
    /// <summary>Hears of a reload: from what, and why it was refused; no mistakes when it is in force.</summary>
    public Action<string, IReadOnlyList<string>>? Reloaded { get; init; }

    /// <summary>Takes mail by HTTP; null where none is taken.</summary>
    public MailInjector? Http { get; init; }

    /// <summary>Completes when the relay has shown that it works; null where there is nothing to ask.</summary>
    public Func<Task>? Pulse { get; init; }

    /// <summary>Null where nothing is shaped.</summary>
    public RelayShaping? Shaping { get; init; }

    /// <summary>Null where nobody looks closely.</summary>
    public RelayDetail? Detail { get; init; }

    /// <summary>Null where nothing is explained.</summary>
    public RelayInsight? Insight { get; init; }
}

/// <summary>Starts a relay. Throws StoreException and ListenException with one line for the operator.</summary>
internal delegate Task<RunningRelay> RelayStarter(PosternConfig config, ILoggerFactory logs, CancellationToken cancel);
