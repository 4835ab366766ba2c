using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Postern.Benchmarks.Relay;

/// <summary>A published postern that serves one configuration. Its log is read and thrown away; it ends with this object.</summary>
internal sealed class RelayProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly Task _log;
    private readonly IPEndPoint _http;
    private readonly HttpClient _client = new();

    private RelayProcess(Process process, IPEndPoint http)
    {
        (_process, _http) = (process, http);
        // A line per attempt: read, or it would stand still.
        _log = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
    }

    public int Id => _process.Id;

    /// <summary>CPU time used so far, in seconds.</summary>
    public double CpuSeconds => _process.TotalProcessorTime.TotalSeconds;

    /// <summary>Returns when it greets.</summary>
    public static async Task<RelayProcess> StartAsync(string program, string config, IPEndPoint smtp, IPEndPoint http)
    {
        var relay = new RelayProcess(Process.Start(new ProcessStartInfo(program, ["serve", "--config", config]) { RedirectStandardOutput = true })!, http);
        try
        {
            await relay.GreetingAsync(smtp);
            return relay;
        }
        catch
        {
            await relay.DisposeAsync();
            throw;
        }
    }

    private async Task GreetingAsync(IPEndPoint smtp)
    {
        long began = TimeProvider.System.GetTimestamp();
        byte[] reply = new byte[512];
        while (true)
        {
            if (_process.HasExited || TimeProvider.System.GetElapsedTime(began) > Patience) throw new InvalidOperationException("the relay did not come up");
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await client.ConnectAsync(smtp);
                int count = await client.ReceiveAsync(reply);
                if (Encoding.ASCII.GetString(reply, 0, count).StartsWith("220 ", StringComparison.Ordinal)) return;
                throw new InvalidOperationException("the relay greeted with something else");
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
            }
        }
    }

    /// <summary>Messages that wait.</summary>
    public async Task<long> WaitingAsync()
    {
        using var status = JsonDocument.Parse(await _client.GetStringAsync(new Uri($"http://{_http}/api/v1/status")));
        return status.RootElement.GetProperty("queue").GetProperty("messages").GetInt64();
    }

    /// <summary>Stops it in good order; returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        using (var stop = Process.Start("kill", Store.WaitingBenchmark.Text(_process.Id))) await stop.WaitForExitAsync();
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        await _log;
        _process.Dispose();
        _client.Dispose();
    }

    public static IPEndPoint FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)probe.LocalEndPoint!;
    }
}
