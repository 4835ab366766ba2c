using System.Diagnostics;
using System.Text;

namespace Postern.Lab.Daemons;

/// <summary>
/// One child process with its output kept. A shell stands between: it holds our end of a pipe, and when this process is gone, however that came
/// about, it ends the child. So a killed test run leaves no daemon behind. Thread safe.
/// </summary>
public sealed class SupervisedProcess : IAsyncDisposable
{
    private const int KeptCharacters = 256 << 10;

    // $1... is the command. The reader ends the child when our pipe closes; the shell ends with the child's own code.
    private const string Supervisor = """
        exec 3<&0
        "$@" 3<&- </dev/null &
        child=$!
        { read -r _ <&3; kill -TERM $child 2>/dev/null; sleep 5; kill -KILL $child; } 2>/dev/null >/dev/null &
        reader=$!
        exec 3<&-
        echo "pid $child"
        wait $child
        code=$?
        kill -KILL $reader 2>/dev/null
        exit $code
        """;

    private readonly Process _shell;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<int> _pid = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;

    private SupervisedProcess(Process shell)
    {
        _shell = shell;
        _reading = Task.WhenAll(ReadAsync(shell.StandardOutput, first: true), ReadAsync(shell.StandardError, first: false));
    }

    /// <summary>The child's own process id.</summary>
    public int Id { get; private set; }

    public bool HasExited => _shell.HasExited;

    /// <summary>The exit code; only when <see cref="HasExited"/>. 128 + n when a signal ended it.</summary>
    public int ExitCode => _shell.ExitCode;

    /// <summary>What it has written to standard output and standard error, the last 256 KiB characters.</summary>
    public string Output
    {
        get { lock (_output) return _output.ToString(); }
    }

    public static async Task<SupervisedProcess> StartAsync(IReadOnlyList<string> command, string folder, IReadOnlyDictionary<string, string>? environment, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (IReadOnlyList<string>)["-c", Supervisor, "supervisor", .. command]) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var process = new SupervisedProcess(Process.Start(start)!);
        process.Id = await process._pid.Task.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, cancel);
        return process;
    }

    /// <summary>Waits for its end; false when the time is over.</summary>
    public async Task<bool> WaitAsync(TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit, TimeProvider.System);
        try
        {
            await _shell.WaitForExitAsync(late.Token);
            await _reading.WaitAsync(TimeSpan.FromSeconds(2), TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Sends a signal to the child itself (by name: TERM, KILL, HUP, STOP ...). No effect when it has ended.</summary>
    public async Task SignalAsync(string signal)
    {
        if (HasExited) return;
        using var kill = Process.Start(new ProcessStartInfo("/bin/kill", ["-" + signal, Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]) { RedirectStandardError = true })!;
        await kill.WaitForExitAsync();
    }

    /// <summary>TERM, and KILL when it has not ended in time.</summary>
    public async Task StopAsync(TimeSpan? limit = null)
    {
        await SignalAsync("TERM");
        if (await WaitAsync(limit ?? TimeSpan.FromSeconds(10))) return;
        await SignalAsync("KILL");
        await WaitAsync(TimeSpan.FromSeconds(10));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _shell.Dispose();
    }

    /// <param name="first">The stream that the process id comes on; the other may end before it.</param>
    private async Task ReadAsync(StreamReader reader, bool first)
    {
        bool tellsId = first;
        await Task.Yield();
        while (await reader.ReadLineAsync() is { } line)
        {
            if (first && line.StartsWith("pid ", StringComparison.Ordinal))
            {
                first = false;
                _pid.TrySetResult(int.Parse(line.AsSpan(4), System.Globalization.CultureInfo.InvariantCulture));
                continue;
            }
            lock (_output)
            {
                _output.Append(line).Append('\n');
                if (_output.Length > KeptCharacters) _output.Remove(0, _output.Length - KeptCharacters);
            }
        }
        if (tellsId) _pid.TrySetException(new IOException("the supervising shell ended before it had started the command"));
    }
}
