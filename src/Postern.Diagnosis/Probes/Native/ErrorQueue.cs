using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Postern.Diagnosis.Probes.Native;

/// <summary>Reads a socket's error queue (Linux; recvmsg with MSG_ERRQUEUE). Needs no privilege.</summary>
internal static unsafe partial class ErrorQueue
{
    private const int MsgErrQueue = 0x2000, MsgDontWait = 0x40;
    private const int MaxEntries = 8;
    private const int ControlBytes = 512;
    private const int AddressBytes = 128;
    private const int PayloadBytes = 64;

    /// <summary>struct iovec.</summary>
    private struct Buffer
    {
        public void* Base;
        public nuint Length;
    }

    /// <summary>struct msghdr, as glibc has it; musl's narrower counts lie in the same places on little-endian machines.</summary>
    private struct Message
    {
        public void* Name;
        public uint NameLength;
        public Buffer* Buffers;
        public nuint BufferCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>The first ICMP error that waits; null when there is none. Takes what it reads out of the queue; never blocks, never throws.</summary>
    public static ExtendedError? Read(SafeSocketHandle socket)
    {
        byte* control = stackalloc byte[ControlBytes];
        byte* address = stackalloc byte[AddressBytes];
        byte* payload = stackalloc byte[PayloadBytes];
        for (int i = 0; i < MaxEntries; i++)
        {
            var buffer = new Buffer { Base = payload, Length = PayloadBytes };
            var message = new Message { Name = address, NameLength = AddressBytes, Buffers = &buffer, BufferCount = 1, Control = control, ControlLength = ControlBytes };
            try
            {
                if (ReceiveMessage(socket, &message, MsgErrQueue | MsgDontWait) < 0) return null;
            }
            catch (Exception e) when (e is ObjectDisposedException or DllNotFoundException or EntryPointNotFoundException)
            {
                return null;
            }

            int filled = (int)Math.Min(message.ControlLength, ControlBytes);
            if (ExtendedError.TryParse(new ReadOnlySpan<byte>(control, filled), out var error) && error.Origin is ErrorOrigin.Icmp or ErrorOrigin.Icmp6) return error;
        }

        return null;
    }

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeSocketHandle socket, Message* message, int flags);
}
