using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Telemetry;

namespace Postern.Core.Submission.Pickup;

/// <summary>
/// One pickup folder: takes each complete .eml file into the store, then moves it to "sent" (or deletes it); an unusable one goes to "bad" with the
/// reason beside it. The message is durable before the file is moved. While it is being taken a file is called <c>name.eml.id.sending</c>, so that after
/// a crash the store can be asked whether it had come in: a duplicate is possible only when it was delivered already.
/// </summary>
/// <remarks>Complete means: same size and time of change at two looks at least a second apart, not locked, and not open for writing where the system tells. Names that begin with a dot, other extensions, and links are left alone. For one caller at a time.</remarks>
internal sealed class PickupFolder(PickupConfig config, SubmissionServices services, SubmissionModel model)
{
    private const string Extension = ".eml";
    private const string SendingExtension = ".sending";
    internal const string StoreFull = "the store has no room";
    private const string BeingWritten = "a process has it open for writing";

    /// <summary>How long a file must not have changed.</summary>
    internal static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);

    /// <summary>How long a file must not have changed that a process still has open for writing. Network shares say so of files that nobody has open, so it is no veto.</summary>
    internal static readonly TimeSpan WriterGrace = TimeSpan.FromSeconds(10);

    // Windows writes .EML as well as .eml, also to a share of ours.
    private static readonly EnumerationOptions AnyCase = new() { MatchCasing = MatchCasing.CaseInsensitive, AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly string _folder = Path.GetFullPath(config.Folder);
    private readonly string _sent = Path.Combine(Path.GetFullPath(config.Folder), "sent");
    private readonly string _bad = Path.Combine(Path.GetFullPath(config.Folder), "bad");
    private readonly PickupReader _reader = new(services, model);
    private Dictionary<string, Seen> _seen = [];

    private readonly record struct Seen(long Length, DateTime Changed, long At, bool Told);

    public string Folder => _folder;

    /// <summary>Makes the folders and settles what a crash left. Throws IOException or UnauthorizedAccessException.</summary>
    public async Task RecoverAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(_sent);
        Directory.CreateDirectory(_bad);
        foreach (string path in Directory.GetFiles(_folder, "*" + Extension + ".*" + SendingExtension, AnyCase))
        {
            string stem = Path.GetFileName(path)[..^SendingExtension.Length];
            int dot = stem.LastIndexOf('.');
            string name = stem[..dot];
            bool kept = MessageId.TryParse(stem.AsSpan(dot + 1), out var id) && await services.Store.ShowAsync(id, cancel).ConfigureAwait(false) is not null;
            if (kept) Finish(path, name);
            else File.Move(path, Free(_folder, name));
        }
    }

    /// <summary>One look at the folder; true when files are there that are not complete yet. Throws IOException or UnauthorizedAccessException when the folder cannot be read.</summary>
    public async Task<bool> LookAsync(CancellationToken cancel)
    {
        var seen = new Dictionary<string, Seen>();
        bool storeIsFull = false, unsettled = false;
        foreach (var file in new DirectoryInfo(_folder).EnumerateFiles("*" + Extension, AnyCase))
        {
            cancel.ThrowIfCancellationRequested();
            if (file.Name[0] == '.' || (file.Attributes & (FileAttributes.ReparsePoint | FileAttributes.Directory)) != 0) continue;
            var now = new Seen(file.Length, file.LastWriteTimeUtc, services.Time.GetTimestamp(), false);
            bool same = _seen.TryGetValue(file.Name, out var before) && before.Length == now.Length && before.Changed == now.Changed;
            var age = services.Time.GetElapsedTime(before.At, now.At);
            if (!same || age < SettleTime)
            {
                seen[file.Name] = same ? before : now;
                unsettled = true;
                continue;
            }
            var result = storeIsFull ? new PickupResult(null, StoreFull) : await TakeAsync(file, age < WriterGrace, before.Told, cancel).ConfigureAwait(false);
            if (result.Later is null) continue;
            seen[file.Name] = before with { Told = true };
            // One file's trouble must not hold up the others; the store's trouble is that of all.
            storeIsFull = result.Later == StoreFull;
            unsettled |= result.Later == BeingWritten;
        }
        _seen = seen;
        return unsettled;
    }

    private async Task<PickupResult> TakeAsync(FileInfo file, bool waitsForWriter, bool told, CancellationToken cancel)
    {
        string path = file.FullName, claimed = path;
        PickupResult result;
        try
        {
            // Nobody may still be writing; where locks are not enforced the two looks have to do.
            using var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Delete, BufferSize = 0, Options = FileOptions.Asynchronous | FileOptions.SequentialScan });
            if (waitsForWriter && FileWriters.Any(stream.SafeFileHandle)) result = new PickupResult(null, BeingWritten);
            else result = await _reader.ReadAsync(stream, id => TryMove(path, claimed = $"{path}.{id}{SendingExtension}"), cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Locked, gone or unreadable: the next look sees it again if it is still there.
            result = new PickupResult(null, e.Message);
        }
        catch (OperationCanceledException)
        {
            if (File.Exists(claimed)) TryMove(claimed, path);
            throw;
        }
        services.Metrics.PickupFiles.Add(1, new KeyValuePair<string, object?>("result", result.Problem is not null ? "bad" : result.Later is not null ? "later" : "sent"));
        if (result.Later is { } reason && !told) PosternLog.PickupWaits(services.Logger, _folder, file.Name, reason);
        Settle(file.Name, path, File.Exists(claimed) ? claimed : path, result);
        return result;
    }

    /// <param name="current">What the file is called now.</param>
    private void Settle(string name, string path, string current, PickupResult result)
    {
        try
        {
            if (result.Problem is { } problem) SetAside(current, name, problem);
            else if (result.Later is null) Finish(current, name);
            else if (current != path) File.Move(current, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A taken file keeps its .sending name, so it is not taken twice; one that is bad is met again at the next look.
            PosternLog.PickupFailing(services.Logger, _folder, e.Message);
        }
    }

    private void Finish(string path, string name)
    {
        if (config.DeleteSent)
        {
            File.Delete(path);
            return;
        }
        // Made again each time: people tidy up.
        Directory.CreateDirectory(_sent);
        File.Move(path, Free(_sent, name));
    }

    private void SetAside(string path, string name, string problem)
    {
        PosternLog.PickupRefused(services.Logger, name, problem);
        Directory.CreateDirectory(_bad);
        string target = Free(_bad, name);
        File.WriteAllText(target + ".reason.txt", problem + Environment.NewLine);
        File.Move(path, target);
    }

    /// <summary>A name that is not taken yet: name.eml, name.1.eml, …</summary>
    private static string Free(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        for (int i = 1; File.Exists(path); i++) path = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(name)}.{i}{Path.GetExtension(name)}");
        return path;
    }

    private static bool TryMove(string from, string to)
    {
        try
        {
            File.Move(from, to);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
