using System.Diagnostics.Metrics;

namespace Postern.Core.Telemetry;

public sealed partial class PosternMetrics
{
    internal Counter<long> MessagesAccepted { get; } = meter.CreateCounter<long>(
        "postern_messages_accepted", "{message}", "Messages answered 250. source is smtp, http or pickup; mode is queue or inline. Alert when it stays at zero although applications send.");

    internal Counter<long> BytesAccepted { get; } = meter.CreateCounter<long>(
        "postern_accepted_bytes", "By", "Bytes of accepted messages, our Received line included.");

    internal Counter<long> RecipientsAccepted { get; } = meter.CreateCounter<long>(
        "postern_recipients_accepted", "{recipient}", "Recipients of accepted messages.");

    internal Counter<long> SubmissionsRefused { get; } = meter.CreateCounter<long>(
        "postern_submissions_refused", "{refusal}", "Refusals by reason: relay_denied, sender_denied, no_route, too_many_recipients, too_large, header, loop, store_full, store_failed, upstream (inline: the upstream's own refusal), unreachable (inline). Alert on store_full and store_failed.");

    internal Counter<long> CommandsRefused { get; } = meter.CreateCounter<long>(
        "postern_commands_refused", "{refusal}", "Refusals that the session itself decided, by reason: syntax, order, limits, time-outs, bare newlines, TLS. Alert on none; a client that is broken shows here.");

    internal Counter<long> BodiesAbandoned { get; } = meter.CreateCounter<long>(
        "postern_bodies_abandoned", "{message}", "Messages of which nothing was kept because the client went away or broke a rule while sending.");

    internal Histogram<double> AcceptDuration { get; } = meter.CreateHistogram(
        "postern_accept_duration", "s", "From DATA or the first BDAT to the answer to the end of the message, for accepted messages; the client's own pace is in it.", advice: SecondsAdvice);

    internal Counter<long> SessionsOpened { get; } = meter.CreateCounter<long>(
        "postern_sessions_opened", "{session}", "Client sessions that got as far as a greeting.");

    internal UpDownCounter<long> SessionsOpen { get; } = meter.CreateUpDownCounter<long>(
        "postern_sessions_open", "{session}", "Client connections open now.");

    internal Counter<long> ConnectionsRefused { get; } = meter.CreateCounter<long>(
        "postern_connections_refused", "{connection}", "Connections closed before a greeting, by reason: limit (all together), address_limit, proxy (no or a bad PROXY header), stopping. Alert on limit.");

    internal Counter<long> AuthAttempts { get; } = meter.CreateCounter<long>(
        "postern_auth_attempts", "{attempt}", "AUTH attempts by result: ok, failed, throttled. Alert on a steep rise of failed.");

    internal Counter<long> PickupFiles { get; } = meter.CreateCounter<long>(
        "postern_pickup_files", "{file}", "Files of the pickup folder by result: sent, bad, later (the store had no room). Alert on bad.");
}
