namespace Postern.Import;

/// <summary>
/// The variables by which the common relay images are set up, read as the Postfix settings that they stand for: boky/postfix, juanluisbaptista/postfix and
/// others that take POSTFIX_*, and the Exim images namshi/smtp and bytemark/smtp. Passwords become inline tables in memory.
/// </summary>
internal static class ContainerVariables
{
    private enum Meaning : byte { Setting, Irrelevant, NotCarried }

    private static readonly (string Name, Meaning Meaning, string Text)[] _rows =
    [
        ("TZ", Meaning.Irrelevant, "times in the log are UTC"),
        ("FORCE_COLOR", Meaning.Irrelevant, "about the log"),
        ("LOG_FORMAT", Meaning.NotCarried, "set log.format = \"json\" where it was json"),
        ("LOG_SUBJECT", Meaning.NotCarried, "subjects are not logged"),
        ("DEBUG", Meaning.NotCarried, "set log.level = \"debug\""),
        ("INBOUND_DEBUGGING", Meaning.NotCarried, "set log.level = \"debug\""),
        ("ALLOW_EMPTY_SENDER_DOMAINS", Meaning.Irrelevant, "access.senders may be empty"),
        ("AUTOSET_HOSTNAME", Meaning.NotCarried, "no service is asked for our name; set server.hostname"),
        ("AUTOSET_HOSTNAME_SERVICES", Meaning.NotCarried, "no service is asked for our name; set server.hostname"),
        ("MASQUERADED_DOMAINS", Meaning.NotCarried, "addresses are passed on untouched"),
        ("SMTP_HEADER_CHECKS", Meaning.NotCarried, "there are no header checks; bytes are passed on untouched"),
        ("SMTP_HEADER_TAG", Meaning.NotCarried, "no header is added; bytes are passed on untouched"),
        ("OVERWRITE_FROM", Meaning.NotCarried, "the sender is passed on untouched; have the programs send as the right one"),
        ("ANONYMIZE_EMAILS", Meaning.NotCarried, "the log has whole addresses"),
        ("SKIP_ROOT_SPOOL_CHOWN", Meaning.Irrelevant, "about Postfix's folders"),
        ("DKIM_AUTOGENERATE", Meaning.NotCarried, "mail is not signed here; many providers sign by themselves"),
        ("DKIM_SELECTOR", Meaning.NotCarried, "mail is not signed here; many providers sign by themselves"),
        ("DKIM_BACKEND", Meaning.NotCarried, "mail is not signed here; many providers sign by themselves"),
        ("XOAUTH2_CLIENT_ID", Meaning.NotCarried, "Postern knows PLAIN and LOGIN towards upstreams, not XOAUTH2"),
        ("XOAUTH2_SECRET", Meaning.NotCarried, "see XOAUTH2_CLIENT_ID"),
        ("XOAUTH2_INITIAL_ACCESS_TOKEN", Meaning.NotCarried, "see XOAUTH2_CLIENT_ID"),
        ("XOAUTH2_INITIAL_REFRESH_TOKEN", Meaning.NotCarried, "see XOAUTH2_CLIENT_ID"),
        ("XOAUTH2_TOKEN_ENDPOINT", Meaning.NotCarried, "see XOAUTH2_CLIENT_ID"),
        ("RELAY_DOMAINS", Meaning.NotCarried, "mail from strangers for these domains is not taken; known networks and users may send to all"),
        ("DESTINATION", Meaning.NotCarried, "mail from strangers for these domains is not taken; known networks and users may send to all"),
        ("DOMAIN", Meaning.NotCarried, "addresses without a domain are passed on as they are"),
        ("OTHER_HOSTNAMES", Meaning.NotCarried, "nothing is delivered here"),
        ("DISABLE_IPV6", Meaning.Setting, ""),
        ("USE_TLS", Meaning.Setting, ""), ("TLS_VERIFY", Meaning.Setting, ""),
        ("SMTPUTF8_ENABLE", Meaning.Irrelevant, "SMTPUTF8 is taken, and passed on where the upstream does"),
        ("ALWAYS_ADD_MISSING_HEADERS", Meaning.NotCarried, "set add_missing_headers = true in [[listener]]"),
        ("KEY_PATH", Meaning.Setting, ""), ("CERTIFICATE_PATH", Meaning.Setting, ""), ("PORT", Meaning.Setting, ""), ("BIND_IP", Meaning.Setting, ""),
        ("RELAYHOST", Meaning.Setting, ""), ("RELAYHOST_USERNAME", Meaning.Setting, ""), ("RELAYHOST_PASSWORD", Meaning.Setting, ""), ("RELAYHOST_TLS_LEVEL", Meaning.Setting, ""), ("SASL_RELAYHOST", Meaning.Irrelevant, "the password goes with RELAYHOST"),
        ("MYNETWORKS", Meaning.Setting, ""), ("ALLOWED_SENDER_DOMAINS", Meaning.Setting, ""), ("SMTPD_SASL_USERS", Meaning.Setting, ""), ("HOSTNAME", Meaning.Irrelevant, "the container's own name"),
        ("SMTP_SERVER", Meaning.Setting, ""), ("SMTP_PORT", Meaning.Setting, ""), ("SMTP_USERNAME", Meaning.Setting, ""), ("SMTP_PASSWORD", Meaning.Setting, ""), ("SERVER_HOSTNAME", Meaning.Setting, ""), ("SMTP_NETWORKS", Meaning.Setting, ""), ("MESSAGE_SIZE_LIMIT", Meaning.Setting, ""),
        ("RELAY_HOST", Meaning.Setting, ""), ("RELAY_PORT", Meaning.Setting, ""), ("RELAY_USERNAME", Meaning.Setting, ""), ("RELAY_PASSWORD", Meaning.Setting, ""), ("RELAY_NETS", Meaning.Setting, ""), ("RELAY_NETWORKS", Meaning.Setting, ""), ("MAILNAME", Meaning.Setting, ""),
        ("SMARTHOST_ADDRESS", Meaning.Setting, ""), ("SMARTHOST_PORT", Meaning.Setting, ""), ("SMARTHOST_USER", Meaning.Setting, ""), ("SMARTHOST_PASSWORD", Meaning.Setting, ""), ("SMARTHOST_ALIASES", Meaning.NotCarried, "the certificate is checked against the upstream's name"),
        ("GMAIL_USER", Meaning.Setting, ""), ("GMAIL_PASSWORD", Meaning.Setting, ""), ("SES_USER", Meaning.Setting, ""), ("SES_PASSWORD", Meaning.Setting, ""), ("SES_REGION", Meaning.Setting, ""), ("SES_PORT", Meaning.Setting, ""),
    ];

    /// <summary>True when a variable says something about a relay; the others are the system's.</summary>
    public static bool IsOurs(string name) => name.StartsWith("POSTFIX_", StringComparison.Ordinal) || name.StartsWith("POSTFIXMASTER_", StringComparison.Ordinal) || name.StartsWith("OPENDKIM_", StringComparison.Ordinal) || name.StartsWith("RSPAMD_", StringComparison.Ordinal)
        || Array.Exists(_rows, r => name == r.Name || name == r.Name + "_FILE");

    /// <param name="variables">All of the environment; those of the system are left alone.</param>
    public static ImportDraft Import(IReadOnlyDictionary<string, string> variables, string machine)
    {
        var known = variables.Where(v => IsOurs(v.Key)).ToDictionary(StringComparer.Ordinal);
        var settings = new PostfixSettings("/etc/postfix", machine);
        var notes = new List<ImportNote>();
        string? Get(params string[] names)
        {
            foreach (string name in names)
            {
                if (known.TryGetValue(name, out string? value) && value.Length > 0) return value;
                if (known.TryGetValue(name + "_FILE", out string? file) && file.Length > 0) return Read(name + "_FILE", file, notes);
            }
            return null;
        }
        void Set(string parameter, string? value, string from)
        {
            if (value is null) return;
            settings.Set(new PostfixSetting(parameter, value, from));
        }

        bool isGmail = Get("GMAIL_USER") is not null, isSes = Get("SES_USER") is not null;
        string? host = Get("RELAYHOST", "SMTP_SERVER", "RELAY_HOST", "SMARTHOST_ADDRESS") ?? (isGmail ? "smtp.gmail.com" : isSes ? $"email-smtp.{Get("SES_REGION") ?? "eu-central-1"}.amazonaws.com" : null);
        string? port = Get("SMTP_PORT", "RELAY_PORT", "SMARTHOST_PORT", "SES_PORT") ?? (Get("SMTP_SERVER") is not null || isGmail || isSes ? "587" : null);
        string? user = Get("RELAYHOST_USERNAME", "SMTP_USERNAME", "RELAY_USERNAME", "SMARTHOST_USER", "GMAIL_USER", "SES_USER"), password = Get("RELAYHOST_PASSWORD", "SMTP_PASSWORD", "RELAY_PASSWORD", "SMARTHOST_PASSWORD", "GMAIL_PASSWORD", "SES_PASSWORD");
        if (host is not null)
        {
            // The images connect to the host itself where a port is given; a bare name is one too in every example of theirs.
            string hop = NextHop.Parse(host) is { } parsed ? $"[{parsed.Host}]:{(port is not null ? port : parsed.Port)}" : host;
            Set("relayhost", hop, "environment");
            if (user is not null)
            {
                Set("smtp_sasl_auth_enable", "yes", "environment");
                Set("smtp_sasl_security_options", "noanonymous", "environment");
            }
            string level = Get("RELAYHOST_TLS_LEVEL") ?? (Get("USE_TLS") == "no" ? "none" : Get("TLS_VERIFY") is { } verify && verify != "no" ? verify : user is not null && Get("RELAYHOST") is null ? "encrypt" : "may");
            Set("smtp_tls_security_level", level, "environment");
            if (hop.EndsWith(":465", StringComparison.Ordinal)) Set("smtp_tls_wrappermode", "yes", "environment");
        }
        Set("myhostname", Get("SERVER_HOSTNAME", "MAILNAME"), "environment");
        Set("message_size_limit", Get("MESSAGE_SIZE_LIMIT"), "environment");
        if (Get("DISABLE_IPV6") is not null) Set("inet_protocols", "ipv4", "environment");
        string? networks = Get("MYNETWORKS") ?? Get("RELAY_NETS")?.Replace(';', ' ') ?? Get("RELAY_NETWORKS")?.Trim(':').Replace(':', ' ') ?? Get("SMTP_NETWORKS") switch { { } more => "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 " + more, null => null };
        Set("mynetworks", networks ?? "127.0.0.0/8 [::1]/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16", networks is null ? "the images' own default" : "environment");
        Set("smtpd_tls_cert_file", Get("CERTIFICATE_PATH"), "environment");
        Set("smtpd_tls_key_file", Get("KEY_PATH"), "environment");
        Set("mydestination", "", "the images' own default");
        // What is said of Postfix itself comes last and wins, as in the images.
        foreach (var (name, value) in known.Where(v => v.Key.StartsWith("POSTFIX_", StringComparison.Ordinal)))
            Set(name["POSTFIX_".Length..].ToLowerInvariant() is var lower && lower.EndsWith("cafile", StringComparison.Ordinal) ? "smtp_tls_CAfile" : lower, value, $"environment variable {name}");
        var services = MasterService.Read($"{Get("PORT") ?? (Get("RELAYHOST") is not null || Get("ALLOWED_SENDER_DOMAINS") is not null ? "587" : "25")} inet n - n - - smtpd\nsmtp unix - - n - - smtp\n", "the image's master.cf");
        // A password may hold what a table cannot: it is handed over beside the settings.
        var draft = new PostfixImport(settings, services) { Login = user is not null && host is not null ? (user, password ?? "") : null }.Run();
        draft.Notes.InsertRange(0, notes);
        Access(draft, Get("ALLOWED_SENDER_DOMAINS"), Get("SMTPD_SASL_USERS"));
        foreach (string name in known.Keys.Order(StringComparer.Ordinal)) Tell(draft, name, notes);
        return draft;
    }

    private static void Access(ImportDraft draft, string? senders, string? users)
    {
        if (senders is not null) draft.Table("[access]").Texts("senders", PostfixWords.List(senders).SelectMany(d => d.StartsWith('.') ? Array.Empty<string>() : [$"@{d}"]));
        foreach (string pair in (users ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int colon = pair.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1) continue;
            draft.Table("[[user]]").Text("name", pair[..colon]).Raw("password", draft.Secret($"user-{pair[..colon].Replace('/', '-')}.password", pair[(colon + 1)..]));
        }
    }

    private static void Tell(ImportDraft draft, string name, List<ImportNote> notes)
    {
        string place = $"environment variable {name}";
        if (notes.Any(n => n.Subject == name) || name.StartsWith("POSTFIX_", StringComparison.Ordinal)) return;
        var row = Array.Find(_rows, r => name == r.Name || name == r.Name + "_FILE");
        if (row.Name is null) draft.Note(ImportFate.NotCarried, name, place, name.StartsWith("POSTFIXMASTER_", StringComparison.Ordinal) ? "services of master.cf are not set up by variables here; see [[listener]]" : "mail is not signed or filtered here; many providers sign by themselves");
        else if (row.Meaning == Meaning.Setting) draft.Note(ImportFate.Carried, name, place, "in the configuration");
        else draft.Note(row.Meaning == Meaning.Irrelevant ? ImportFate.Irrelevant : ImportFate.NotCarried, name, place, row.Text);
    }

    private static string? Read(string name, string file, List<ImportNote> notes)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            notes.Add(new ImportNote(ImportFate.NotCarried, name, $"environment variable {name}", $"{file} cannot be read here: {e.Message}"));
            return null;
        }
    }
}
