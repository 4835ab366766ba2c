using Postern.Protocols.Smtp;

namespace Postern.Core.Queue.Embedded;

/// <summary>A leased part. What it shows stays as it was when the lease was taken.</summary>
internal sealed class EmbeddedLease(WaitingMessage message, string destination, string owner) : Lease
{
    private JournalContent? _content;
    private QueuedEnvelope? _envelope;
    private int[] _pending = [];
    private int _attempts;
    private PartFlags _flags;

    public WaitingMessage Message { get; } = message;
    public string Owner { get; } = owner;

    /// <summary>Timestamp of the store's clock at which it lapses. Guarded by the store's gate, as is all below.</summary>
    public long LapsesAt { get; set; }
    public bool IsOver { get; set; }
    public MessageState? State { get; private set; }

    public override MessageId Id => Message.Id;
    public override string Destination { get; } = destination;
    public override QueuedEnvelope Envelope => _envelope!;
    public override IReadOnlyList<int> Pending => _pending;
    public override int Attempts => _attempts;
    public override bool DelayNotified => (_flags & PartFlags.DelayNotified) != 0;
    public override bool BounceRequested => (_flags & PartFlags.BounceRequested) != 0;
    public override MessageContent Content => _content!;

    /// <summary>Call with the store's gate held.</summary>
    public void Attach(MessageState state, in MessagePart part, JournalContent content)
    {
        state.Users++;
        state.Freeze();
        (State, _envelope, _content) = (state, state.Envelope, content);
        _pending = state.Indices(Destination, RecipientStatus.Waiting);
        (_attempts, _flags) = (part.Attempts, part.Flags);
    }

    public override void Dispose() => _content?.Unpin();

    /// <summary>Call with the store's gate held, when the lease ends. What the holder reads stays as it is until disposed.</summary>
    public MessageState End()
    {
        IsOver = true;
        return State!;
    }
}

internal sealed class EmbeddedExport(QueuedEnvelope envelope, JournalContent content) : MessageExport
{
    public override QueuedEnvelope Envelope { get; } = envelope;
    public override MessageContent Content { get; } = content;
    public override void Dispose() => content.Unpin();
}
