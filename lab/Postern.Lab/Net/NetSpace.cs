using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Postern.Lab.Net;

/// <summary>
/// One network namespace: a host of the lab. A socket belongs for life to the namespace that its thread was in when it was made, so peers and probes of all
/// hosts live in one process: only the making runs on a thread that has moved.
/// </summary>
internal sealed class NetSpace(string name)
{
    public string Name { get; } = name;
    public string File => "/run/netns/" + Name;

    /// <summary>What a process's /proc/…/ns/net says when it is in here.</summary>
    public string? Identity => _identity ??= Inside(() => System.IO.File.ResolveLinkTarget("/proc/thread-self/ns/net", returnFinalTarget: false)?.Name);
    private string? _identity;

    /// <summary>Runs the work on a thread of its own that has moved there. Only what that thread itself does is inside: nothing awaited.</summary>
    public T Inside<T>(Func<T> work)
    {
        T result = default!;
        Exception? trouble = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter();
                result = work();
            }
            catch (Exception e)
            {
                trouble = e;
            }
        }, 512 << 10) { IsBackground = true, Name = Name };
        thread.Start();
        thread.Join();
        if (trouble is not null) ExceptionDispatchInfo.Throw(trouble);
        return result;
    }

    /// <summary>The same without holding up the caller.</summary>
    public Task<T> InsideAsync<T>(Func<T> work) => Task.Factory.StartNew(() => Inside(work), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>A command line that runs a program there.</summary>
    public IReadOnlyList<string> Command(params IReadOnlyList<string> command) => ["nsenter", "--net=" + File, "--", .. command];

    /// <summary>A TCP connection made from there.</summary>
    /// <exception cref="SocketException">Not connected.</exception>
    public async Task<Socket> ConnectAsync(IPEndPoint to, IPAddress? from, CancellationToken cancel)
    {
        var socket = Inside(() => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            if (from is not null) socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(to, cancel);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Enter()
    {
        int fd = Native.Open(File, Native.CloseOnExec);
        if (fd < 0) throw new IOException($"the network namespace {Name} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        int moved = Native.SetNamespace(fd, Native.NewNetwork);
        string why = Marshal.GetLastPInvokeErrorMessage();
        _ = Native.Close(fd);
        if (moved != 0) throw new IOException($"the network namespace {Name} cannot be entered: {why}");
    }
}
