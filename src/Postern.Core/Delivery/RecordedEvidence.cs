using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>What a session's recorder kept, as evidence.</summary>
internal static class RecordedEvidence
{
    public static AttemptEvidence With(this AttemptEvidence evidence, SessionRecorder recorder) => evidence with
    {
        Timings = [.. recorder.Timings().Select(t => new StageTiming(t.Stage, t.Milliseconds))],
        Connects = [.. recorder.Connects().Select(c => new ConnectObservation(c.Address, c.Port, c.LocalAddress, c.Error, c.Milliseconds))],
        Transcript = [.. recorder.Dialogue().Select(l => new TranscriptLine(l.FromPeer, l.AtMilliseconds, l.Text))],
    };
}
