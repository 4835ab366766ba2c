using System.Diagnostics;

namespace Postern.Benchmarks.Loop;

/// <summary>
/// The machine to oneself, for a phase that loads it: one at a time among the nets of this run, and among whatever else is measured or built when LOOP_TURN names a command
/// that repeats a line when it is our turn and ends with its input ("flock FILE cat"). Disposing gives it back.
/// </summary>
internal sealed class Turn : IDisposable
{
    private static readonly SemaphoreSlim OneAtATime = new(1);

    private readonly Process? _holder;
    private bool _isOver;

    private Turn(Process? holder) => _holder = holder;

    public static async Task<Turn> TakeAsync()
    {
        await OneAtATime.WaitAsync();
        if (Environment.GetEnvironmentVariable("LOOP_TURN") is not { Length: > 0 } command) return new Turn(null);
        var holder = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await holder.StandardInput.WriteLineAsync("our turn");
        await holder.StandardInput.FlushAsync();
        if (await holder.StandardOutput.ReadLineAsync() is null) throw new InvalidOperationException($"\"{command}\" ended before it was our turn");
        return new Turn(holder);
    }

    public void Dispose()
    {
        if (_isOver) return;
        _isOver = true;
        _holder?.StandardInput.Close();
        _holder?.WaitForExit();
        _holder?.Dispose();
        OneAtATime.Release();
    }
}
