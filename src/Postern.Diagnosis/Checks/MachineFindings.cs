using System.Globalization;
using System.Runtime.InteropServices;

namespace Postern.Diagnosis.Checks;

/// <summary>The machine's own state: does its clock follow the world's, is there room for the queue.</summary>
internal static partial class MachineFindings
{
    /// <summary>adjtimex(2): the clock is not synchronized.</summary>
    private const int TimeError = 5;

    private const string ClockFix = "Turn time synchronisation on: 'timedatectl set-ntp true', or run chrony or ntpd. A container has its host's clock: mend it there.";

    public static Finding Clock()
    {
        if (!OperatingSystem.IsLinux()) return new Finding("clock", "", FindingState.Unknown, "whether the clock is synchronised can be asked on Linux only");
        // struct timex is 208 bytes on 64-bit Linux; modes 0 only reads, which everybody may.
        int state = AdjustTime(new byte[256]);
        return state switch
        {
            < 0 => new Finding("clock", "", FindingState.Unknown, "the kernel does not say whether the clock is synchronised"),
            TimeError => new Finding("clock", "", FindingState.Warning, "the clock is not synchronised, by the kernel's word: certificates, signatures and dates go wrong when it drifts", ClockFix),
            _ => new Finding("clock", "", FindingState.Good, "the clock is synchronised"),
        };
    }

    public static Finding Disk(string folder, long needed)
    {
        string full = Path.GetFullPath(folder);
        try
        {
            string? exists = full;
            while (exists is not null && !Directory.Exists(exists)) exists = Path.GetDirectoryName(exists);
            long free = new DriveInfo(exists ?? full).AvailableFreeSpace;
            string words = string.Create(CultureInfo.InvariantCulture, $"{free >> 20} MiB free for the queue; new mail is refused below {needed >> 20} MiB (queue.min_free)");
            if (free < needed) return new Finding("disk", full, FindingState.Problem, words, "Make room, or set server.data to a larger disk.");
            return new Finding("disk", full, free < 2 * needed ? FindingState.Warning : FindingState.Good, words);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new Finding("disk", full, FindingState.Unknown, $"the disk of {full} cannot be asked: {e.Message}");
        }
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int AdjustTime(byte[] timex);
}
