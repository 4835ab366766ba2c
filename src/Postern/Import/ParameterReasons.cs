namespace Postern.Import;

/// <summary>What is said of parameters that have no counterpart. The first row that matches counts; a star matches any ending or beginning.</summary>
internal static class ParameterReasons
{
    private const string Rewriting = "Postern passes addresses and bytes on untouched; have the sending program do it, or keep a Postfix before or behind for it";
    private const string Filtering = "Postern has no content filters; put the filter before it";
    private const string Local = "Postern only passes mail on; nothing is delivered on this machine";
    private const string Layout = "about where and as whom Postfix runs";
    private const string Inbound = "about mail from strangers; Postern takes mail from known networks and users only";

    private static readonly (string Pattern, ImportFate Fate, string Reason)[] _rows =
    [
        ("compatibility_level", ImportFate.Irrelevant, "about Postfix's own defaults"),
        ("smtp_header_checks", ImportFate.NotCarried, Filtering),
        ("*_checks", ImportFate.NotCarried, Filtering),
        ("content_filter", ImportFate.NotCarried, Filtering),
        ("smtpd_milters", ImportFate.NotCarried, "Postern has no milters: what signs (DKIM) or filters has to do so before or behind it; many providers sign by themselves"),
        ("non_smtpd_milters", ImportFate.NotCarried, "as smtpd_milters"),
        ("milter_*", ImportFate.Irrelevant, "settings of milters, see smtpd_milters"),
        ("receive_override_options", ImportFate.Irrelevant, "about filters and rewriting that Postern does not have"),
        ("smtp_generic_maps", ImportFate.NotCarried, Rewriting),
        ("*canonical_maps", ImportFate.NotCarried, Rewriting),
        ("*canonical_classes", ImportFate.Irrelevant, "settings of the canonical maps"),
        ("masquerade_*", ImportFate.NotCarried, Rewriting),
        ("virtual_alias_*", ImportFate.NotCarried, Rewriting),
        ("relocated_maps", ImportFate.NotCarried, "such recipients are no longer refused with their new address"),
        ("always_bcc", ImportFate.NotCarried, "Postern makes no copies of mail"),
        ("*_bcc_maps", ImportFate.NotCarried, "Postern makes no copies of mail"),
        ("virtual_*", ImportFate.Irrelevant, Local),
        ("alias_*", ImportFate.Irrelevant, Local),
        ("mailbox_*", ImportFate.Irrelevant, Local),
        ("home_mailbox", ImportFate.Irrelevant, Local),
        ("mail_spool_directory", ImportFate.Irrelevant, Local),
        ("local_*", ImportFate.Irrelevant, Local),
        ("luser_relay", ImportFate.Irrelevant, Local),
        ("recipient_delimiter", ImportFate.Irrelevant, Local),
        ("forward_path", ImportFate.Irrelevant, Local),
        ("allow_mail_to_*", ImportFate.Irrelevant, Local),
        ("biff", ImportFate.Irrelevant, Local),
        ("owner_request_special", ImportFate.Irrelevant, Local),
        ("fallback_transport*", ImportFate.Irrelevant, Local),
        ("dovecot_*", ImportFate.Irrelevant, Local),
        ("append_*", ImportFate.NotCarried, "addresses without a domain are passed on as they are; have the sending programs write whole ones"),
        ("myorigin", ImportFate.NotCarried, "addresses without a domain are passed on as they are; have the sending programs write whole ones"),
        ("remote_header_rewrite_domain", ImportFate.NotCarried, Rewriting),
        ("swap_bangpath", ImportFate.Irrelevant, "Postern passes addresses on untouched"),
        ("local_header_rewrite_clients", ImportFate.Irrelevant, "Postern passes addresses on untouched"),
        ("always_add_missing_headers", ImportFate.NotCarried, "set add_missing_headers = true in [[listener]]"),
        ("relay_domains", ImportFate.NotCarried, Inbound),
        ("relay_recipient_maps", ImportFate.NotCarried, Inbound),
        ("permit_mx_backup_networks", ImportFate.NotCarried, Inbound),
        ("mynetworks_style", ImportFate.Irrelevant, "mynetworks is set and wins"),
        ("postscreen_*", ImportFate.Irrelevant, Inbound),
        ("address_verify_*", ImportFate.Irrelevant, Inbound),
        ("unverified_*", ImportFate.Irrelevant, Inbound),
        ("unknown_*", ImportFate.Irrelevant, Inbound),
        ("smtpd_client_*_limit", ImportFate.NotCarried, "Postern limits connections (limits.max_connections_per_address), not their rate"),
        ("smtpd_client_*", ImportFate.NotCarried, Inbound),
        ("smtpd_helo_*", ImportFate.Irrelevant, Inbound),
        ("smtpd_delay_reject", ImportFate.Irrelevant, Inbound),
        ("smtpd_reject_*", ImportFate.NotCarried, Inbound),
        ("smtpd_discard_ehlo_*", ImportFate.NotCarried, "Postern always offers what it can do"),
        ("smtpd_forbid_*", ImportFate.Irrelevant, "Postern refuses bare line ends and commands out of turn by itself"),
        ("smtpd_banner", ImportFate.Irrelevant, "the greeting says server.hostname and no program"),
        ("smtpd_sasl_*", ImportFate.NotCarried, "the passwords are in another program's keeping (Cyrus SASL, Dovecot): give each user a [[user]], with a hash from 'postern config hash'; hashes of Dovecot ({SHA512-CRYPT}) can be used as they are, without their prefix"),
        ("smtpd_sender_login_maps", ImportFate.NotCarried, "write each user's addresses as senders in [[user]]"),
        ("smtpd_tls_dh*", ImportFate.Irrelevant, "the keys of TLS are the system library's matter"),
        ("smtpd_tls_*", ImportFate.Irrelevant, "TLS versions and ciphers are those of the system's library and its policy"),
        ("smtpd_use_tls", ImportFate.Irrelevant, "see smtpd_tls_security_level"),
        ("smtpd_*_limit", ImportFate.Irrelevant, "Postern has limits of its own: limits in docs/configuration.md"),
        ("smtpd_soft_error_limit", ImportFate.Irrelevant, "Postern closes after limits.max_errors and does not slow down before"),
        ("smtpd_*", ImportFate.NotCarried, "about what Postfix's server checks; Postern takes mail from access.networks and [[user]], from access.senders"),
        ("smtp_sasl_mechanism_filter", ImportFate.Irrelevant, "Postern speaks PLAIN and LOGIN"),
        ("smtp_sasl_*", ImportFate.Irrelevant, "passwords go over TLS only unless without_tls is set"),
        ("smtp_tls_*", ImportFate.Irrelevant, "TLS versions, ciphers and caches are those of the system's library and of Postern itself"),
        ("lmtp_*", ImportFate.Irrelevant, Local),
        ("tls_*", ImportFate.Irrelevant, "TLS versions and ciphers are those of the system's library and its policy"),
        ("smtp_destination_*", ImportFate.Irrelevant, "Postern finds out by itself how much an upstream takes"),
        ("*_destination_concurrency_failed_cohort_limit", ImportFate.Irrelevant, "Postern decides by the cause when to stop trying"),
        ("*_feedback", ImportFate.Irrelevant, "Postern finds out by itself how much an upstream takes"),
        ("smtp_connection_cache_*", ImportFate.Irrelevant, "Postern uses sessions again by itself"),
        ("smtp_host_lookup", ImportFate.NotCarried, "Postern asks the DNS (dns.servers); names that only the system knows are not found"),
        ("smtp_dns_*", ImportFate.NotCarried, "see dns in docs/configuration.md"),
        ("disable_dns_lookups", ImportFate.Irrelevant, "an upstream's name is looked up as a host in any case"),
        ("ignore_mx_lookup_error", ImportFate.Irrelevant, "Postern waits while names cannot be looked up"),
        ("smtp_address_preference", ImportFate.NotCarried, "Postern tries both families; delivery.ipv6 = false or family in [[upstream]] choose one"),
        ("smtp_pix_*", ImportFate.Irrelevant, "Postern sends the end of data in one piece"),
        ("smtp_skip_5xx_greeting", ImportFate.Irrelevant, "Postern never returns mail for a greeting"),
        ("smtp_*", ImportFate.Irrelevant, "about details of Postfix's client; Postern follows RFC 5321 by itself"),
        ("bounce_template_file", ImportFate.NotCarried, "Postern writes its notifications by itself"),
        ("bounce_*", ImportFate.Irrelevant, "notifications follow delivery.expire"),
        ("soft_bounce", ImportFate.NotCarried, "where needed per cause: decide in [[route]]"),
        ("notify_classes", ImportFate.NotCarried, "Postern tells of trouble by incidents, metrics and webhooks, not by mail"),
        ("*_notice_recipient", ImportFate.NotCarried, "Postern tells of trouble by incidents, metrics and webhooks, not by mail"),
        ("disable_vrfy_command", ImportFate.Irrelevant, "VRFY tells nothing here"),
        ("strict_*", ImportFate.Irrelevant, "about details of Postfix's server"),
        ("resolve_*", ImportFate.Irrelevant, "Postern passes addresses on untouched"),
        ("allow_*", ImportFate.Irrelevant, "about details of Postfix's server"),
        ("smtputf8_*", ImportFate.Irrelevant, "Postern takes SMTPUTF8 and passes it on where the upstream does"),
        ("queue_run_delay", ImportFate.Irrelevant, "each message has its own time; the queue is not scanned"),
        ("qmgr_*", ImportFate.Irrelevant, "about Postfix's queue"),
        ("in_flow_delay", ImportFate.Irrelevant, "about Postfix's queue"),
        ("hash_queue_*", ImportFate.Irrelevant, "about Postfix's queue"),
        ("fast_flush_*", ImportFate.Irrelevant, "about Postfix's queue; postern queue retry --destination does it"),
        ("defer_transports", ImportFate.NotCarried, "hold mail with 'postern queue hold'"),
        ("default_process_limit", ImportFate.Irrelevant, "a session needs no process here"),
        ("line_length_limit", ImportFate.Irrelevant, "Postern splits no lines"),
        ("*_time_limit", ImportFate.Irrelevant, "about Postfix's programs"),
        ("*_directory", ImportFate.Irrelevant, Layout),
        ("*_path", ImportFate.Irrelevant, Layout),
        ("*_owner", ImportFate.Irrelevant, Layout),
        ("*_group", ImportFate.Irrelevant, Layout),
        ("*_service_name", ImportFate.Irrelevant, Layout),
        ("*_privs", ImportFate.Irrelevant, Layout),
        ("import_environment", ImportFate.Irrelevant, Layout),
        ("export_environment", ImportFate.Irrelevant, Layout),
        ("default_database_type", ImportFate.Irrelevant, "tables are read from their text"),
        ("multi_instance_*", ImportFate.NotCarried, "each instance is a relay of its own; import each"),
        ("debug*", ImportFate.Irrelevant, "about Postfix's log; see log.level"),
        ("maillog_*", ImportFate.Irrelevant, "about Postfix's log; Postern writes to standard output, for the journal"),
        ("syslog_*", ImportFate.Irrelevant, "about Postfix's log"),
        ("authorized_*_users", ImportFate.Irrelevant, "there is no sendmail command; programs connect to the listener"),
        ("proxy_interfaces", ImportFate.Irrelevant, Inbound),
        ("mail_name", ImportFate.Irrelevant, "the program has its own name"),
        ("mail_version", ImportFate.Irrelevant, "the program has its own version"),
        ("enable_long_queue_ids", ImportFate.Irrelevant, "Postern's ids are long"),
        ("max_idle", ImportFate.Irrelevant, "about Postfix's processes"),
        ("max_use", ImportFate.Irrelevant, "about Postfix's processes"),
        ("ipc_*", ImportFate.Irrelevant, "about Postfix's processes"),
        ("service_throttle_time", ImportFate.Irrelevant, "about Postfix's processes"),
    ];

    /// <summary>A parameter that no row knows is for somebody to look at.</summary>
    public static (ImportFate Fate, string Reason) Of(string parameter)
    {
        foreach (var (pattern, fate, reason) in _rows)
            if (Matches(pattern, parameter)) return (fate, reason);
        return (ImportFate.NotCarried, "not known here; see whether docs/configuration.md has something like it");
    }

    private static bool Matches(string pattern, string name)
    {
        int star = pattern.IndexOf('*', StringComparison.Ordinal);
        return star < 0 ? pattern == name
            : name.Length >= pattern.Length - 1 && name.StartsWith(pattern[..star], StringComparison.Ordinal) && name.EndsWith(pattern[(star + 1)..], StringComparison.Ordinal);
    }
}
