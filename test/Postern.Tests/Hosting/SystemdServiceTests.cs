using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Hosting;

namespace Postern.Tests.Hosting;

/// <summary>What systemd hears, on a real socket, with a clock that moves by hand.</summary>
public sealed class SystemdServiceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-sd-").FullName;
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<string, string> _environment = new();

    public SystemdServiceTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "systemd is not for Windows");
        string path = Path.Combine(_folder, "notify");
        _manager.Bind(new UnixDomainSocketEndPoint(path));
        _environment["NOTIFY_SOCKET"] = path;
    }

    public void Dispose()
    {
        _manager.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private SystemdService Start() => SystemdService.Of(_environment.GetValueOrDefault, _time)!;

    private async Task<string> HearAsync()
    {
        byte[] buffer = new byte[4096];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        return Encoding.UTF8.GetString(buffer, 0, await _manager.ReceiveAsync(buffer, SocketFlags.None, limit.Token));
    }

    [Fact]
    public void Without_a_manager_there_is_nothing_to_tell()
    {
        _environment.Clear();
        Assert.Null(SystemdService.Of(_environment.GetValueOrDefault, _time));
    }

    [Fact]
    public async Task Start_reload_and_stop_are_told_in_their_words()
    {
        await using var service = Start();
        Assert.Equal("EXTEND_TIMEOUT_USEC=60000000\nSTATUS=reading the queue", await HearAsync());
        service.Ready("relay.example.net takes mail on 127.0.0.1:2525", null, NullLogger.Instance);
        Assert.StartsWith("READY=1\nSTATUS=relay.example.net takes mail on 127.0.0.1:2525\nMAINPID=", await HearAsync(), StringComparison.Ordinal);
        service.Reloading();
        Assert.Matches("^RELOADING=1\nMONOTONIC_USEC=[0-9]+\n", await HearAsync());
        service.Reloaded("again");
        Assert.Equal("READY=1\nSTATUS=again", await HearAsync());
        service.Stopping(TimeSpan.FromSeconds(30));
        Assert.StartsWith("STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000\n", await HearAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_start_asks_for_more_time_again_and_again()
    {
        await using var service = Start();
        await HearAsync();
        for (int i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            Assert.Equal("EXTEND_TIMEOUT_USEC=60000000\nWATCHDOG=1", await HearAsync());
        }
    }

    [Fact]
    public async Task The_watchdog_is_fed_only_while_the_relay_answers()
    {
        _environment["WATCHDOG_USEC"] = "9000000";
        await using var service = Start();
        await HearAsync();
        var stuck = new TaskCompletionSource();
        bool isStuck = false;
        service.Ready("ready", () => isStuck ? stuck.Task : Task.CompletedTask, NullLogger.Instance);
        await HearAsync();
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("WATCHDOG=1", await HearAsync());
        isStuck = true;
        for (int i = 0; i < 5; i++) _time.Advance(TimeSpan.FromSeconds(3));
        // What is heard next was said after the silence.
        service.Reloaded("still here");
        Assert.Equal("READY=1\nSTATUS=still here", await HearAsync());
        Assert.Equal(0, _manager.Available);
    }

    [Fact]
    public async Task A_watchdog_meant_for_another_process_is_not_fed()
    {
        _environment["WATCHDOG_USEC"] = "9000000";
        _environment["WATCHDOG_PID"] = "1";
        await using var service = Start();
        await HearAsync();
        service.Ready("ready", () => Task.CompletedTask, NullLogger.Instance);
        await HearAsync();
        for (int i = 0; i < 5; i++) _time.Advance(TimeSpan.FromSeconds(10));
        service.Reloaded("last");
        Assert.Equal("READY=1\nSTATUS=last", await HearAsync());
    }

    [Fact]
    public async Task A_manager_that_is_gone_does_no_harm()
    {
        await using var service = Start();
        _manager.Dispose();
        service.Ready("ready", null, NullLogger.Instance);
        service.Stopping(TimeSpan.FromSeconds(1));
    }
}
