using System.Buffers;

namespace Postern.Protocols.Smtp;

/// <summary>
/// The buffers between a session and its stream. Replies are gathered and go out when the input is empty, which is what RFC 2920 section 3.2 asks.
/// Both buffers are pooled and given back by <see cref="Release"/>, so that an idle session holds none.
/// </summary>
internal struct SessionWire(int inputBytes)
{
    private const int OutputBytes = 2048, LargeInputBytes = 64 << 10;

    private byte[]? _input, _output;
    private int _start, _end, _pending;

    public readonly bool IsEmpty => _start == _end;
    public readonly bool HasPending => _pending > 0;
    public readonly ReadOnlyMemory<byte> Input => _input.AsMemory(_start, _end - _start);
    public readonly bool IsFull => _input is not null && _start == 0 && _end == _input.Length;
    public readonly ReadOnlyMemory<byte> Pending => _output.AsMemory(0, _pending);

    public void Advance(int count)
    {
        _start += count;
        if (_start == _end) _start = _end = 0;
    }

    /// <summary>Room for the next read behind what is there; never empty unless <see cref="IsFull"/>.</summary>
    public Memory<byte> Room(bool large)
    {
        if (large && IsEmpty && _input is not null && _input.Length < LargeInputBytes && _wasFull) Swap(LargeInputBytes);
        _input ??= ArrayPool<byte>.Shared.Rent(inputBytes);
        if (_start > 0)
        {
            _input.AsSpan(_start, _end - _start).CopyTo(_input);
            _end -= _start;
            _start = 0;
        }
        return _input.AsMemory(_end);
    }

    private bool _wasFull;

    public void Filled(int count)
    {
        _end += count;
        _wasFull = _end == _input!.Length;
    }

    /// <summary>False when there is no room: flush, or send it on its own when it is larger than the buffer.</summary>
    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        _output ??= ArrayPool<byte>.Shared.Rent(OutputBytes);
        if (!bytes.TryCopyTo(_output.AsSpan(_pending))) return false;
        _pending += bytes.Length;
        return true;
    }

    public void Flushed() => _pending = 0;

    public void Release()
    {
        if (_input is not null && IsEmpty) Return(ref _input);
        if (_output is not null && _pending == 0) Return(ref _output);
    }

    public void Drop()
    {
        _start = _end = _pending = 0;
        Release();
    }

    private void Swap(int size)
    {
        Return(ref _input);
        _input = ArrayPool<byte>.Shared.Rent(size);
    }

    private static void Return(ref byte[]? buffer)
    {
        ArrayPool<byte>.Shared.Return(buffer!);
        buffer = null;
    }
}
