using System.Globalization;
using Postern.Core.Configuration;

namespace Postern.Core.Queue.Embedded;

/// <summary>Prepares the data folder and keeps a second process from it.</summary>
internal static class StoreLock
{
    /// <exception cref="StoreException">With what is wrong and how to mend it.</exception>
    public static StorageFolder Prepare(string folder, out IDisposable held)
    {
        string path = Path.GetFullPath(folder);
        string journal = Path.Combine(path, "journal");
        try
        {
            Directory.CreateDirectory(journal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"the data folder {path} cannot be created: {Reason(error)}; {Mend(error, "create it for")}", error);
        }
        held = Hold(path);
        return new DiskFolder(journal);
    }

    private static FileStream Hold(string path)
    {
        string file = Path.Combine(path, "lock");
        try
        {
            // FileShare.None is flock on Unix: it goes with the process, however that ends.
            var stream = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            // A file of its own: the locked one cannot be opened by the process that wants to know.
            File.WriteAllText(PidFile(path), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return stream;
        }
        catch (Exception error) when (error is UnauthorizedAccessException || (error is IOException held && !IsHeld(held)))
        {
            throw new StoreException($"the data folder {path} cannot be written: {Reason(error)}; {Mend(error, "give it to")}", error);
        }
        catch (IOException error)
        {
            throw new StoreException($"the data folder {path} is in use{Holder(path)}; stop that process, or set server.data to another folder", error);
        }
    }

    /// <summary>Somebody else's lock, and not a full, broken or read-only disk: EWOULDBLOCK of Linux and macOS, ERROR_SHARING_VIOLATION of Windows.</summary>
    private static bool IsHeld(IOException error) => error.HResult is 11 or 35 or unchecked((int)0x80070020);

    private static string Reason(Exception error) => error switch
    {
        UnauthorizedAccessException => "this user may not",
        FileNotFoundException or DirectoryNotFoundException => "the system does not allow it there",
        _ => SystemText.Of(error),
    };

    /// <summary>ENOSPC, or ERROR_DISK_FULL of Windows.</summary>
    public static bool IsDiskFull(Exception error) => error.HResult is 28 or unchecked((int)0x80070070);

    private static string Mend(Exception error, string give) => error switch
    {
        UnauthorizedAccessException => $"{give} the user that postern runs as, or set server.data to another folder",
        _ when IsDiskFull(error) => "make room on that disk, or set server.data to a folder on a larger one",
        _ => "set server.data to a folder that can be written",
    };

    private static string PidFile(string path) => Path.Combine(path, "lock.pid");

    private static string Holder(string path)
    {
        try
        {
            return int.TryParse(File.ReadAllText(PidFile(path)), NumberStyles.None, CultureInfo.InvariantCulture, out int process) ? $" by process {process}" : " by another process";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return " by another process";
        }
    }
}
