using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Checks;

/// <summary>One check under way: its clock, its limits, what its stages brought.</summary>
internal sealed class CheckRun : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<CheckStage, IReadOnlyList<Fact>> _facts = [];
    private readonly TimeProvider _time;
    private readonly IProgress<CheckEvent>? _progress;
    private readonly CancellationToken _cancel;
    private readonly CancellationTokenSource _late;
    private readonly CancellationTokenSource _either;
    private readonly long _begun;

    public CheckRun(TimeProvider time, TimeSpan deadline, IProgress<CheckEvent>? progress, CancellationToken cancel)
    {
        _time = time;
        _progress = progress;
        _cancel = cancel;
        _begun = time.GetTimestamp();
        _late = new CancellationTokenSource(deadline, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_late.Token, cancel);
    }

    public TimeSpan Elapsed => _time.GetElapsedTime(_begun);

    /// <summary>Runs one stage; its end by the deadline is told, not thrown.</summary>
    public async Task StartAsync(CheckStage stage, Func<CancellationToken, ValueTask<IReadOnlyList<Fact>>> probe)
    {
        Tell(stage, CheckProgress.Began, []);
        try
        {
            // A probe that does not listen must not hold the verdict up.
            var facts = await probe(_either.Token).AsTask().WaitAsync(_either.Token);
            lock (_lock) _facts[stage] = facts;
            Tell(stage, CheckProgress.Ended, facts);
        }
        catch (OperationCanceledException) when (_either.IsCancellationRequested)
        {
            if (!_cancel.IsCancellationRequested) Tell(stage, CheckProgress.TimedOut, []);
        }
    }

    public void Skip(CheckStage stage) => Tell(stage, CheckProgress.Skipped, []);

    /// <summary>What is still under way has only so long from now.</summary>
    public void Hurry(TimeSpan left) => _late.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);

    public IReadOnlyList<Fact> FactsOf(CheckStage stage)
    {
        lock (_lock) return _facts.GetValueOrDefault(stage, []);
    }

    /// <summary>All, in the order of the stages.</summary>
    public IReadOnlyList<Fact> Facts()
    {
        lock (_lock) return [.. _facts.Values.SelectMany(f => f)];
    }

    public void Dispose()
    {
        _either.Dispose();
        _late.Dispose();
    }

    private void Tell(CheckStage stage, CheckProgress progress, IReadOnlyList<Fact> facts) => _progress?.Report(new CheckEvent(stage, progress, facts, Elapsed));
}
