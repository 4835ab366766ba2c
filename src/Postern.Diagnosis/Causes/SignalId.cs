using Postern.Diagnosis.Evidence;

namespace Postern.Diagnosis.Causes;

/// <summary>The words for signals: seen in a report's evidence, and the keys of knowledge/signals.toml. A test holds the two together.</summary>
internal static class SignalId
{
    // The connection to the target.
    public const string ConnectOk = "connect.ok", ConnectRefused = "connect.refused", ConnectReset = "connect.reset", ConnectSilent = "connect.silent",
        ConnectHostUnreachable = "connect.host-unreachable", ConnectNetUnreachable = "connect.net-unreachable", ConnectProhibited = "connect.prohibited",
        ConnectNoRouteHere = "connect.no-route-here", ConnectLocalError = "connect.local-error", ConnectNobodyOnLink = "connect.nobody-on-link",
        ConnectNoRouteThere = "connect.no-route-there", ConnectLoops = "connect.loops", ConnectLossy = "connect.lossy", ConnectHeavyLoss = "connect.heavy-loss",
        ConnectFlaps = "connect.flaps";

    // Who sent an ICMP error.
    public const string ProhibitedByHost = "icmp.prohibited.host", ProhibitedAtEdge = "icmp.prohibited.edge", ProhibitedInMiddle = "icmp.prohibited.middle",
        ProhibitedNearUs = "icmp.prohibited.near-us", ProhibitedByRouter = "icmp.prohibited.router", PortUnreachableByHost = "icmp.port-unreachable.host",
        PortUnreachableByRouter = "icmp.port-unreachable.router", IcmpFromUs = "icmp.from-us";

    // Where an answer was made.
    public const string ResetFromHost = "reset.from-host", ResetNearUs = "reset.near-us", ResetInMiddle = "reset.in-middle", ResetAtEdge = "reset.at-edge", Intercepted = "path.intercepted";

    // Where packets stop.
    public const string PathReached = "path.reached", PathEndsNearUs = "path.ends.near-us", PathEndsInMiddle = "path.ends.middle", PathEndsAtEdge = "path.ends.far-edge",
        PathEndsSomewhere = "path.ends.somewhere", PathPortOnly = "path.only-this-port", PathEveryPort = "path.every-port", PathHoles = "path.holes";

    // Comparisons.
    public const string ControlOk = "control.ok", ControlAllFail = "control.all-fail", ControlSomeFail = "control.some-fail", EgressOtherWorks = "egress.other-works",
        EgressOtherWelcomed = "egress.other-welcomed", EgressOtherFails = "egress.other-fails", EgressOtherTurnedAway = "egress.other-turned-away",
        Ipv6OnlyFails = "family.ipv6-only-fails", Ipv4OnlyFails = "family.ipv4-only-fails", FamilyRefusedOnly = "family.refused-on-one", FamilyBothFail = "family.both-fail",
        SiblingWorks = "sibling.works", SiblingsFail = "sibling.all-fail", SiblingDown = "sibling.one-fails", SiblingTakesMail = "sibling.takes-mail", FamilyTakesMail = "family.other-takes-mail";

    // The target host on other ports.
    public const string PortOthersOpen = "port.others-open", PortWebOnly = "port.web-only", PortMailOpen = "port.mail-open", PortHostAlive = "port.host-alive", PortAllSilent = "port.all-silent", PortAllUnreachable = "port.all-unreachable";

    // What they say, or do not say.
    public const string GreetingOk = "greeting.ok", GreetingClosed = "greeting.closed", GreetingReset = "greeting.reset", GreetingNone = "greeting.none", GreetingOtherProtocol = "greeting.other-protocol",
        GreetingGarbage = "greeting.garbage", GreetingMasked = "greeting.masked", GreetingLate = "greeting.late", GreetingOfControl = "greeting.same-as-control",
        StageClosed = "stage.closed", StageReset = "stage.reset", StageSilent = "stage.silent", StageSilentOnBulk = "stage.silent-on-bulk", StageNotSmtp = "stage.not-smtp", StageLocalError = "stage.local-error",
        TlsHandshakeFailed = "tls.handshake-failed", TlsNotOffered = "tls.not-offered", TlsExpired = "tls.expired", TlsUnverified = "tls.unverified", TlsUntrusted = "tls.untrusted-smart-host", TlsMissing = "tls.missing-at-submission", TlsOk = "tls.ok",
        AuthUnavailable = "auth.unavailable", TooLarge = "size.too-large", Unsupported = "extension.missing", Healthy = "healthy";

    // Replies; those that were understood are "reply." and the cause.
    public const string ReplyUnclear4 = "reply.unclear-4xx", ReplyUnclear5 = "reply.unclear-5xx", ReplyTurnedAway = "reply.turned-away-at-once", ReplyFirstContact = "reply.first-contact-deferred",
        ReplyAfterBurst = "reply.after-burst", ReplyListMisread = "reply.list-misread", ReplyListConfirmed = "reply.list-confirmed", ReplyListDenied = "reply.list-denied", ReplyShuttingDown = "reply.shutting-down", ReplyNotUnderstood = "reply.command-not-understood",
        ReplyNoService = "reply.no-smtp-service";

    // Blocklists and what receivers check about us.
    public const string ListedHigh = "blocklist.listed.high", ListedMedium = "blocklist.listed.medium", ListedLow = "blocklist.listed.low", ListedVeryLow = "blocklist.listed.very-low",
        ListsClean = "blocklist.clean", ListsUnusable = "blocklist.unusable", RefusedWhileListed = "blocklist.listed-and-refused", NoReverseName = "identity.no-reverse-name",
        NotForwardConfirmed = "identity.not-forward-confirmed", HelloUnresolved = "identity.hello", PolicyFails = "identity.sender-policy";

    // Names.
    public const string MxDangling = "mx.dangling-among-good", MxWarning = "mx.warning", DnsControlFails = "dns.control-fails", DnsControlOk = "dns.control-ok", DnsRewrites = "dns.rewrites",
        DnsTimeout = "dns.timeout", DnsFailure = "dns.failure", DnsAuthorityAnswers = "dns.authoritative-answers", DnsAuthorityFails = "dns.authoritative-fails", DnsAuthorityAgrees = "dns.authoritative-agrees", NamedTarget = "target.named";

    // Our own record.
    public const string HistoryAlternates = "history.alternates", HistoryConcurrency = "history.concurrency-limit", HistoryPerSession = "history.per-session-limit", HistoryAfterBurst = "history.refused-above-rate",
        HistoryWorkedUntil = "history.worked-until", HistoryNeverWorked = "history.never-worked", HistorySome = "history.now-and-then", HistoryLetsSomeIn = "history.lets-some-in", HistoryFirstContact = "history.first-contact", HistoryAddressUsedUp = "history.address-used-up",
        NeighboursFine = "neighbours.fine", NeighboursFail = "neighbours.all-fail", ProviderRefuses = "neighbours.provider-refuses", EgressRefused = "neighbours.one-egress-fails";

    private static readonly string[] MxWords =
    [
        "none", "no-such-domain", "no-mx-no-address", "null-mx", "null-mx-beside-others", "lookup-failed", "bogus", "names-alias", "names-address-literal", "host-does-not-exist",
        "host-has-no-address", "host-lookup-failed", "private-address", "loopback-address", "points-at-us",
    ];

    private static readonly string[] Replies = [.. Enum.GetValues<CauseId>().Select(c => "reply." + CauseTable.NameOf(c))];
    private static readonly string[] MxProblems = [.. Enum.GetValues<MxProblem>().Select(p => "mx." + WordOf(p))];

    /// <summary>A reply that was understood.</summary>
    public static string ReplyOf(CauseId cause) => Replies[(int)cause];

    /// <summary>A fault that leaves no host of the set to send to.</summary>
    public static string MxOf(MxProblem problem) => MxProblems[(int)problem];

    /// <summary>"no-such-domain": also the word that pages use.</summary>
    public static string WordOf(MxProblem problem) => MxWords[(int)problem];
}
