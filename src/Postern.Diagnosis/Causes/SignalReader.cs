namespace Postern.Diagnosis.Causes;

/// <summary>Facts to signals: what each fact, and each combination that only means something together, says of the cause. Pure.</summary>
internal static class SignalReader
{
    /// <summary>In the order of a mail's way: names, connection, path, comparisons, dialogue, replies, lists, record. Subjects that look at others' signals come after them.</summary>
    public static List<Signal> Read(Scene scene)
    {
        var signals = new List<Signal>(16);
        NameSignals.Read(scene, signals);
        TcpSignals.Read(scene, signals);
        PathSignals.Read(scene, signals);
        ControlSignals.Read(scene, signals);
        PortSignals.Read(scene, signals);
        DialogueSignals.Read(scene, signals);
        ReplySignals.Read(scene, signals);
        ListSignals.Read(scene, signals);
        HistorySignals.Read(scene, signals);
        return signals;
    }
}
