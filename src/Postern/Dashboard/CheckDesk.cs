using Postern.Api;
using Postern.Diagnosis.Checks;

namespace Postern.Dashboard;

/// <summary>Runs checks for the pages: at most two at once, since each opens dozens of connections.</summary>
internal sealed class CheckDesk(RelayView relay) : IDisposable
{
    private const int MaxChecks = 2;

    private readonly SemaphoreSlim _checks = new(MaxChecks);

    /// <summary>Null when others are under way.</summary>
    /// <exception cref="FormatException">Not a target; the message says what is wrong.</exception>
    public async Task<CheckResult?> RunAsync(string target, Action<CheckEvent> told, CancellationToken cancel)
    {
        if (relay.Detail() is not { } detail) throw new FormatException("the relay is starting; try again in a moment");
        if (!await _checks.WaitAsync(TimeSpan.Zero, cancel)) return null;
        try
        {
            return await detail.Check(target, new Teller(told), cancel);
        }
        finally
        {
            _checks.Release();
        }
    }

    public void Dispose() => _checks.Dispose();

    /// <summary>At once and in order, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Teller(Action<CheckEvent> told) : IProgress<CheckEvent>
    {
        public void Report(CheckEvent value) => told(value);
    }
}
