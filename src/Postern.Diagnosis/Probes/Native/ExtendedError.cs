using System.Net;
using System.Runtime.InteropServices;

namespace Postern.Diagnosis.Probes.Native;

/// <summary>Where an error in a socket's error queue comes from (SO_EE_ORIGIN_* of linux/errqueue.h).</summary>
internal enum ErrorOrigin : byte { None, Local, Icmp, Icmp6 }

/// <summary>One entry of a socket's error queue: sock_extended_err with the offender behind it (ip(7), IP_RECVERR).</summary>
/// <param name="Errno">What the kernel made of it for the socket.</param>
/// <param name="Offender">Who sent it; null when the kernel does not say.</param>
internal readonly record struct ExtendedError(int Errno, ErrorOrigin Origin, int Type, int Code, IPAddress? Offender)
{
    private const int LevelIp = 0, IpRecvErr = 11, LevelIpv6 = 41, Ipv6RecvErr = 25;
    private const int FamilyInet = 2, FamilyInet6 = 10;
    private const int FixedBytes = 16;

    /// <summary>The first error in the control part of a message; false when there is none or the bytes are not whole. Never reads beyond them.</summary>
    /// <param name="control">As recvmsg filled it, in this machine's byte order and word size.</param>
    public static bool TryParse(ReadOnlySpan<byte> control, out ExtendedError error)
    {
        // struct cmsghdr: size_t cmsg_len (header included), int level, int type; the next one begins at a multiple of size_t.
        int word = nint.Size, header = word + 8;
        while (control.Length >= header)
        {
            nuint length = MemoryMarshal.Read<nuint>(control);
            if (length < (nuint)header || length > (nuint)control.Length) break;
            int level = MemoryMarshal.Read<int>(control[word..]), type = MemoryMarshal.Read<int>(control[(word + 4)..]);
            if ((level, type) is (LevelIp, IpRecvErr) or (LevelIpv6, Ipv6RecvErr) && TryParseError(control[header..(int)length], out error)) return true;
            int next = ((int)length + word - 1) / word * word;
            if (next >= control.Length) break;
            control = control[next..];
        }

        error = default;
        return false;
    }

    /// <summary>u32 errno, u8 origin, type, code, padding, u32 info, u32 data, then the offender's sockaddr.</summary>
    private static bool TryParseError(ReadOnlySpan<byte> data, out ExtendedError error)
    {
        error = default;
        if (data.Length < FixedBytes || data[4] > (byte)ErrorOrigin.Icmp6) return false;
        error = new ExtendedError(MemoryMarshal.Read<int>(data), (ErrorOrigin)data[4], data[5], data[6], ParseAddress(data[FixedBytes..]));
        return true;
    }

    private static IPAddress? ParseAddress(ReadOnlySpan<byte> socketAddress) =>
        (socketAddress.Length < 2 ? 0 : MemoryMarshal.Read<ushort>(socketAddress)) switch
        {
            FamilyInet when socketAddress.Length >= 8 => new IPAddress(socketAddress.Slice(4, 4)),
            // The scope of a link-local router says nothing to a reader elsewhere; left out.
            FamilyInet6 when socketAddress.Length >= 24 => new IPAddress(socketAddress.Slice(8, 16)),
            _ => null,
        };
}
