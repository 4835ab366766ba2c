using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postern.Core.Submission.Pickup;

/// <summary>
/// Whether a process has a file open for writing. Linux knows: it refuses a read lease on such a file (fcntl(2), F_SETLEASE). Elsewhere, and for a file
/// of another user when we may not take leases, the answer is no.
/// </summary>
internal static partial class FileWriters
{
    private const int SetSignal = 10, SetLease = 1024, ReadLock = 0, Unlock = 2, SigUrg = 23, TryAgain = 11;

    public static bool Any(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux()) return false;
        // A writer that comes while the lease is held raises a signal: by default SIGIO, which would end the process; SIGURG is ignored.
        if (fcntl(file, SetSignal, SigUrg) != 0) return false;
        if (fcntl(file, SetLease, ReadLock) != 0) return Marshal.GetLastPInvokeError() == TryAgain;
        _ = fcntl(file, SetLease, Unlock);
        return false;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeFileHandle file, int command, nint argument);
}
