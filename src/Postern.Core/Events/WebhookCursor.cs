using System.Globalization;

namespace Postern.Core.Events;

/// <summary>
/// How far a webhook has been told, as a small file beside the events, replaced whole. Lost or old, it means that events are sent twice, under the same id; never that
/// one is left out.
/// </summary>
internal sealed class WebhookCursor(string folder, string name)
{
    private readonly string _path = Path.Combine(folder, "webhook-" + name + ".cursor");

    /// <summary>Null for a webhook that was never told anything.</summary>
    public long? Read() =>
        File.Exists(_path) && long.TryParse(File.ReadAllText(_path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? id : null;

    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Write(long id)
    {
        string next = _path + ".new";
        File.WriteAllText(next, id.ToString(CultureInfo.InvariantCulture) + "\n");
        File.Move(next, _path, overwrite: true);
    }
}
