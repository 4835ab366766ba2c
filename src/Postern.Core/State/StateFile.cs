using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Postern.Core.Telemetry;

namespace Postern.Core.State;

/// <summary>
/// What the relay knows and would rather not find out anew, as JSON in &lt;data&gt;/state. Worth little enough never to stop a start: a damaged file is set aside under another
/// name, a failed write is tried again by who owns it. Not thread safe; one owner.
/// </summary>
/// <param name="what">For the log: "learned limits".</param>
/// <param name="isWhole">False for what can be parsed and has something missing all the same.</param>
internal sealed class StateFile<T>(string folder, string name, string what, JsonTypeInfo<T> type, Func<T, bool> isWhole, ILogger logger)
    where T : class
{
    private const int MaxFileBytes = 64 << 20;

    /// <summary>Null when there is none, or it was damaged; said in the log.</summary>
    public T? Read(DateTimeOffset now)
    {
        string path = Path.Combine(folder, name);
        try
        {
            if (!File.Exists(path)) return null;
            if (new FileInfo(path).Length > MaxFileBytes) throw new InvalidDataException("it is far larger than anything we write");
            if (JsonSerializer.Deserialize(File.ReadAllBytes(path), type) is not { } content || !isWhole(content)) throw new InvalidDataException("something in it is missing");
            return content;
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            SetAside(path, now, error.Message);
            return null;
        }
    }

    /// <returns>False when it could not be written; said in the log.</returns>
    public bool Write(T content)
    {
        try
        {
            AtomicFile.Write(folder, name, file => JsonSerializer.Serialize(file, content, type));
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            PosternLog.StateNotKept(logger, what, error.Message);
            return false;
        }
    }

    private void SetAside(string path, DateTimeOffset now, string reason)
    {
        string aside = $"{path}.damaged-{now.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture)}";
        try
        {
            File.Move(path, aside, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            reason = $"{reason}; and it could not be renamed: {error.Message}";
        }
        PosternLog.StateSetAside(logger, what, aside, reason);
    }
}
