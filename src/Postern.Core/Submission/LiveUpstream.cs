using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>A live session to hand a client's transaction through, or why there is none (its detail is a sentence for a person).</summary>
/// <param name="Diagnosis">What the failure means; null when that is not known.</param>
public readonly record struct LiveOpening(LiveUpstream? Upstream, StageFailure? Failure, DiagnosisReport? Diagnosis = null);

/// <summary>
/// Where the inline modes get their sessions from: the delivery side, with its plans, gates, limits and pool, so that an upstream known to be dead is not
/// tried for every client. Thread safe.
/// </summary>
public interface ILiveUpstreams
{
    /// <param name="destination">Scheduling key, as the router gave it.</param>
    /// <param name="fresh">Only a new session will do: a pooled one turned out to be dead.</param>
    ValueTask<LiveOpening> OpenAsync(string destination, bool fresh, CancellationToken cancel);
}

/// <summary>A session on loan to one transaction. Ends with exactly one of <see cref="Return"/> and <see cref="Drop"/>.</summary>
public abstract class LiveUpstream
{
    public abstract SmtpClientSession Session { get; }

    /// <summary>It has carried mail before, so that its peer may have closed it meanwhile.</summary>
    public abstract bool IsReused { get; }

    /// <summary>The upstream's configured name, or the MX host.</summary>
    public abstract string Name { get; }

    /// <summary>Records the dialogue of this loan.</summary>
    public abstract SessionRecorder Recorder { get; }

    /// <summary>What the transaction came to; told before the loan ends.</summary>
    public LiveTally Tally { get; } = new();

    /// <summary>The transaction is over and the session good for another.</summary>
    public abstract void Return();

    /// <summary>The session broke or is in an unknown state. <paramref name="failure"/> is what is learnt of the upstream; null when it was not its fault.</summary>
    public abstract void Drop(StageFailure? failure);

    /// <summary>What a failure on this session means; files it. Null when that is not known.</summary>
    public virtual DiagnosisReport? Explain(StageFailure failure) => null;
}
