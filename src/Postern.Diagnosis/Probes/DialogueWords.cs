using System.Text;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Diagnosis.Probes;

/// <summary>What a peer says and does before any mail, as facts.</summary>
internal sealed class DialogueWords(ProbePoint point)
{
    private const int MaxGreeting = 1000, MaxReply = 2000, MaxQuoted = 200;

    /// <summary>Of a greeting this share must be asterisks to be called masked: host names have none.</summary>
    private const double MaskedShare = 0.4;

    private readonly string _name = NetWords.NameOf(point);

    public static GreetingOutcome OutcomeOf(FailureKind kind) => kind switch
    {
        FailureKind.ConnectionClosed => GreetingOutcome.Closed,
        FailureKind.TimedOut => GreetingOutcome.TimedOut,
        FailureKind.NotSmtp => GreetingOutcome.NotSmtp,
        _ => GreetingOutcome.Reset,
    };

    public GreetingFact Greeting(SmtpReply reply, TimeSpan took)
    {
        string text = Text(reply, MaxGreeting);
        bool masked = IsMasked(reply.Text);
        var outcome = reply.Code == 220 ? GreetingOutcome.Accepted : reply.Code >= 400 ? GreetingOutcome.Refused : GreetingOutcome.NotSmtp;
        string said = $"{_name} {(outcome == GreetingOutcome.Accepted ? "greets" : outcome == GreetingOutcome.Refused ? "turns us away" : "greets with what is no greeting")} after {NetWords.Duration(took)}: {Quoted(text)}";
        return new GreetingFact
        {
            SaidBy = Speaker.Peer,
            Observed = masked ? said + " (overwritten with asterisks on the way, as a PIX/ASA firewall does)" : said,
            Milliseconds = took.TotalMilliseconds,
            Point = point,
            Outcome = outcome,
            Text = text,
            IsMasked = masked,
        };
    }

    /// <param name="text">What came instead of a reply, or a part of one.</param>
    public GreetingFact NoGreeting(GreetingOutcome outcome, string? text, TimeSpan took) => new()
    {
        SaidBy = outcome == GreetingOutcome.TimedOut ? Speaker.Network : Speaker.Peer,
        Observed = (outcome switch
        {
            GreetingOutcome.Closed => $"{_name} accepted the connection and closed it after {NetWords.Duration(took)} without a greeting",
            GreetingOutcome.TimedOut => $"{_name} accepted the connection and said nothing for {NetWords.Duration(took)}",
            GreetingOutcome.NotSmtp => $"{_name} does not speak SMTP",
            _ => $"{_name} accepted the connection and reset it after {NetWords.Duration(took)} without a greeting",
        }) + (text is null ? "" : $": it sent {Quoted(text)}"),
        Milliseconds = took.TotalMilliseconds,
        Point = point,
        Outcome = outcome,
        Text = text,
        IsMasked = text is not null && IsMasked(text),
    };

    /// <summary>Silent until it was spoken to, and then no mail server.</summary>
    public GreetingFact NotSmtp(string text, TimeSpan silent) => new()
    {
        SaidBy = Speaker.Peer,
        Observed = $"{_name} accepted the connection, said nothing for {NetWords.Duration(silent)}, and answered QUIT with what is not SMTP: {Quoted(text)}",
        Milliseconds = silent.TotalMilliseconds,
        Point = point,
        Outcome = GreetingOutcome.NotSmtp,
        Text = text,
    };

    public EhloFact Ehlo(SmtpReply reply, TimeSpan took)
    {
        string[] offered = [.. reply.Lines.Skip(1)];
        return new EhloFact
        {
            SaidBy = Speaker.Peer,
            Observed = offered.Length == 0 ? $"{_name} answers EHLO and offers nothing" : $"{_name} offers {string.Join(", ", offered)}",
            Milliseconds = took.TotalMilliseconds,
            Point = point,
            Extensions = offered,
            IsMasked = offered.Any(IsOverwritten),
        };
    }

    public EhloFact HeloOnly(SmtpReply refused, TimeSpan took) => new()
    {
        SaidBy = Speaker.Peer,
        Observed = $"{_name} does not know EHLO ({refused}) but takes HELO",
        Milliseconds = took.TotalMilliseconds,
        Point = point,
        Extensions = [],
    };

    public TlsFact Tls(TlsObservation? seen, string? failure, TimeSpan took)
    {
        string certificate = seen?.PeerSubject is { } subject ? $"certificate {subject} by {seen.PeerIssuer}, {(seen.Problem is { } problem ? $"but {problem}" : $"valid until {seen.NotAfter:yyyy-MM-dd}")}" : "no certificate";
        return new TlsFact
        {
            SaidBy = failure is null ? Speaker.Peer : Speaker.Network,
            Observed = failure is null ? $"{_name} speaks {seen!.Protocol}; {certificate}" : $"TLS with {_name} failed: {failure}",
            Milliseconds = took.TotalMilliseconds,
            Point = point,
            Seen = seen,
            Failure = failure,
        };
    }

    public ReplyFact Refusal(ClientStage stage, SmtpReply reply, TimeSpan took)
    {
        string text = Text(reply, MaxReply);
        return new ReplyFact { SaidBy = Speaker.Peer, Observed = $"{_name} said {Quoted(text)}, while {ClientStageTable.Of(stage).Phrase}", Milliseconds = took.TotalMilliseconds, Point = point, Stage = stage, Reply = text };
    }

    public StageFact Stage(StageFailure failure, TimeSpan took)
    {
        string did = failure.Kind switch
        {
            FailureKind.ConnectionClosed => "closed the connection",
            FailureKind.ConnectionReset => "reset the connection",
            FailureKind.TimedOut => $"said nothing for {NetWords.Duration(took)}",
            FailureKind.NotSmtp => "sent what is no SMTP reply",
            _ => "was lost",
        };
        return new StageFact { SaidBy = failure.Speaker, Observed = $"{_name} {did} while {ClientStageTable.Of(failure.Stage).Phrase}", Milliseconds = took.TotalMilliseconds, Point = point, Stage = failure.Stage, Kind = failure.Kind };
    }

    internal static bool IsMasked(string text)
    {
        int asterisks = text.Count(c => c == '*'), others = text.Count(c => c is not ('*' or ' '));
        return asterisks >= 4 && asterisks >= MaskedShare * (asterisks + others);
    }

    /// <summary>"XXXXXXXA", which the firewall makes of a keyword that it does not want to be seen.</summary>
    private static bool IsOverwritten(string line) => line.Length >= 4 && line.AsSpan(0, line.Length - 1).IndexOfAnyExcept('X') < 0;

    /// <summary>As it came: every line with its code.</summary>
    private static string Text(SmtpReply reply, int max)
    {
        string text = Encoding.UTF8.GetString(reply.Wire.Span).TrimEnd('\r', '\n').Replace("\r\n", "\n", StringComparison.Ordinal);
        return text.Length > max ? text[..max] : text;
    }

    private static string Quoted(string text)
    {
        string line = text.Replace('\n', ' ').TrimEnd();
        return $"\"{(line.Length > MaxQuoted ? line[..MaxQuoted] + "…" : line)}\"";
    }
}
