using System.Globalization;
using System.Net;
using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.History;
using Postern.Diagnosis.Knowledge;
using Postern.Protocols.Smtp;
using static Postern.Diagnosis.Causes.SignalId;

namespace Postern.Diagnosis.Causes;

/// <summary>Picks from the evidence what the texts of a cause speak of: names, addresses, the list, the limit, the hop, and which variant it is.</summary>
internal static class CaseReader
{
    public static CaseValues Read(CauseId cause, Scene scene, IReadOnlyList<Signal> signals)
    {
        var reply = Decisive(cause, scene, signals);
        var list = ListOf(scene, reply);
        var history = scene.Histories.Count > 0 ? scene.Histories[0] : null;
        var mx = scene.Mx.Find(m => m.Problem != MxProblem.None);
        var names = scene.Evidence.Names;
        string? recipient = names.Recipient ?? (cause is CauseId.RecipientUnknown or CauseId.MailboxFull ? RecipientIn(reply) : null);
        string? provider = reply?.Opinion?.Provider ?? ProviderTable.Default.Of(scene.Host);
        return new CaseValues
        {
            Host = mx?.Host is { } wrong && cause == CauseId.MxMisconfigured ? wrong : scene.Deciding is not null || scene.Replies.Exists(r => r.Fact.Point is not null) ? scene.Host : null,
            Address = scene.Deciding?.Point.Address ?? scene.Greeting?.Point.Address ?? reply?.Fact.Point?.Address,
            OurAddress = scene.Deciding?.Point.LocalAddress ?? list?.Address ?? scene.Greeting?.Point.LocalAddress ?? reply?.Fact.Point?.LocalAddress ?? reply?.Opinion?.OurAddress ?? scene.Lists.FirstOrDefault()?.Address,
            Port = scene.Port,
            Domain = scene.Evidence.Domain ?? mx?.Domain ?? DomainOf(recipient),
            Destination = names.Destination ?? (scene.Evidence.Domain is { } routed ? $"mx:{routed}" : null),
            Hello = names.Hello,
            Sender = names.Sender is { Length: > 0 } sender ? sender : null,
            Recipient = recipient,
            List = list?.Name ?? reply?.Opinion?.List,
            Zone = list?.Zone ?? reply?.Opinion?.Zone,
            Delisting = list?.Delisting ?? reply?.Opinion?.Help,
            Reply = reply is { } said ? ReplyLine.Of(said.Fact.Reply) : null,
            Limit = cause == CauseId.RateLimited ? LimitOf(MeterOf(history, signals), history, reply) : null,
            Hop = HopOf(scene),
            Upstream = history?.Upstream,
            Found = cause == CauseId.MxMisconfigured ? Found(scene, mx) : scene.Greeting is { Outcome: GreetingOutcome.NotSmtp, Text: { } other } ? other : null,
            Since = history?.FirstFailureAt is { } since ? Duration(scene.Evidence.At - since) : null,
            Provider = provider,
            Server = PartyReader.Server(scene),
            Cloud = PartyReader.OurCloud(scene),
            TheirCloud = PartyReader.TheirCloud(scene),
            Seen = reply is { Fact.Code: 0 } ? SaidOf(reply.Value.Fact.Reply) : SeenOf(cause, scene, signals),
            Where = WhereOf(signals, scene),
            Mx = signals.Any(s => s.Id is PortWebOnly or GreetingOtherProtocol) || (mx is null && scene.ConnectFailed) ? "no-smtp" : mx is null ? null : WordOf(mx.Problem),
            Meter = MeterOf(history, signals),
            Identity = scene.Identity.Find(i => i.Passed == false) is { } failed ? IdentityWords[(int)failed.Aspect] : null,
            Auth = signals.Any(s => s.Id == AuthUnavailable) ? "mechanism" : reply?.Fact.Reply.Contains("5.7.11", StringComparison.Ordinal) == true ? "needs-tls" : reply is { Fact.Stage: ClientStage.Auth } ? "credentials" : reply is { Fact.Code: 530 } ? "not-authenticated" : null,
            Tls = TlsOf(scene, signals),
            Dns = signals.Any(s => s.Id == DnsRewrites) ? "rewrites" : signals.Any(s => s.Id == DnsAuthorityAnswers) ? "stale" : scene.Dns.Find(d => d.Role != DnsRole.Authority && NameSignals.IsTrouble(d.Seen.Status)) is { } dns ? dns.Seen.Status == Protocols.Dns.DnsStatus.TimedOut ? "silent" : "fails" : null,
            Content = reply?.Opinion?.Label switch { "content-virus" => "virus", "content-spam" => "spam", _ => null },
        };
    }

    private static readonly char[] AddressEnds = [' ', '\n', '<', '>', '(', ')', '[', ']', '"', '\'', ',', ';', ':'];

    /// <summary>"&lt;jane@example.org&gt;" in a refusal that nobody else tells the recipient of; null unless there is one such address.</summary>
    private static string? RecipientIn(HeardReply? reply)
    {
        if (reply?.Fact.Reply is not { } text) return null;
        string[] addresses = [.. text.Split(AddressEnds).Select(word => word.TrimEnd('.')).Where(word => word.IndexOf('@', StringComparison.Ordinal) > 0 && word[^1] != '@').Distinct(StringComparer.OrdinalIgnoreCase).Take(2)];
        return addresses is [var one] ? one : null;
    }

    private static string? DomainOf(string? address) => address?.LastIndexOf('@') is > 0 and var at && at < address.Length - 1 ? address[(at + 1)..] : null;

    private static readonly string[] IdentityWords = ["reverse-name", "forward-confirmed", "hello-name", "sender-policy", "sender-domain"];

    /// <summary>The reply that speaks for the cause, or the last one.</summary>
    private static HeardReply? Decisive(CauseId cause, Scene scene, IReadOnlyList<Signal> signals)
    {
        var voice = signals.FirstOrDefault(s => s.Id == ReplyOf(cause) && s.Facts is [ReplyFact, ..]);
        foreach (var reply in scene.Replies)
            if (voice is not null && ReferenceEquals(reply.Fact, voice.Facts[0])) return reply;
        return scene.Replies.Count > 0 ? scene.Replies[^1] : null;
    }

    private static BlocklistFact? ListOf(Scene scene, HeardReply? reply)
    {
        var listed = scene.Lists.FindAll(l => l.Result == BlocklistResult.Listed && l.Weight != BlocklistWeight.None);
        return listed.Find(l => reply is { } heard && ListSignals.Names(heard.Fact.Reply, l)) ?? listed.MaxBy(l => l.Weight);
    }

    private static string? SeenOf(CauseId cause, Scene scene, IReadOnlyList<Signal> signals)
    {
        // In a container the loopback address is the container's own, which many a configuration overlooks.
        if (cause == CauseId.UpstreamDown && scene.Deciding is { Outcome: TcpOutcome.Refused, Point.Address: { } address } && IPAddress.TryParse(address, out var ip) && IPAddress.IsLoopback(ip)) return "refused-here";
        foreach (var (id, word) in cause == CauseId.UpstreamFirewall ? FirewallSights : OtherSights)
            if (signals.Any(s => s.Id == id)) return word;
        return null;
    }

    /// <summary>A diagnostic of a relay, not a reply: what it tells of is nothing that they said.</summary>
    private static string? SaidOf(string text) =>
        ReplySignals.ContainsAny(text, ["refused"]) ? "refused" : ReplySignals.ContainsAny(text, ["timed out", "timeout", "no answer"]) ? "silence" : ReplySignals.ContainsAny(text, ["lost connection", "closed", "reset"]) ? "closed" : null;

    private static readonly (string Id, string Word)[] FirewallSights =
    [
        (ReplyOf(CauseId.UpstreamFirewall), "reply"), (ReplyTurnedAway, "reply"), (ReplyNoService, "reply"), (ConnectProhibited, "icmp"), (PortUnreachableByHost, "icmp"), (PortUnreachableByRouter, "icmp"),
        (ConnectRefused, "reset"), (ConnectReset, "reset"), (ConnectSilent, "silence"), (GreetingClosed, "closed"), (GreetingReset, "closed"),
    ];

    private static readonly (string Id, string Word)[] OtherSights =
    [
        (ReplyListMisread, "misread-list"), (ReplyNoService, "no-service"), (ReplyShuttingDown, "shutting-down"), (ReplyOf(CauseId.UpstreamDown), "busy"), (ConnectRefused, "refused"), (ConnectReset, "refused"), (ConnectSilent, "silence"),
        (GreetingClosed, "closed"), (GreetingReset, "closed"), (GreetingNone, "no-greeting"), (GreetingOtherProtocol, "not-smtp"), (GreetingGarbage, "not-smtp"), (StageNotSmtp, "not-smtp"),
        (TlsHandshakeFailed, "broken-tls"), (StageClosed, "closed"), (StageReset, "closed"), (ReplyUnclear4, "busy"),
    ];

    private static string? WhereOf(IReadOnlyList<Signal> signals, Scene scene)
    {
        foreach (var (id, word) in Places)
            if (signals.Any(s => s.Id == id)) return word;
        return scene.Deciding?.Point.IsIpv6 == true && signals.Any(s => s.Id == ConnectNetUnreachable) ? "ipv6" : null;
    }

    private static readonly (string Id, string Word)[] Places =
    [
        (IcmpFromUs, "this-machine"), (Ipv6OnlyFails, "ipv6"), (ConnectNoRouteHere, "this-machine"), (ConnectLocalError, "this-machine"), (Intercepted, "intercepted"), (GreetingOfControl, "intercepted"),
        (ControlAllFail, "our-provider"), (NeighboursFail, "our-provider"), (ProhibitedNearUs, "our-provider"), (ResetNearUs, "our-provider"), (PathEndsNearUs, "our-provider"),
        (ConnectFlaps, "lossy"), (ConnectHeavyLoss, "lossy"), (ConnectLossy, "lossy"), (ProhibitedInMiddle, "middle"), (ResetInMiddle, "middle"), (PathEndsInMiddle, "middle"),
    ];

    private static string? MeterOf(HistoryFact? history, IReadOnlyList<Signal> signals) =>
        signals.Any(s => s.Id == HistoryConcurrency) ? "concurrent"
        : signals.Any(s => s.Id == HistoryPerSession) ? "per-session"
        : history is null ? null : signals.Any(s => s.Id is ConnectSilent or ConnectRefused or GreetingClosed) ? "connections" : "messages";

    /// <summary>In the words of what is metered. A number that they say themselves is better than what we counted: its time may be an hour.</summary>
    private static string? LimitOf(string? meter, HistoryFact? history, HeardReply? reply) => (meter, history) switch
    {
        _ when reply?.Opinion?.Limit is { } said => said.ToString(CultureInfo.InvariantCulture),
        ("concurrent", { ConcurrencyAccepted: > 0 }) => $"{history.ConcurrencyAccepted} connections at once",
        ("per-session", { MessagesPerSessionAtRefusal: > 0 }) => $"{history.MessagesPerSessionAtRefusal} messages in a session",
        // What was counted is messages, and several may have gone over one connection.
        ("messages", { SuccessesBeforeFailure: > 2 }) => $"about {history.SuccessesBeforeFailure} messages a minute",
        _ => null,
    };

    private static string? HopOf(Scene scene)
    {
        if (scene.Deciding?.Icmp is { From: { } from }) return from;
        var path = scene.Path(PointRole.Target);
        return path?.Hops.LastOrDefault(h => h.Address is not null && h.Distance <= path.LastAnswered)?.Address;
    }

    private static string? Found(Scene scene, MxFact? mx) =>
        scene.Dns.Find(d => d.Role == DnsRole.Mx && d.Seen.Answers.Count > 0) is { } dns ? $"{dns.Seen.Question.Split(' ')[^1]}. MX {string.Join(", ", dns.Seen.Answers)}" : mx?.Observed;

    private static string? TlsOf(Scene scene, IReadOnlyList<Signal> signals)
    {
        if (signals.Any(s => s.Id == TlsExpired)) return "expired";
        if (signals.Any(s => s.Id is TlsNotOffered or TlsMissing)) return "not-offered";
        string? problem = scene.Tls.Find(t => t.Failure is not null || t.Seen?.Problem is not null) is { } tls ? tls.Failure ?? tls.Seen?.Problem : scene.Stages.Find(s => s.Kind == FailureKind.TlsFailed)?.Observed;
        return problem is null ? null
            : problem.Contains("expired", StringComparison.OrdinalIgnoreCase) ? "expired"
            : problem.Contains("name", StringComparison.OrdinalIgnoreCase) ? "wrong-name"
            : problem.Contains("self-signed", StringComparison.OrdinalIgnoreCase) || problem.Contains("trust", StringComparison.OrdinalIgnoreCase) ? "untrusted"
            : problem.Contains("version", StringComparison.OrdinalIgnoreCase) || problem.Contains("protocol", StringComparison.OrdinalIgnoreCase) ? "old-version"
            : "handshake";
    }

    /// <summary>"40 minutes".</summary>
    internal static string Duration(TimeSpan span) => span switch
    {
        { TotalMinutes: < 2 } => $"{Math.Max(1, (int)span.TotalSeconds)} seconds",
        { TotalHours: < 2 } => $"{(int)span.TotalMinutes} minutes",
        { TotalDays: < 2 } => $"{(int)span.TotalHours} hours",
        _ => $"{(int)span.TotalDays} days",
    };
}
