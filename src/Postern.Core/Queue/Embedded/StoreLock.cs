using System.Globalization;

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
            throw new StoreException($"the data folder {path} cannot be created: {error.Message}; create it for the user that postern runs as, or set server.data to another", error);
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
        catch (UnauthorizedAccessException error)
        {
            throw new StoreException($"the data folder {path} cannot be written: {error.Message}; give it to the user that postern runs as, or set server.data to another", error);
        }
        catch (IOException error)
        {
            throw new StoreException($"the data folder {path} is in use{Holder(path)}; stop that process, or set server.data to another folder", error);
        }
    }

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
