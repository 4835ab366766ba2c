using System.Net;

namespace Postern.Core.Submission;

/// <summary>
/// All open client connections, of every listener: counted together and by address, swept for deadlines, waited for at stop. A linked list under one
/// lock, held for nanoseconds: entering and leaving must cost less than the accept itself. Thread safe.
/// </summary>
internal sealed class ConnectionTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private ClientConnection? _first;
    private int _count;
    private TaskCompletionSource? _empty;

    public int Count => Volatile.Read(ref _count);

    /// <summary>False when there are <paramref name="max"/> already.</summary>
    public bool TryEnter(ClientConnection connection, int max)
    {
        lock (_lock)
        {
            if (_count >= max) return false;
            connection.Next = _first;
            if (_first is not null) _first.Previous = connection;
            _first = connection;
            _count++;
            return true;
        }
    }

    public void Leave(ClientConnection connection)
    {
        TaskCompletionSource? empty = null;
        lock (_lock)
        {
            if (connection.Previous is { } previous) previous.Next = connection.Next;
            else _first = connection.Next;
            if (connection.Next is { } next) next.Previous = connection.Previous;
            connection.Next = connection.Previous = null;
            if (--_count == 0) (empty, _empty) = (_empty, null);
        }
        empty?.TrySetResult();
    }

    /// <summary>False when the address has <paramref name="max"/> already; otherwise to be followed by <see cref="RemoveAddress"/>.</summary>
    public bool TryAddAddress(IPAddress address, int max)
    {
        lock (_lock)
        {
            ref int count = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_byAddress, address, out _);
            if (count >= max) return false;
            count++;
            return true;
        }
    }

    public void RemoveAddress(IPAddress address)
    {
        lock (_lock)
        {
            int count = _byAddress[address] - 1;
            if (count == 0) _byAddress.Remove(address);
            else _byAddress[address] = count;
        }
    }

    /// <summary>A copy, to be worked through without the lock.</summary>
    public void CopyTo(List<ClientConnection> list)
    {
        lock (_lock)
        {
            list.EnsureCapacity(_count);
            for (var connection = _first; connection is not null; connection = connection.Next) list.Add(connection);
        }
    }

    /// <summary>Ends when no connection is open.</summary>
    public Task WhenEmptyAsync()
    {
        lock (_lock)
        {
            if (_count == 0) return Task.CompletedTask;
            _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _empty.Task;
        }
    }
}
