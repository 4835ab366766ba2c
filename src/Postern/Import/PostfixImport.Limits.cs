using System.Globalization;
using Postern.Core.Configuration;

namespace Postern.Import;

/// <summary>Numbers, sizes and times.</summary>
internal sealed partial class PostfixImport
{
    private static readonly (string Parameter, string Key, char Unit)[] _times =
    [
        ("smtpd_timeout", "limits.idle_timeout", 's'),
        ("maximal_queue_lifetime", "delivery.expire", 'd'),
        ("delay_warning_time", "delivery.delay_notice", 'h'),
        ("smtp_connect_timeout", "timeouts.connect", 's'),
        ("smtp_helo_timeout", "timeouts.greeting", 's'),
        ("smtp_helo_timeout", "timeouts.ehlo", 's'),
        ("smtp_starttls_timeout", "timeouts.tls", 's'),
        ("smtp_mail_timeout", "timeouts.mail", 's'),
        ("smtp_rcpt_timeout", "timeouts.rcpt", 's'),
        ("smtp_data_init_timeout", "timeouts.data", 's'),
        ("smtp_data_xfer_timeout", "timeouts.body", 's'),
        ("smtp_data_done_timeout", "timeouts.end_of_data", 's'),
        ("smtp_quit_timeout", "timeouts.quit", 's'),
    ];

    // ZeroIsAll: 0 stands for no limit.
    private static readonly (string Parameter, string Key, bool ZeroIsAll)[] _numbers =
    [
        ("message_size_limit", "limits.max_message", true),
        ("header_size_limit", "limits.max_header_size", false),
        ("queue_minfree", "queue.min_free", false),
        ("smtpd_recipient_limit", "limits.max_recipients", false),
        ("smtpd_hard_error_limit", "limits.max_errors", false),
        ("hopcount_limit", "limits.max_received", false),
        ("smtpd_client_connection_count_limit", "limits.max_connections_per_address", true),
        ("smtp_connection_reuse_count_limit", "delivery.max_messages_per_session", true),
        ("smtp_tcp_port", "delivery.mx_port", false),
    ];

    private void Limits()
    {
        foreach (var (parameter, key, unit) in _times)
        {
            if (Take(parameter) is not { } text) continue;
            if (PostfixWords.Time(text, unit) is { } time) Bounded(parameter, key, time.TotalSeconds, (t, k, v) => t.Time(k, TimeSpan.FromSeconds(v)), v => ConfigValues.Format(TimeSpan.FromSeconds(v)));
            else NotCarried(parameter, $"\"{text}\" is no time");
        }
        foreach (var (parameter, key, zeroIsAll) in _numbers)
        {
            if (Take(parameter) is not { } text) continue;
            if ((PostfixWords.Port(text) ?? PostfixWords.LongNumber(text)) is not { } number) NotCarried(parameter, $"\"{text}\" is no number");
            else if (number == 0 && !zeroIsAll) Note(ImportFate.Irrelevant, parameter, $"0; {key} has a default of its own");
            else WriteNumber(parameter, key, number == 0 ? double.MaxValue : number);
        }
        // Postfix's own transport has a limit of its own beside the one for all.
        First("delivery.max_sessions_per_destination", "smtp_destination_concurrency_limit", "default_destination_concurrency_limit");
        First("delivery.max_recipients_per_transaction", "smtp_destination_recipient_limit", "default_destination_recipient_limit");
        string[] delays = ["smtp_destination_rate_delay", "default_destination_rate_delay"];
        string? delay = delays.Select(d => Take(d) is { } text && PostfixWords.Time(text, 's') is { TotalSeconds: > 0 } ? d : null).FirstOrDefault(d => d is not null);
        foreach (string name in delays.Where(d => d != delay && settings.IsSet(d))) Note(ImportFate.Irrelevant, name, delay is null ? "no delay" : $"{delay} counts");
        if (delay is null) return;
        var gap = PostfixWords.Time(settings.Get(delay), 's')!.Value;
        var shaping = _draft.Table("[[shaping]]", "One message at a time to each destination, with a pause after each.").Number("max_sessions", 1);
        Rate(shaping, gap);
        Changed(delay, $"[[shaping]]: one session, {(gap.TotalSeconds <= 60 ? $"{Math.Max(1, (int)(60 / gap.TotalSeconds))} messages a minute" : $"{Math.Max(1, (int)(3600 / gap.TotalSeconds))} messages an hour")} to each destination, in place of a pause of {ConfigValues.Format(gap)} after each message");
    }

    private static void Rate(DraftTable table, TimeSpan gap)
    {
        if (gap.TotalSeconds <= 60) table.Number("max_messages_per_minute", Math.Max(1, (int)(60 / gap.TotalSeconds)));
        else table.Number("max_messages_per_hour", Math.Max(1, (int)(3600 / gap.TotalSeconds)));
    }

    private void WriteNumber(string parameter, string key, double number)
    {
        bool isSize = key is "limits.max_message" or "limits.max_header_size" or "queue.min_free";
        Bounded(parameter, key, number,
            (t, k, v) => { if (isSize) t.Text(k, ConfigValues.FormatSize((long)v)); else t.Number(k, (long)v); },
            v => v == double.MaxValue ? "no limit" : isSize ? ConfigValues.FormatSize((long)v) : v.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The first that is set counts; 0 is no limit.</summary>
    private void First(string key, params string[] parameters)
    {
        string? counts = null;
        foreach (string parameter in parameters)
        {
            if (Take(parameter) is not { } text) continue;
            if (counts is not null) Note(ImportFate.Irrelevant, parameter, $"{counts} counts");
            else if (PostfixWords.Number(text) is not { } number) NotCarried(parameter, $"\"{text}\" is no number");
            else
            {
                counts = parameter;
                WriteNumber(parameter, key, number == 0 ? double.MaxValue : number);
            }
        }
    }

    /// <summary>Postfix doubles the age of a message until the longest wait; here the waits are written down.</summary>
    private void Schedule()
    {
        string? least = Take("minimal_backoff_time"), most = Take("maximal_backoff_time");
        if (Take("bounce_queue_lifetime") is { } bounces)
        {
            if (bounces == settings.Get("maximal_queue_lifetime")) Carried("bounce_queue_lifetime", "delivery.expire");
            else NotCarried("bounce_queue_lifetime", "notifications wait as long as other mail: delivery.expire");
        }
        if (least is null && most is null) return;
        var wait = PostfixWords.Time(least ?? "300s", 's') ?? TimeSpan.FromSeconds(300);
        var longest = PostfixWords.Time(most ?? "4000s", 's') ?? TimeSpan.FromSeconds(4000);
        var (floor, ceiling) = (TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        var waits = new List<TimeSpan>();
        for (; wait < longest && waits.Count < 20; wait *= 2) waits.Add(wait < floor ? floor : wait);
        waits.Add(longest < floor ? floor : longest > ceiling ? ceiling : longest);
        _draft.Table("[delivery]").Raw("retry", DraftTable.List(waits.Select(w => ConfigValues.Format(w))));
        foreach (string name in new[] { "minimal_backoff_time", "maximal_backoff_time" }.Where(settings.IsSet)) Carried(name, "delivery.retry, doubled from the shortest wait to the longest");
    }
}
