using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Postern.Core.Configuration;

namespace Postern.Tests.Diagnosis;

/// <summary>What the pages name in Postern, Postfix, Exim and Exchange exists there: an operator must never paste a setting that some guide made up.</summary>
public sealed partial class KnowledgeFactsTests
{
    /// <summary>As `postconf -d` of Postfix 3.7 lists them.</summary>
    private static readonly HashSet<string> Postfix =
    [
        "alias_maps", "body_checks", "connection_cache_ttl_limit", "default_destination_concurrency_limit", "default_destination_rate_delay", "default_process_limit", "header_checks", "inet_interfaces",
        "inet_protocols", "local_recipient_maps", "mailbox_size_limit", "max_idle", "max_use", "maximal_backoff_time", "maximal_queue_lifetime", "message_size_limit",
        "mime_header_checks", "minimal_backoff_time", "mydestination", "mynetworks", "non_smtpd_milters", "postscreen_access_list", "queue_minfree", "queue_run_delay",
        "relay_domains", "relay_recipient_maps", "relayhost", "smtp_address_preference", "smtp_bind_address", "smtp_bind_address6", "smtp_connect_timeout",
        "smtp_connection_cache_on_demand", "smtp_connection_cache_time_limit", "smtp_connection_reuse_time_limit", "smtp_destination_concurrency_limit", "smtp_destination_rate_delay",
        "smtp_destination_recipient_limit", "smtp_helo_name", "smtp_helo_timeout", "smtp_mail_timeout", "smtp_sasl_auth_enable", "smtp_sasl_password_maps",
        "smtp_sasl_security_options", "smtp_tls_policy_maps", "smtp_tls_security_level", "smtpd_client_connection_count_limit", "smtpd_client_connection_rate_limit",
        "smtpd_client_event_limit_exceptions", "smtpd_client_message_rate_limit", "smtpd_client_restrictions", "smtpd_milters", "smtpd_recipient_restrictions",
        "smtpd_relay_restrictions", "smtpd_tls_cert_file", "smtpd_tls_chain_files", "smtpd_tls_key_file", "smtpd_tls_protocols", "smtpd_tls_security_level", "transport_maps",
        "virtual_alias_maps", "virtual_mailbox_domains", "virtual_mailbox_limit",
    ];

    /// <summary>Words inside Postfix's values (its SMTPD_ACCESS_README): restrictions, not parameters.</summary>
    private static readonly HashSet<string> PostfixRestrictions =
    [
        "check_client_access", "defer_unauth_destination", "permit_mynetworks", "permit_sasl_authenticated", "reject_rbl_client", "reject_unknown_client_hostname",
        "reject_unknown_sender_domain",
    ];

    /// <summary>As Exim's specification (spec.xfpt) documents them: options, ACL conditions, and the lists of its default configuration.</summary>
    private static readonly HashSet<string> Exim =
    [
        "acl_smtp_connect", "acl_smtp_data", "acl_smtp_mime", "check_spool_space", "client_send", "connection_max_messages", "daemon_smtp_ports", "disable_ipv6", "dkim_domain",
        "dkim_private_key", "dkim_selector", "dns_retrans", "dns_retry", "helo_data", "host_reject_connection", "hosts_avoid_tls", "hosts_require_auth", "hosts_require_tls",
        "local_domains", "local_interfaces", "message_size_limit", "primary_hostname", "relay_from_hosts", "relay_to_domains", "route_list", "serialize_hosts",
        "smtp_accept_max", "smtp_accept_max_per_connection", "smtp_accept_max_per_host", "smtp_accept_queue", "smtp_ratelimit_hosts", "smtp_ratelimit_mail",
        "tls_advertise_hosts", "tls_certificate", "tls_privatekey", "tls_require_ciphers", "tls_verify_certificates",
    ];

    /// <summary>Cmdlets and parameters of Exchange as Microsoft's reference has them.</summary>
    private static readonly HashSet<string> Exchange =
    [
        "Add-ADPermission", "Add-IPAllowListEntry", "Enable-ExchangeCertificate", "Format-List", "Get-AcceptedDomain", "Get-ExchangeCertificate", "Get-MailboxStatistics",
        "Get-MessageTrackingLog", "Get-ReceiveConnector", "Get-Recipient", "Get-Service", "Get-TransportConfig", "Get-TransportRule", "New-InboundConnector", "New-ReceiveConnector",
        "Set-AcceptedDomain", "Set-CASMailbox", "Set-HostedConnectionFilterPolicy", "Set-Mailbox", "Set-ReceiveConnector", "Set-SendConnector", "Set-TransportConfig",
        "Set-TransportService",
        "-Bindings", "-ConnectorType", "-Custom", "-DomainType", "-EventId", "-ExtendedRights", "-Fqdn", "-Identity", "-IPAddress", "-IPAllowList",
        "-MaxInboundConnectionPercentagePerSource", "-MaxInboundConnectionPerSource", "-MaxMessageSize", "-MaxReceiveSize", "-MaxSendSize", "-MessageRateLimit", "-Name",
        "-PermissionGroups", "-ProhibitSendReceiveQuota", "-Recipients", "-RemoteIPRanges", "-RequireTls", "-SenderDomains", "-SenderIPAddresses", "-Server", "-Services",
        "-SmtpClientAuthenticationDisabled", "-Thumbprint", "-TransportRole", "-UseDatabaseQuotaDefaults", "-User",
    ];

    /// <summary>Named by guides, in no version of the program. They may stand only where the page says that they do not exist.</summary>
    private static readonly string[] Folklore =
    [
        "max-idle-ttl", "max_idle_ttl", "smtp_connection_timeout", "smtp_rate_limit", "smtp_destination_rate_limit", "smtp_idle_timeout", "default_destination_rate_limit",
        "smtpd_client_rate_limit", "smtp_max_connections", "max_connections_per_host", "smtp_connect_max_per_host",
    ];

    public static TheoryData<string> Pages => [.. Directory.GetFiles(Folder()).Where(f => f.EndsWith(".md", StringComparison.Ordinal)).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Settings_of_Postfix_exist(string page)
    {
        foreach (Match line in Regex.Matches(Fences(page, "postfix"), @"^([a-z0-9_]+) = ", RegexOptions.Multiline)) Assert.Contains(line.Groups[1].Value, Postfix);
        foreach (Match word in Regex.Matches(Fences(page, "postfix"), @"\b(?:check|defer|permit|reject)_[a-z_]+")) Assert.Contains(word.Value, PostfixRestrictions);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Names_that_look_like_settings_of_Postfix_or_Exim_are(string page)
    {
        string text = WithoutNegations(Read(page));
        foreach (Match word in Regex.Matches(text, @"(?<!/)\b(?:smtpd?|postscreen|default|maximal|minimal|max|queue|relay|virtual|acl|hosts?|tls|dns|dkim|local|inet|daemon|check|serialize|helo)_[a-z0-9_]+\b"))
        {
            if (Keys().Any(key => key.EndsWith('.' + word.Value, StringComparison.Ordinal))) continue;
            Assert.Contains(word.Value, Postfix.Concat(PostfixRestrictions).Concat(Exim));
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Cmdlets_and_parameters_of_Exchange_exist(string page)
    {
        foreach (Match word in Regex.Matches(Read(page), @"\b(?:Add|Enable|Get|New|Set)-[A-Z][A-Za-z]+")) Assert.Contains(word.Value, Exchange);
        foreach (Match word in Regex.Matches(Fences(page, "powershell"), @"(?<= )-[A-Z][A-Za-z]+")) Assert.Contains(word.Value, Exchange);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Folklore_is_named_only_to_be_denied(string page)
    {
        string text = WithoutNegations(Read(page));
        Assert.All(Folklore, name => Assert.DoesNotContain(name, text));
    }

    [Fact]
    public void Folklore_is_denied_where_it_would_be_looked_for()
    {
        Assert.Contains("`max-idle-ttl` and `smtp_connection_timeout`: Postfix has neither", Read("rate-limited.md"));
        Assert.Contains("`smtp_connect_timeout` (30s), `smtp_helo_timeout` (300s)", Read("rate-limited.md"));
        Assert.Contains("default_destination_rate_delay", Read("rate-limited.md"));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Settings_of_Postern_are_in_the_configuration_reference(string page)
    {
        string sections = string.Join('|', SettingsTable.Root.Settings.Select(s => s.Name));
        foreach (Match key in Regex.Matches(Read(page), $@"(?<![\w./@-])(?:{sections})\.[a-z][a-z0-9_]+(?![\w.-]*\.(?:conf|local|log|pem))")) Assert.Contains(key.Value, Keys());
        foreach (Match key in Regex.Matches(Read(page), @"\[\[?([a-z]+)\]\]? ([a-z0-9_]+) = ")) Assert.Contains($"{key.Groups[1].Value}.{key.Groups[2].Value}", Keys());
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_toml_fence_is_a_good_configuration(string page)
    {
        foreach (Match fence in Regex.Matches(Read(page), "```toml\n(.*?)```", RegexOptions.Singleline))
        {
            string toml = fence.Groups[1].Value;
            if (!toml.Contains("[[upstream]]", StringComparison.Ordinal)) toml += "\n[[upstream]]\nname = \"provider\"\naddress = \"smtp.example.com:587\"\n";
            var environment = new Dictionary<string, string> { ["SMTP_PASSWORD"] = "x" };
            var result = new ConfigLoader(new ConfigSurroundings(environment.GetValueOrDefault, [], Folder())).LoadText(toml, page, []);

            // Files of the reader's machine are not on this one.
            Assert.Empty(result.Errors.Where(e => e.Value?.Contains("/run/secrets", StringComparison.Ordinal) != true && !e.ToString().Contains(".pem", StringComparison.Ordinal) && !e.ToString().Contains("/run/secrets", StringComparison.Ordinal)).Select(e => e.ToString()));
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Examples_use_reserved_names_and_addresses(string page)
    {
        // What is asked on purpose: known-good hosts, public resolvers, codes of blocklists.
        foreach (Match address in Regex.Matches(Regex.Replace(Read(page), @"sources = \[.*?\n\]", "", RegexOptions.Singleline), @"(?<!§)\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b"))
            Assert.Matches(@"^(192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|127\.|0\.0\.0\.0$|1\.0\.0\.127$|2\.0\.0\.127$|8\.8\.8\.8$|1\.1\.1\.1$)", address.Value);
    }

    private static IReadOnlyList<string> Keys() => [.. SettingsTable.Root.Settings.SelectMany(s => Under(s.Name, s.Table!))];

    private static IEnumerable<string> Under(string path, SettingsTable table) =>
        table.Settings.SelectMany(s => s.Table is { } nested ? Under($"{path}.{s.Name}", nested).Append($"{path}.{s.Name}") : [$"{path}.{s.Name}"]);

    private static string WithoutNegations(string text) => string.Join('\n', text.Split('\n').Select(line => Negation().Replace(line, "")));

    private static string Fences(string page, string language) => string.Concat(Regex.Matches(Read(page), $"```{language}\n(.*?)```", RegexOptions.Singleline).Select(m => m.Groups[1].Value));

    private static string Read(string page) => File.ReadAllText(Path.Combine(Folder(), page));

    private static string Folder([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "knowledge"));

    [GeneratedRegex(@"(There is no|Guides name) [^.:]*[.:] ?(Postfix has neither)?")]
    private static partial Regex Negation();
}
