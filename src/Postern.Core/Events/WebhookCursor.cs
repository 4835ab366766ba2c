using System.Globalization;
using System.Text;
using Postern.Core.State;

namespace Postern.Core.Events;

/// <summary>
/// How far a webhook has been told, as a small file beside the events, replaced whole. Old, it means that events are sent twice, under the same id; damaged, that all that
/// are kept are; never that one is left out.
/// </summary>
internal sealed class WebhookCursor(string folder, string name)
{
    private readonly string _name = "webhook-" + name + ".cursor";

    /// <summary>Null for a webhook that was never told anything.</summary>
    public long? Read()
    {
        string path = Path.Combine(folder, _name);
        if (!File.Exists(path)) return null;
        return long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? id : 0;
    }

    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Write(long id) => AtomicFile.Write(folder, _name, file => file.Write(Encoding.ASCII.GetBytes(id.ToString(CultureInfo.InvariantCulture) + "\n")));
}
