using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postern.Lab.Daemons;

/// <summary>
/// A real server program run on loopback in a scratch folder of its own, started and stopped by process id. It can go down and come back with its data.
/// Disposing stops it and removes the folder.
/// </summary>
public abstract class Daemon : IAsyncDisposable
{
    /// <summary>0755, 0711 and 0600.</summary>
    protected const UnixFileMode OpenToAll = PassableByAll | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    protected const UnixFileMode PassableByAll = OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    protected const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private SupervisedProcess? _process;
    private bool _prepared;

    protected Daemon(string name)
    {
        Name = name;
        Folder = Directory.CreateTempSubdirectory($"postern-{name}-").FullName;
        // Daemons that change their user must be able to reach what is theirs.
        SetMode(Folder, OpenToAll);
    }

    public string Name { get; }
    public string Folder { get; }
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>What it has said, on its outputs and in its log file.</summary>
    public string Log => (_process?.Output ?? "") + string.Concat(LogFiles.Where(File.Exists).Select(ReadShared));

    protected virtual IReadOnlyList<string> LogFiles => [];
    protected abstract IReadOnlyList<string> Command { get; }
    protected virtual IReadOnlyDictionary<string, string>? Environment => null;

    /// <summary>Writes what it needs before its first start.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    /// <summary>Asked again and again after the start until it is true.</summary>
    protected abstract Task<bool> IsReadyAsync(CancellationToken cancel);

    /// <summary>Starts it (again) and waits until it answers. Throws with its log when it ends or stays silent for 30 s.</summary>
    public async Task StartAsync(CancellationToken cancel = default)
    {
        if (IsRunning) return;
        if (!_prepared) await PrepareAsync();
        _prepared = true;
        if (_process is not null) await _process.DisposeAsync();
        _process = await SupervisedProcess.StartAsync(Command, Folder, Environment, cancel);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(TimeSpan.FromSeconds(30));
        while (!await IsReadyAsync(late.Token))
        {
            if (_process.HasExited || late.IsCancellationRequested)
                throw new InvalidOperationException($"{Name} {(_process.HasExited ? $"ended with code {_process.ExitCode}" : "did not answer within 30 s")}: {Log}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Ends it in order; its data stays for the next start.</summary>
    public async Task StopAsync()
    {
        if (_process is not null) await _process.StopAsync();
    }

    /// <summary>Sends it a signal by name (HUP, KILL, STOP ...).</summary>
    public async Task SignalAsync(string signal)
    {
        if (_process is not null) await _process.SignalAsync(signal);
    }

    /// <summary>Its exit code, or null when it has not ended in time.</summary>
    public async Task<int?> WaitForExitAsync(TimeSpan limit) => _process is null || !await _process.WaitAsync(limit) ? null : _process.ExitCode;

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (IOException)
        {
            // A straggler of the daemon still writes there; the system's cleaning of the temporary folder takes care of the rest.
        }
        GC.SuppressFinalize(this);
    }

    protected string PathOf(string name) => Path.Combine(Folder, name);

    protected string Write(string name, string text)
    {
        string path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    protected static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, mode);
    }

    /// <summary>True when the port greets with 220.</summary>
    protected static async Task<bool> GreetsAsync(IPAddress address, int port, CancellationToken cancel)
    {
        try
        {
            using var client = new TcpClient(address.AddressFamily);
            await client.ConnectAsync(address, port, cancel);
            var stream = client.GetStream();
            byte[] buffer = new byte[512];
            int read = await stream.ReadAsync(buffer, cancel);
            if (!Encoding.ASCII.GetString(buffer, 0, read).StartsWith("220", StringComparison.Ordinal)) return false;
            await stream.WriteAsync("QUIT\r\n"u8.ToArray(), cancel);
            _ = await stream.ReadAsync(buffer, cancel);
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>True when something listens there.</summary>
    protected static async Task<bool> IsOpenAsync(IPAddress address, int port, CancellationToken cancel)
    {
        try
        {
            using var client = new TcpClient(address.AddressFamily);
            await client.ConnectAsync(address, port, cancel);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Gives a path to another user, when we are root.</summary>
    protected static async Task GiveToAsync(string user, params string[] paths)
    {
        var result = await RunningProgram.RunAsync("chown", ["-R", user, .. paths]);
        if (result.ExitCode != 0) throw new InvalidOperationException($"chown {user}: {result.Output}");
    }

    private static string ReadShared(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }
}
