using Postern.Core.Queue;

namespace Postern.Core.Submission;

/// <summary>
/// Whether the store takes mail, remembered from the last look: MAIL must be answered without taking the store's statistics each time. A message that
/// slips in between is refused at DATA by the store itself.
/// </summary>
internal sealed class StoreRoom(IQueueStore store)
{
    private volatile bool _hasRoom = true;

    public bool HasRoom => _hasRoom;

    /// <summary>Called once per second.</summary>
    public void Look() => _hasRoom = store.Stats.AcceptsMail;
}
