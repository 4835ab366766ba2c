using Postern.Protocols.Smtp;

namespace Postern.Core.Queue.Embedded;

/// <summary>
/// All of one message but its bytes, as read back from the journal: in memory only while it is leased, changed or fresh.
/// The envelope's recipients carry the current status and destination.
/// </summary>
internal sealed class MessageState(QueuedEnvelope envelope, long contentBytes, int inlineOffset)
{
    public const int MaxReplyChars = 512;
    public const int MaxEvidence = 8;
    private QueuedRecipient[]? _changed;

    public QueuedEnvelope Envelope { get; private set; } = envelope;
    public long ContentBytes { get; } = contentBytes;

    /// <summary>Where the inline body starts in the Accept record.</summary>
    public int InlineOffset { get; } = inlineOffset;

    /// <summary>By recipient; null until one has words.</summary>
    public string?[]? Replies { get; set; }

    /// <summary>Compressed attempts, oldest first.</summary>
    public List<byte[]> Evidence { get; } = [];

    /// <summary>The words that matter: of a recipient that still waits, if there are any.</summary>
    public string? LastReply
    {
        get
        {
            string? last = null;
            var recipients = Envelope.Recipients;
            for (int i = 0; i < recipients.Count; i++)
            {
                if (Replies?[i] is { } reply && (last is null || recipients[i].Status == RecipientStatus.Waiting)) last = reply;
            }
            return last;
        }
    }

    /// <summary>Leases and updates that hold it.</summary>
    public int Users { get; set; }

    public RecipientStatus Status(int index) => Envelope.Recipients[index].Status;

    public void Change(int index, RecipientStatus status, string destination, string? reply)
    {
        if (_changed is null)
        {
            _changed = new QueuedRecipient[Envelope.Recipients.Count];
            for (int i = 0; i < _changed.Length; i++) _changed[i] = Envelope.Recipients[i];
            Envelope = Envelope with { Recipients = _changed };
        }
        _changed[index] = _changed[index] with { Status = status, Destination = destination };
        if (reply is null) return;
        Replies ??= new string?[_changed.Length];
        Replies[index] = reply.Length > MaxReplyChars ? reply[..MaxReplyChars] : reply;
    }

    /// <summary>A lease shows the recipients as they were when it was taken: the next change is made to a copy.</summary>
    public void Freeze() => _changed = null;

    public void AddEvidence(byte[] compressed)
    {
        if (Evidence.Count == MaxEvidence) Evidence.RemoveAt(0);
        Evidence.Add(compressed);
    }

    /// <summary>Recipients of a destination with the given status, by index.</summary>
    public int[] Indices(string destination, RecipientStatus status)
    {
        var recipients = Envelope.Recipients;
        int count = 0;
        for (int i = 0; i < recipients.Count; i++) if (recipients[i].Status == status && recipients[i].Destination == destination) count++;
        var indices = new int[count];
        for (int i = 0, n = 0; n < count; i++) if (recipients[i].Status == status && recipients[i].Destination == destination) indices[n++] = i;
        return indices;
    }

    public int Count(RecipientStatus status)
    {
        var recipients = Envelope.Recipients;
        int count = 0;
        for (int i = 0; i < recipients.Count; i++) if (recipients[i].Status == status) count++;
        return count;
    }
}
