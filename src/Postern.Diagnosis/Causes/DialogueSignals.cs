using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using static Postern.Diagnosis.Causes.SignalId;

namespace Postern.Diagnosis.Causes;

/// <summary>What the peer says after connecting, short of a refusal in words (<see cref="ReplySignals"/>): greetings, stages that broke, TLS.</summary>
internal static class DialogueSignals
{
    /// <summary>As Postfix's postscreen_greet_wait holds a greeting back for 6 s; fewer seconds are a slow host.</summary>
    private const double LateMs = 4000;

    private static readonly (string Starts, string Name)[] Protocols =
    [
        ("HTTP/", "HTTP"), ("<!DOCTYPE", "HTTP"), ("<html", "HTTP"), ("SSH-", "SSH"), ("+OK", "POP3"), ("* OK", "IMAP"), ("* BYE", "IMAP"), ("RFB ", "VNC"), ("TLS record", "TLS"),
        (":", "IRC"), ("NOTICE ", "IRC"), ("-ERR", "POP3 or Redis"), ("200 ", "NNTP"), ("201 ", "NNTP"), ("5.", "MySQL"), ("J\0\0\0", "MySQL"),
    ];

    public static void Read(Scene scene, List<Signal> signals)
    {
        if (scene.Greeting is { } greeting) Greeting(scene, greeting, signals);
        foreach (var stage in scene.Stages) Stage(stage, signals);
        foreach (var tls in scene.Tls) Tls(scene, tls, signals);
        if (scene.Ehlos.Find(e => e.Point.Role == PointRole.Target) is { } ehlo)
        {
            if (ehlo.Extensions.Any(IsMasked)) signals.Add(Signal.Of(GreetingMasked, ehlo, "EHLO's answer is overwritten with X: a firewall's SMTP inspection is on the way"));
            if (IsSmartHost(scene) && scene.Port == Submission && scene.Tls.Count == 0 && scene.Replies.Count == 0) signals.Add(Signal.Of(TlsMissing, ehlo, $"{ehlo.Point} offers no STARTTLS"));
            if (IsHealthy(scene)) signals.Add(Signal.Of(Healthy, ehlo, $"{ehlo.Point} greets, answers EHLO and refuses nothing"));
        }
    }

    private const int Submission = 587, Submissions = 465;

    private static bool IsSmartHost(Scene scene) => scene.Evidence.Domain is null && scene.Port is (Submission or Submissions);

    /// <summary>Everything that was tried at the target went well.</summary>
    private static bool IsHealthy(Scene scene) =>
        scene.Replies.Count == 0 && scene.Stages.Count == 0 && scene.Greeting is not { Outcome: not GreetingOutcome.Accepted } && scene.Tls.TrueForAll(t => t.Failure is null) && !scene.ConnectFailed;

    private static void Greeting(Scene scene, GreetingFact greeting, List<Signal> signals)
    {
        switch (greeting.Outcome)
        {
            case GreetingOutcome.Accepted:
                signals.Add(Signal.Of(GreetingOk, greeting));
                if (greeting.Milliseconds > LateMs) signals.Add(Signal.Of(GreetingLate, greeting));
                break;
            case GreetingOutcome.Closed: signals.Add(Signal.Of(GreetingClosed, greeting)); break;
            case GreetingOutcome.Reset: signals.Add(Signal.Of(GreetingReset, greeting)); break;
            case GreetingOutcome.TimedOut: signals.Add(Signal.Of(GreetingNone, greeting)); break;
            case GreetingOutcome.NotSmtp:
                string? other = ProtocolOf(greeting.Text);
                if (other is not null) signals.Add(Signal.Of(GreetingOtherProtocol, greeting, $"what {greeting.Point} speaks is not SMTP: {other}"));
                else signals.Add(Signal.Of(GreetingGarbage, greeting));
                break;
        }
        if (greeting.IsMasked) signals.Add(Signal.Of(GreetingMasked, greeting, $"the greeting of {greeting.Point} is overwritten with asterisks: a firewall's SMTP inspection is on the way"));
        if (greeting.Text is { Length: > 8 } text && scene.Greetings.Find(g => g.Point.Role == PointRole.Control && g.Text == text) is { } same)
            signals.Add(new Signal(GreetingOfControl, $"{same.Point.Host}, an unrelated host, greets with the same words: somebody near us answers for both", Speaker.Network, [greeting, same]));
    }

    private static string? ProtocolOf(string? text)
    {
        if (text is null) return null;
        foreach (var (starts, name) in Protocols)
            if (text.StartsWith(starts, StringComparison.OrdinalIgnoreCase)) return name;
        return null;
    }

    private static void Stage(StageFact fact, List<Signal> signals)
    {
        // The network probes tell of connects, the name probes of look-ups; greetings have a fact of their own where a probe heard them.
        if (fact.Stage <= ClientStage.Connect) return;
        string? id = fact.Kind switch
        {
            FailureKind.ConnectionClosed => fact.Stage == ClientStage.Greeting ? GreetingClosed : StageClosed,
            FailureKind.ConnectionReset => fact.Stage == ClientStage.Greeting ? GreetingReset : StageReset,
            // Small packets pass and full ones do not: a path whose MTU is smaller than both ends believe.
            FailureKind.TimedOut when fact.Stage is ClientStage.TlsHandshake or ClientStage.Body or ClientStage.EndOfData => StageSilentOnBulk,
            FailureKind.TimedOut => fact.Stage == ClientStage.Greeting ? GreetingNone : StageSilent,
            FailureKind.NotSmtp => fact.Stage == ClientStage.Greeting ? GreetingGarbage : StageNotSmtp,
            FailureKind.TlsFailed => TlsHandshakeFailed,
            FailureKind.TlsUnavailable => TlsNotOffered,
            FailureKind.AuthUnavailable => AuthUnavailable,
            FailureKind.TooLarge => TooLarge,
            FailureKind.Unsupported => Unsupported,
            FailureKind.LocalError => StageLocalError,
            _ => null,
        };
        if (id is not null && !signals.Exists(s => s.Id == id)) signals.Add(Signal.Of(id, fact));
    }

    private static void Tls(Scene scene, TlsFact tls, List<Signal> signals)
    {
        if (tls.Failure is { } failure)
        {
            // Silence in the handshake is told by the stage; it may be the path that loses full packets.
            bool isSilence = failure.Contains("timed out", StringComparison.Ordinal) || failure.StartsWith("no TLS handshake", StringComparison.Ordinal);
            string id = isSilence ? StageSilentOnBulk : TlsHandshakeFailed;
            if (!signals.Exists(s => s.Id == id)) signals.Add(Signal.Of(id, tls));
        }
        else if (tls.Seen?.Problem is { } problem)
        {
            bool isExpired = problem.Contains("expired", StringComparison.OrdinalIgnoreCase) || tls.Seen.NotAfter < scene.Evidence.At;
            // Between strangers nobody verifies (RFC 7435); to a smart host we hand credentials and everything else.
            signals.Add(Signal.Of(IsSmartHost(scene) ? TlsUntrusted : isExpired ? TlsExpired : TlsUnverified, tls, $"{tls.Observed}; the certificate: {problem}"));
        }
        else signals.Add(Signal.Of(TlsOk, tls));
    }

    /// <summary>"XXXXXXXA", as ESMTP inspection of a Cisco ASA leaves an extension it does not know.</summary>
    private static bool IsMasked(string extension) => extension.Length >= 4 && extension.AsSpan(0, 4).SequenceEqual("XXXX");
}
