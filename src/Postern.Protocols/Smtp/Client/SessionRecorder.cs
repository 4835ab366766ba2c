using Postern.Protocols.Tls;

namespace Postern.Protocols.Smtp;

/// <summary>One TCP connection tried. <see cref="Error"/> is null when it connected.</summary>
/// <param name="Kind">Of the failure; null when it connected.</param>
public readonly record struct ConnectTry(string Address, int Port, string? LocalAddress, string? Error, double Milliseconds, FailureKind? Kind = null);

/// <summary>One line of a dialogue, rendered; secrets are "***".</summary>
public readonly record struct DialogueLine(bool FromPeer, double AtMilliseconds, string Text);

/// <summary>
/// Collects what one attempt does: stages with their times, connections tried, the dialogue. Entries are kept as they come and
/// turned into text only when asked for, so that a delivery that goes well pays next to nothing. Bounded. Not thread safe, but for connects.
/// </summary>
public sealed class SessionRecorder(TimeProvider time)
{
    public const int MaxDialogueLines = 60;
    public const int MaxLineLength = 512;
    public const int MaxConnects = 16;
    private const int MaxTimings = 32;

    private readonly record struct Entry(long At, bool FromPeer, object What);

    private readonly List<Entry> _dialogue = new(8);
    private readonly List<(ClientStage Stage, long Ticks)> _timings = new(6);
    private readonly Lock _connectLock = new();
    private List<ConnectTry>? _connects;
    private long _begun = time.GetTimestamp();
    private ClientStage _stage;
    private long _stageBegun = -1;

    /// <summary>Whole time since <see cref="Restart"/> or construction.</summary>
    public double ElapsedMilliseconds => Between(_begun, time.GetTimestamp());

    /// <summary>What TLS came to, also when the session could not be opened for it.</summary>
    public TlsObservation? Tls { get; internal set; }

    public ClientStage StageReached { get; private set; }

    /// <summary>Forgets everything; for use with the next message.</summary>
    public void Restart()
    {
        _dialogue.Clear();
        _timings.Clear();
        _connects = null;
        _begun = time.GetTimestamp();
        _stageBegun = -1;
        StageReached = default;
        Tls = null;
    }

    public IReadOnlyList<(ClientStage Stage, double Milliseconds)> Timings() =>
        _timings.ConvertAll(t => (t.Stage, Between(0, t.Ticks)));

    public IReadOnlyList<ConnectTry> Connects()
    {
        lock (_connectLock) return _connects is null ? [] : [.. _connects];
    }

    /// <summary>The dialogue as text, at most <see cref="MaxDialogueLines"/> lines of <see cref="MaxLineLength"/> characters.</summary>
    public IReadOnlyList<DialogueLine> Dialogue()
    {
        var lines = new List<DialogueLine>(_dialogue.Count);
        foreach (var entry in _dialogue)
        {
            string text = entry.What switch
            {
                MailCommand mail => $"MAIL FROM:{mail.From}",
                RcptCommand rcpt => $"RCPT TO:{rcpt.To}",
                var other => other.ToString() ?? "",
            };
            lines.Add(new DialogueLine(entry.FromPeer, Between(_begun, entry.At), text.Length > MaxLineLength ? text[..MaxLineLength] : text));
        }

        return lines;
    }

    internal void Enter(ClientStage stage)
    {
        long now = time.GetTimestamp();
        Close(now);
        _stage = stage;
        _stageBegun = now;
        if (stage > StageReached && stage < ClientStage.Rset) StageReached = stage;
    }

    internal void Leave() => Close(time.GetTimestamp());

    /// <param name="what">A string, a <see cref="MailCommand"/> or a <see cref="RcptCommand"/>; never a secret.</param>
    internal void Sent(object what) => Add(false, what);

    internal void Heard(object what) => Add(true, what);

    internal void Connected(ConnectTry connect)
    {
        lock (_connectLock)
        {
            _connects ??= [];
            if (_connects.Count < MaxConnects) _connects.Add(connect);
        }
    }

    private void Add(bool fromPeer, object what)
    {
        if (_dialogue.Count < MaxDialogueLines) _dialogue.Add(new Entry(time.GetTimestamp(), fromPeer, what));
    }

    private void Close(long now)
    {
        if (_stageBegun < 0) return;
        if (_timings.Count < MaxTimings) _timings.Add((_stage, now - _stageBegun));
        _stageBegun = -1;
    }

    private double Between(long from, long to) => Math.Round((to - from) * 1000.0 / time.TimestampFrequency, 3);
}
