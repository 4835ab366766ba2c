using Postern.Core.Queue;
using Postern.Protocols.Tls;

namespace Postern.Core.Configuration;

/// <summary>The whole configuration file, as the operator wrote it with defaults filled in. Immutable; swapped whole on reload.</summary>
public sealed record PosternConfig
{
    public ServerConfig Server { get; init; } = new();
    public IReadOnlyList<ListenerConfig> Listener { get; init; } = [new()];
    public TlsConfig? Tls { get; init; }
    public AccessConfig Access { get; init; } = new();
    public HttpConfig Http { get; init; } = new();
    public IReadOnlyList<UserConfig> User { get; init; } = [];
    public LimitsConfig Limits { get; init; } = new();
    public QueueConfig Queue { get; init; } = new();
    public DeliveryConfig Delivery { get; init; } = new();
    public TimeoutsConfig Timeouts { get; init; } = new();
    public IReadOnlyList<UpstreamConfig> Upstream { get; init; } = [];
    public IReadOnlyList<EgressConfig> Egress { get; init; } = [];
    public IReadOnlyList<RouteConfig> Route { get; init; } = [];
    public IReadOnlyList<ShapingConfig> Shaping { get; init; } = [];
    public PickupConfig? Pickup { get; init; }
    public DnsConfig Dns { get; init; } = new();
    public DiagnosisConfig Diagnosis { get; init; } = new();
    public EventsConfig Events { get; init; } = new();
    public IReadOnlyList<WebhookConfig> Webhook { get; init; } = [];
    public LogConfig Log { get; init; } = new();
    public TelemetryConfig Telemetry { get; init; } = new();
}

public sealed record ServerConfig
{
    [Setting("Our name: in the greeting, in HELO, in the Received line. It should be a public name that resolves to the sending address.", Source = "the machine's host name", Example = "relay.example.net", Form = SettingForm.HostName)]
    public string Hostname { get; init; } = Environment.MachineName.ToLowerInvariant();

    [Setting("Folder of the queue.", Source = "postern-data in the working folder, or $XDG_STATE_HOME/postern when that is set", Example = "/var/lib/postern", Form = SettingForm.Folder)]
    public string Data { get; init; } = "postern-data";

    [Setting("Address of the HTTP server: dashboard, API, /metrics, /health/live, /health/ready. Other than loopback it needs [http]: who may use it. Empty turns it off.")]
    public string Http { get; init; } = "127.0.0.1:8025";

    [Setting("How long a stop waits for transactions in flight before they are cut off; their mail stays queued.", Source = "systemd's TimeoutStopSec is 90 s", Min = "0s", Max = "10m")]
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(20);
}

public enum BareNewlineHandling : byte { Reject, Normalise }

public sealed record ListenerConfig
{
    [Setting("Address and port to listen on; [::]:25 for IPv6, *:25 for both families.", Form = SettingForm.Listen)]
    public string Address { get; init; } = "127.0.0.1:2525";

    [Setting("none, starttls or implicit.")]
    public ListenerTls Tls { get; init; } = ListenerTls.None;

    [Setting("Expect a PROXY protocol header (v1 or v2) from the addresses in proxy_networks, and refuse every other client.")]
    public bool ProxyProtocol { get; init; }

    [Setting("Who may send a PROXY header.", Example = "[\"192.0.2.0/24\"]", Form = SettingForm.Network)]
    public IReadOnlyList<string> ProxyNetworks { get; init; } = ["127.0.0.0/8", "::1/128"];

    [Setting("Offer AUTH on plaintext sessions too. Passwords can then be read on the wire.")]
    public bool AuthWithoutTls { get; init; }

    [Setting("Bare CR or LF in a message: reject (as the RFC asks), or normalise to CRLF for old devices. Neither is ever passed on.", Source = "RFC 5321 section 2.3.8; SMTP smuggling, CVE-2023-51764")]
    public BareNewlineHandling BareNewlines { get; init; } = BareNewlineHandling.Reject;

    [Setting("Add Message-ID and Date where they are missing, for mail of authenticated users and local networks.", Source = "RFC 6409 section 8")]
    public bool AddMissingHeaders { get; init; }
}

public enum ListenerTls : byte { None, Starttls, Implicit }

public sealed record TlsConfig
{
    [Setting("PEM file with our certificate and its chain; read again when it changes.", Example = "/etc/postern/tls/fullchain.pem", Form = SettingForm.File)]
    public required string Certificate { get; init; }

    [Setting("PEM file with the private key.", Example = "/etc/postern/tls/key.pem", Form = SettingForm.File)]
    public required string Key { get; init; }
}

public sealed record AccessConfig
{
    [Setting("Networks that may relay without AUTH.", Source = "loopback only: never an open relay by default", Form = SettingForm.Network)]
    public IReadOnlyList<string> Networks { get; init; } = ["127.0.0.0/8", "::1/128"];

    [Setting("Sender addresses or @domains that may be used; empty allows all.")]
    public IReadOnlyList<string> Senders { get; init; } = [];

    [Setting("Highest priority (MT-PRIORITY) that clients without AUTH may ask for; what is above is lowered to it.", Source = "RFC 6710: -9 to 9, 0 is normal", Min = "-9", Max = "9")]
    public int MaxPriority { get; init; } = MessagePriority.Highest;
}

public sealed record UserConfig
{
    [Setting("Name for AUTH.")]
    public required string Name { get; init; }

    [Setting("The password, as text, { env = \"X\" } or { file = \"path\" }, or its hash as made by 'postern config hash'.")]
    public required Secret Password { get; init; }

    [Setting("Sender addresses or @domains that this user may use; empty allows all.")]
    public IReadOnlyList<string> Senders { get; init; } = [];

    [Setting("Share of a busy destination's sessions relative to other users, sender domains and clients, which weigh 10.", Min = "1", Max = "100")]
    public int Weight { get; init; } = 10;

    [Setting("Priority of this user's mail when the mail does not ask for another.", Source = "RFC 6710: -9 to 9, 0 is normal", Min = "-9", Max = "9")]
    public int Priority { get; init; }

    [Setting("Highest priority (MT-PRIORITY) that this user may ask for; what is above is lowered to it.", Min = "-9", Max = "9")]
    public int MaxPriority { get; init; } = MessagePriority.Highest;
}

public sealed record LimitsConfig
{
    [Setting("Largest message.", Source = "Amazon SES 40 MB, Microsoft 365 35 MB, Gmail 25 MB before encoding", Min = "64KiB", Max = "1GiB")]
    public long MaxMessageBytes { get; init; } = 50L << 20;

    [Setting("Recipients of one message.", Source = "RFC 5321 section 4.5.3.1.8 asks for at least 100; Postfix 1000", Min = "1", Max = "50000")]
    public int MaxRecipients { get; init; } = 1000;

    [Setting("Connections at once, all listeners together.", Min = "1", Max = "1000000")]
    public int MaxConnections { get; init; } = 10_000;

    [Setting("Connections at once from one address.", Min = "1", Max = "1000000")]
    public int MaxConnectionsPerAddress { get; init; } = 10_000;

    [Setting("Refused commands before the session is closed with 421.", Source = "Postfix smtpd_hard_error_limit 20", Min = "1", Max = "1000")]
    public int MaxErrors { get; init; } = 20;

    [Setting("Failed AUTH attempts of one address within ten minutes before it is refused.", Min = "1", Max = "1000")]
    public int MaxAuthFailures { get; init; } = 10;

    [Setting("Longest command line, in bytes with CRLF.", Source = "RFC 5321 section 4.5.3.1.4 (512), widened by its extensions (RFC 4954 section 4: 12288 for AUTH)", Min = "512", Max = "64KiB")]
    public int MaxCommandBytes { get; init; } = 4096;

    [Setting("Longest line of a message, in bytes with CRLF. The RFC's 1000 is broken by real mail daily; longer ones pass untouched up to here.", Source = "RFC 5321 section 4.5.3.1.6 (1000); Postfix line_length_limit 2048 splits, we never do", Min = "1000", Max = "16MiB")]
    public int MaxLineBytes { get; init; } = 1 << 20;

    [Setting("Bytes of a message's header section.", Source = "Postfix header_size_limit 102400", Min = "1KiB", Max = "16MiB", Name = "max_header_size")]
    public int MaxHeaderBytes { get; init; } = 1 << 20;

    [Setting("Header fields of a message.", Min = "10", Max = "100000")]
    public int MaxHeaders { get; init; } = 1000;

    [Setting("Received fields before a message is taken to be looping.", Source = "RFC 5321 section 6.3 asks for at least 100; Postfix hopcount_limit 50", Min = "5", Max = "1000")]
    public int MaxReceived { get; init; } = 100;

    [Setting("Messages in one session before 421.", Min = "1", Max = "10000000")]
    public int MaxMessagesPerSession { get; init; } = 1_000_000;

    [Setting("Silence of a client before the session is closed with 421.", Source = "RFC 5321 section 4.5.3.2.7", Min = "1s", Max = "1h")]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    [Setting("Longest time from MAIL to the end of data.", Min = "1m", Max = "24h")]
    public TimeSpan TransactionTimeout { get; init; } = TimeSpan.FromHours(1);

    [Setting("Longest session.", Min = "1m", Max = "7d")]
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromHours(24);
}

public sealed record QueueConfig
{
    [Setting("Free disk space below which new mail is answered 452 4.3.1, while delivery goes on.", Source = "Postfix queue_minfree asks for 1.5 times message_size_limit", Min = "16MiB", Max = "1TiB")]
    public long MinFreeBytes { get; init; } = 256L << 20;

    [Setting("Messages in the queue at most; above it new mail is answered 452 4.3.1.", Min = "100", Max = "100000000")]
    public long MaxMessages { get; init; } = 10_000_000;

    [Setting("Size of a journal segment.", Min = "1MiB", Max = "1GiB")]
    public long SegmentBytes { get; init; } = 64L << 20;
}

public enum DeliveryMode : byte { Queue, Inline, InlineThenQueue }

public enum PriorityHeader : byte { Ignore, Lower, Follow }

public sealed record DeliveryConfig
{
    [Setting("queue: keep, answer 250, deliver. inline: pass the client's transaction through to the upstream live. inline-then-queue: live when the upstream answers in time, kept when it does not.")]
    public DeliveryMode Mode { get; init; } = DeliveryMode.Queue;

    [Setting("How long inline-then-queue waits for the upstream to take the connection and the envelope before it keeps the message instead.", Min = "1s", Max = "5m")]
    public TimeSpan InlineWait { get; init; } = TimeSpan.FromSeconds(10);

    [Setting("Waits between attempts; the last one repeats.", Source = "RFC 5321 section 4.5.4.1: at least 30 minutes in the long run, two tries in the first hour")]
    public IReadOnlyList<TimeSpan> Retry { get; init; } = [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1)];

    [Setting("Random part of a wait, in per cent of it, so that retries do not come in step.", Min = "0", Max = "100")]
    public int RetryJitterPercent { get; init; } = 20;

    [Setting("Age at which a message that still waits is bounced.", Source = "RFC 5321 section 4.5.4.1: 4-5 days", Min = "1m", Max = "30d")]
    public TimeSpan Expire { get; init; } = TimeSpan.FromDays(5);

    [Setting("Age at which the sender hears of a delay, once; 0s for never.", Source = "Postfix delay_warning_time and Exim delay_warning; sendmail 4 h", Min = "0s", Max = "30d")]
    public TimeSpan DelayNotice { get; init; } = TimeSpan.FromHours(4);

    [Setting("Priority from the header, for mail that asks for none in MAIL: MT-Priority, Priority, X-Priority, Precedence. ignore, lower (bulk mail makes room for the rest) or follow (urgent mail goes first too).", Source = "RFC 6758 (MT-Priority), RFC 2156 section 5.3.6 (Priority)")]
    public PriorityHeader PriorityHeader { get; init; } = PriorityHeader.Lower;

    [Setting("Sessions at once to one destination.", Source = "Postfix default_destination_concurrency_limit 20", Min = "1", Max = "10000")]
    public int MaxSessionsPerDestination { get; init; } = 20;

    [Setting("Sessions at once to all destinations.", Source = "Postfix default_process_limit 100, raised: a session costs us no process", Min = "1", Max = "100000")]
    public int MaxSessions { get; init; } = 500;

    [Setting("Messages on one session before a new one is opened.", Source = "Postfix smtp_connection_reuse_count_limit, off by default; Exim connection_max_messages 500", Min = "1", Max = "1000000")]
    public int MaxMessagesPerSession { get; init; } = 500;

    [Setting("How long an idle session is kept for the next message.", Source = "Postfix connection cache 2 s; RFC 5321 section 4.5.3.2.7 allows 5 min", Min = "0s", Max = "5m")]
    public TimeSpan SessionIdle { get; init; } = TimeSpan.FromSeconds(5);

    [Setting("Recipients in one transaction.", Source = "RFC 5321 section 4.5.3.1.8: 100 must be taken by every server; Postfix smtp_destination_recipient_limit 50", Min = "1", Max = "10000")]
    public int MaxRecipientsPerTransaction { get; init; } = 100;

    [Setting("Use IPv6 for delivery.")]
    public bool Ipv6 { get; init; } = true;

    [Setting("TLS towards MX hosts: none, opportunistic or required.", Source = "RFC 7435")]
    public TlsMode MxTls { get; init; } = TlsMode.Opportunistic;

    [Setting("Port of MX hosts.", Source = "RFC 5321 section 4.5.4.2", Min = "1", Max = "65535")]
    public int MxPort { get; init; } = 25;

    [Setting("Re-encode 8-bit bodies as quoted-printable or base64 for an upstream without 8BITMIME (RFC 6152 section 3). Off: such mail is bounced with the reason.")]
    public bool ConvertEightBit { get; init; } = true;
}

/// <summary>Time-outs towards upstreams.</summary>
public sealed record TimeoutsConfig
{
    [Setting("TCP connect, for one address.", Source = "Postfix smtp_connect_timeout 30s", Min = "1s", Max = "5m")]
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(30);

    [Setting("The greeting.", Source = "RFC 5321 section 4.5.3.2.1", Min = "1s", Max = "1h")]
    public TimeSpan Greeting { get; init; } = TimeSpan.FromMinutes(5);

    [Setting("The reply to EHLO or HELO.", Source = "as MAIL", Min = "1s", Max = "1h")]
    public TimeSpan Ehlo { get; init; } = TimeSpan.FromMinutes(5);

    [Setting("The reply to STARTTLS, and the TLS handshake.", Source = "Postfix smtp_starttls_timeout 300s, shortened", Min = "1s", Max = "1h")]
    public TimeSpan Tls { get; init; } = TimeSpan.FromMinutes(1);

    [Setting("Each reply of an AUTH exchange.", Min = "1s", Max = "1h")]
    public TimeSpan Auth { get; init; } = TimeSpan.FromMinutes(2);

    [Setting("The reply to MAIL.", Source = "RFC 5321 section 4.5.3.2.2", Min = "1s", Max = "1h")]
    public TimeSpan Mail { get; init; } = TimeSpan.FromMinutes(5);

    [Setting("The reply to RCPT.", Source = "RFC 5321 section 4.5.3.2.3", Min = "1s", Max = "1h")]
    public TimeSpan Rcpt { get; init; } = TimeSpan.FromMinutes(5);

    [Setting("The reply to DATA.", Source = "RFC 5321 section 4.5.3.2.4", Min = "1s", Max = "1h")]
    public TimeSpan Data { get; init; } = TimeSpan.FromMinutes(2);

    [Setting("Each block of the message to be taken.", Source = "RFC 5321 section 4.5.3.2.5", Min = "1s", Max = "1h")]
    public TimeSpan Body { get; init; } = TimeSpan.FromMinutes(3);

    [Setting("The reply to the end of data.", Source = "RFC 5321 section 4.5.3.2.6", Min = "1s", Max = "1h")]
    public TimeSpan EndOfData { get; init; } = TimeSpan.FromMinutes(10);

    [Setting("The replies to RSET and QUIT.", Min = "1s", Max = "5m")]
    public TimeSpan Quit { get; init; } = TimeSpan.FromSeconds(5);
}

public sealed record UpstreamAuthConfig
{
    [Setting("User name at the upstream.")]
    public required string User { get; init; }

    [Setting("Password at the upstream.")]
    public required Secret Password { get; init; }

    [Setting("Send it on a plaintext session too.")]
    public bool WithoutTls { get; init; }
}

public sealed record UpstreamConfig
{
    [Setting("Name, for routes, logs and metrics.", Form = SettingForm.Name)]
    public required string Name { get; init; }

    [Setting("host:port; the host's addresses are looked up, its MX are not.", Example = "smtp.example.com:587", Form = SettingForm.HostPort)]
    public required string Address { get; init; }

    [Setting("Further ports of the same host, tried in this order when the port of address cannot be connected. 465 is spoken with TLS from the start, the others with STARTTLS where tls asks for TLS.", Example = "[465, 2525]", Min = "1", Max = "65535")]
    public IReadOnlyList<int> Ports { get; init; } = [];

    [Setting("Address families used towards this upstream: both, ipv4 or ipv6.")]
    public AddressFamilies Family { get; init; } = AddressFamilies.Both;

    [Setting("none, opportunistic, required (STARTTLS, certificate verified) or implicit (TLS from the start, verified).")]
    public TlsMode Tls { get; init; } = TlsMode.Opportunistic;

    [Setting("Verify the certificate where TLS is required or implicit.")]
    public bool TlsVerify { get; init; } = true;

    [Setting("PEM file with further authorities to trust for this upstream.", Form = SettingForm.File)]
    public string? TlsCa { get; init; }

    [Setting("AUTH at the upstream; absent for none.", Example = "{ user = \"apikey\", password = { file = \"/run/secrets/smtp\" } }")]
    public UpstreamAuthConfig? Auth { get; init; }

    [Setting("Share of a pool's mail relative to its other members.", Min = "0", Max = "1000")]
    public int Weight { get; init; } = 10;

    [Setting("Members of a pool with a lower order are used first; a higher one only when all of those fail.", Min = "0", Max = "1000")]
    public int Order { get; init; }

    [Setting("Sessions at once; absent for delivery.max_sessions_per_destination.", Min = "1", Max = "10000")]
    public int? MaxSessions { get; init; }

    [Setting("Messages on one session; absent for delivery.max_messages_per_session.", Min = "1", Max = "1000000")]
    public int? MaxMessagesPerSession { get; init; }

    [Setting("New connections in a minute at most; absent for no limit but what is learned.", Min = "1", Max = "1000000")]
    public int? MaxConnectionsPerMinute { get; init; }

    [Setting("Messages in a minute at most; absent for no limit but what is learned or published.", Min = "1", Max = "10000000")]
    public int? MaxMessagesPerMinute { get; init; }

    [Setting("Messages in an hour at most.", Min = "1", Max = "100000000")]
    public int? MaxMessagesPerHour { get; init; }

    [Setting("Messages in a day (24 hours, sliding) at most.", Min = "1", Max = "1000000000")]
    public int? MaxMessagesPerDay { get; init; }

    [Setting("Begin with few sessions and learn the upstream's limits from what it takes and refuses. Off: only the fixed limits hold.")]
    public bool Adaptive { get; init; } = true;
}

public enum RouteVia : byte { Upstreams, Mx, Reject }

public sealed record RouteConfig
{
    [Setting("What the route is for; absent matches all. The first matching route is used.")]
    public RouteMatch? Match { get; init; }

    [Setting("mx: each recipient domain's own mail exchangers; upstreams: the named pool; reject: refuse the recipient.")]
    public RouteVia Via { get; init; } = RouteVia.Upstreams;

    [Setting("Names of upstreams that form this route's pool.")]
    public IReadOnlyList<string> Upstreams { get; init; } = [];

    [Setting("Names of egress addresses to use, in turn; empty for the system's choice.")]
    public IReadOnlyList<string> Egress { get; init; } = [];

    [Setting("Delivery mode of this route; absent for delivery.mode.")]
    public DeliveryMode? Mode { get; init; }

    [Setting("What is done about a cause on this route, where it is to differ from docs/decisions.md: decide = [ { cause = \"greylisted\", retry = [\"10m\"] } ]. For mail that is kept; in inline mode the client hears the reply and decides.")]
    public IReadOnlyList<DecideConfig> Decide { get; init; } = [];
}

/// <summary>All members that are set must match; within one, any entry. Patterns: exact, "*.example.org" (subdomains), "*".</summary>
public sealed record RouteMatch
{
    [Setting("Recipient domains.", Example = "[\"example.org\", \"*.example.org\"]")]
    public IReadOnlyList<string> RecipientDomain { get; init; } = [];

    [Setting("Sender addresses or @domains; \"<>\" for bounces.")]
    public IReadOnlyList<string> Sender { get; init; } = [];

    [Setting("Listener addresses as configured.")]
    public IReadOnlyList<string> Listener { get; init; } = [];

    [Setting("Authenticated users.")]
    public IReadOnlyList<string> User { get; init; } = [];
}

public sealed record PickupConfig
{
    [Setting("Folder watched for .eml files. Sent ones go to its 'sent' sub-folder, unusable ones to 'bad' with the reason beside them.", Form = SettingForm.Folder)]
    public required string Folder { get; init; }

    [Setting("Delete sent files instead of moving them.")]
    public bool DeleteSent { get; init; }

    [Setting("How often the folder is looked at, besides being watched.", Min = "1s", Max = "1h")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    [Setting("Add Message-ID and Date where they are missing, as the Windows SMTP service did.", Source = "RFC 6409 section 8")]
    public bool AddMissingHeaders { get; init; }
}

public sealed record DnsConfig
{
    [Setting("Resolvers as address or address:port; empty for the system's.", Example = "[\"127.0.0.1:53\"]", Form = SettingForm.Resolver)]
    public IReadOnlyList<string> Servers { get; init; } = [];

    [Setting("Time for one look-up, retries included.", Source = "resolv.conf(5): 5 s, 2 attempts", Min = "100ms", Max = "1m")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}

public enum LogFormat : byte { Text, Json }
public enum LogLevelName : byte { Debug, Info, Warning, Error }

public sealed record LogConfig
{
    [Setting("text for people, json for machines.")]
    public LogFormat Format { get; init; } = LogFormat.Text;

    [Setting("debug, info, warning or error.")]
    public LogLevelName Level { get; init; } = LogLevelName.Info;
}
