namespace Postern.Import;

/// <summary>Which mail goes where.</summary>
internal sealed partial class PostfixImport
{
    /// <summary>Where a route leads.</summary>
    private sealed record Target(IReadOnlyList<string> Upstreams, bool IsReject, IReadOnlyList<string> Egress)
    {
        public string Key => $"{IsReject} {string.Join(',', Upstreams)} {string.Join(',', Egress)}";
    }

    private MasterService? Own => services.FirstOrDefault(s => s is { Name: "smtp", Type: "unix" or "fifo", Command: "smtp" });

    private void Routes()
    {
        var standard = Standard();
        bool isAll = TransportMaps(standard);
        if (!isAll) isAll = SenderMaps(standard);
        if (!isAll) Route(null, standard);
        Explain();
    }

    /// <summary>relayhost, or each domain's own servers.</summary>
    private Target Standard(string? sender = null)
    {
        string transport = settings.Get("default_transport");
        if (Take("default_transport") is not null) Carried("default_transport", "the last [[route]]");
        if (Take("relay_transport") is { } relay && relay is not ("relay" or "smtp")) NotCarried("relay_transport", "mail for relay_domains goes the way of other mail; give it a [[route]]");
        else if (settings.IsSet("relay_transport")) Note(ImportFate.Irrelevant, "relay_transport", "Postfix's own");
        var hops = Hops("relayhost");
        if (transport is not ("smtp" or "smtp:") && (transport.Contains(':', StringComparison.Ordinal) && !transport.EndsWith(':') || !IsSmtp(transport.TrimEnd(':'), out _)))
            return Parse(transport, "default_transport", settings.Place("default_transport"), null) ?? Mx(Own);
        IsSmtp(transport.TrimEnd(':'), out var via);
        via ??= Own;
        if (hops.Count == 0) return Mx(via);
        return ToHops(hops, via, "relayhost", settings.Place("relayhost"), sender);
    }

    private List<NextHop> Hops(string parameter)
    {
        var hops = new List<NextHop>();
        if (Take(parameter) is not { } text) return hops;
        foreach (string word in PostfixWords.List(text))
        {
            if (NextHop.Parse(word) is { } hop) hops.Add(hop);
            else NotCarried(parameter, $"\"{word}\" is no host");
        }
        return hops;
    }

    private Target ToHops(IReadOnlyList<NextHop> hops, MasterService? via, string subject, string place, string? sender = null)
    {
        var names = hops.Select((hop, i) => Upstream(hop, via, subject, place, sender, order: i)).ToList();
        string fallback = Option(via, "smtp_fallback_relay") is { Length: > 0 } own ? own : Option(via, "fallback_relay");
        int order = hops.Count + 9;
        foreach (var hop in PostfixWords.List(fallback).Select(NextHop.Parse).OfType<NextHop>()) names.Add(Upstream(hop, via, "smtp_fallback_relay", settings.Place("smtp_fallback_relay"), order: ++order));
        return new Target([.. names.Distinct()], false, Egress(via));
    }

    private Target Mx(MasterService? via)
    {
        if (Option(via, "smtp_fallback_relay") is { Length: > 0 }) NotCarried("smtp_fallback_relay", "mail that goes to each domain's own servers has no fallback; route it to an upstream if those cannot be reached");
        return new Target([], false, Egress(via));
    }

    /// <summary>True when the transport is a client for SMTP, with its entry in master.cf.</summary>
    private bool IsSmtp(string transport, out MasterService? via)
    {
        via = services.FirstOrDefault(s => s.Name == transport && s.Type is "unix" or "fifo" && s.Name == transport);
        return via is { Command: "smtp" } || via is null && transport is "smtp" or "relay";
    }

    /// <summary>"transport:nexthop" of a table or a parameter.</summary>
    /// <param name="standard">For an entry that leaves all as it is; null where that cannot be.</param>
    private Target? Parse(string value, string subject, string place, Target? standard)
    {
        int colon = value.IndexOf(':', StringComparison.Ordinal);
        string transport = colon < 0 ? value : value[..colon], next = colon < 0 ? "" : value[(colon + 1)..].Trim();
        if (transport.Length == 0 && next.Length == 0) return standard;
        if (transport.Length == 0) transport = "smtp";
        if (IsSmtp(transport, out var via))
        {
            if (next.Length == 0) return Mx(via ?? Own);
            var hops = PostfixWords.List(next).Select(NextHop.Parse).ToList();
            if (hops.All(h => h is not null) && hops.Count > 0) return ToHops([.. hops.Select(h => h!)], via ?? Own, subject, place);
            _draft.Note(ImportFate.NotCarried, subject, place, $"\"{value}\": no host is to be read there");
            return null;
        }
        string command = via?.Command ?? transport;
        if (command == "error") _draft.Note(ImportFate.Changed, subject, place, $"refused at RCPT; the reply does not say \"{next}\"");
        else _draft.Note(ImportFate.NotCarried, subject, place, $"\"{value}\": Postern has no {command}; such mail is refused now, so that it does not go astray");
        return new Target([], true, []);
    }

    /// <summary>True when one entry takes all that is left.</summary>
    private bool TransportMaps(Target standard)
    {
        var byTarget = new List<(Target Target, List<string> Domains)>();
        Target? all = null;
        int entries = 0;
        foreach (var table in Tables(null, "transport_maps"))
        {
            foreach (var entry in table.Entries)
            {
                if (entry.Key == "*" || table.Type == "static")
                {
                    all ??= Parse(entry.Value, "transport of all mail", entry.Place, standard);
                    continue;
                }
                if (Pattern(entry.Key, table) is not { } domains)
                {
                    _draft.Note(ImportFate.NotCarried, $"transport of {entry.Key}", entry.Place, table.HasPatterns ? "only patterns for whole domains can be carried over, such as /@example\\.org$/" : "routes go by domain, not by recipient; such mail goes the way of its domain");
                    continue;
                }
                if (Parse(entry.Value, $"transport of {entry.Key}", entry.Place, standard) is not { } target) continue;
                entries++;
                int known = byTarget.FindIndex(t => t.Target.Key == target.Key);
                if (known < 0) byTarget.Add((target, domains));
                else byTarget[known].Domains.AddRange(domains);
            }
        }
        // Exact names before patterns, long patterns before short ones: the order in which Postfix looks them up.
        foreach (var (target, domains) in byTarget)
            if (domains.Where(d => !d.StartsWith('*')).ToList() is { Count: > 0 } exact) Route($"recipient_domain = {DraftTable.List(exact.Distinct())}", target);
        foreach (var (target, domain) in byTarget.SelectMany(t => t.Domains.Where(d => d.StartsWith('*')).Select(d => (t.Target, d))).OrderByDescending(t => t.d.Length))
            Route($"recipient_domain = {DraftTable.List([domain])}", target);
        if (settings.IsSet("transport_maps") && entries > 0 || all is not null) Carried("transport_maps", "[[route]] by recipient_domain");
        else if (settings.Get("transport_maps").Length == 0 && settings.IsSet("transport_maps")) Note(ImportFate.Irrelevant, "transport_maps", "empty");
        if (all is not null) Route(null, all);
        return all is not null;
    }

    /// <summary>The domains of a key; null where it is for single recipients or cannot be read.</summary>
    private static List<string>? Pattern(string key, LookupTable table)
    {
        if (!table.HasPatterns)
            return key.Contains('@', StringComparison.Ordinal) ? null : key.StartsWith('.') ? [$"*{key.ToLowerInvariant()}"] : [key.ToLowerInvariant()];
        int end = key.Length > 2 ? key.LastIndexOf(key[0]) : 0;
        if (end < 2 || key[0] != '/') return null;
        string pattern = key[1..end];
        foreach (string lead in new[] { "^.*@", "^.+@", ".*@", ".+@", "@", "[@.]", "@(.*\\.)?", "^.*@(.*\\.)?", "@.*\\.", "^.*@.*\\.", "\\." })
        {
            if (!pattern.StartsWith(lead, StringComparison.Ordinal) || !pattern.EndsWith('$')) continue;
            string domain = pattern[lead.Length..^1].Replace("\\.", ".", StringComparison.Ordinal).ToLowerInvariant();
            if (domain.Length == 0 || !domain.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-')) continue;
            return lead is "[@.]" or "@(.*\\.)?" or "^.*@(.*\\.)?" ? [domain, $"*.{domain}"] : lead.EndsWith("\\.", StringComparison.Ordinal) ? [$"*.{domain}"] : [domain];
        }
        return null;
    }

    /// <summary>True when one entry takes all that is left.</summary>
    private bool SenderMaps(Target standard)
    {
        foreach (string name in new[] { "sender_dependent_default_transport_maps", "sender_dependent_relayhost_maps" })
        {
            foreach (var table in Tables(null, name))
            {
                if (table.HasPatterns && table.Entries.Count > 0) NotCarried(name, $"{table.Label}: patterns of senders cannot be carried over; write a [[route]] for each address or @domain");
                foreach (var entry in table.Entries.Where(e => !table.HasPatterns && !e.Value.Equals("DUNNO", StringComparison.OrdinalIgnoreCase)))
                {
                    string sender = entry.Key;
                    if (table.Type != "static" && !sender.Contains('@', StringComparison.Ordinal) && sender != "<>") continue;
                    var target = name == "sender_dependent_relayhost_maps" ? NextHop.Parse(entry.Value) is { } hop ? ToHops([hop], Own, $"relayhost of {sender}", entry.Place, sender) : null : Parse(entry.Value, $"transport of {sender}", entry.Place, standard);
                    if (target is null) _draft.Note(ImportFate.NotCarried, $"relayhost of {sender}", entry.Place, $"\"{entry.Value}\" is no host");
                    else Route(table.Type == "static" ? null : $"sender = {DraftTable.List([sender])}", target);
                    if (target is not null && table.Type == "static") return true;
                }
            }
            if (settings.IsSet(name)) Carried(name, "[[route]] by sender");
        }
        if (!PostfixWords.IsYes(Option(Own, "smtp_sender_dependent_authentication"))) return false;
        foreach (var entry in Tables(Own, "smtp_sasl_password_maps").SelectMany(t => t.Entries).Where(e => e.Key.Contains('@', StringComparison.Ordinal)))
            Route($"sender = {DraftTable.List([entry.Key])}", Standard(entry.Key));
        Carried("smtp_sender_dependent_authentication", "a [[route]] by sender for each password, to an upstream with it");
        return false;
    }

    private void Route(string? match, Target target)
    {
        var route = _draft.Table("[[route]]");
        if (match is not null) route.Raw("match", $"{{ {match} }}");
        if (target.IsReject) route.Text("via", "reject");
        else if (target.Upstreams.Count == 0) route.Text("via", "mx");
        else route.Texts("upstreams", target.Upstreams);
        if (target.Egress.Count > 0) route.Texts("egress", target.Egress);
    }

    /// <summary>What was used on the way, in one place: parameters that several upstreams share are noted once.</summary>
    private void Explain()
    {
        foreach (var (name, text) in new[]
        {
            ("relayhost", "[[upstream]] and the last [[route]]"), ("smtp_sasl_auth_enable", "auth in [[upstream]]"), ("smtp_sasl_password_maps", "auth in [[upstream]]; passwords in files of their own"),
            ("smtp_tls_security_level", "tls in [[upstream]]"), ("smtp_use_tls", "tls in [[upstream]]"), ("smtp_enforce_tls", "tls in [[upstream]]"), ("smtp_tls_enforce_peername", "tls_verify in [[upstream]]"),
            ("smtp_tls_wrappermode", "tls = \"implicit\" in [[upstream]]"), ("smtp_tls_policy_maps", "tls in [[upstream]], for next hops; policies of domains that are reached by their own servers are not carried over"),
            ("smtp_bind_address", "[[egress]]"), ("smtp_bind_address6", "[[egress]]"), ("smtp_fallback_relay", "an upstream of higher order"), ("fallback_relay", "an upstream of higher order"), ("smtp_sasl_security_options", "passwords go over TLS only, unless without_tls says otherwise"),
            ("smtp_tls_CAfile", "tls_ca in [[upstream]], or the system's authorities"),
        })
        {
            if (!settings.IsSet(name) || !_seen.Contains(name) || _draft.Notes.Any(n => n.Subject == name && n.Fate != ImportFate.Irrelevant)) continue;
            string value = settings.Get(name);
            if (value.Length == 0) Note(ImportFate.Irrelevant, name, "empty");
            else Carried(name, text);
        }
        string level = settings.Get("smtp_tls_security_level");
        if (level.Length == 0 || !_draft.UsesMx) return;
        string tls = level switch { "none" => "none", "encrypt" or "verify" or "secure" or "dane-only" or "fingerprint" => "required", _ => "opportunistic" };
        _draft.Table("[delivery]").Text("mx_tls", tls);
        if (level is "verify" or "secure" or "fingerprint") NotCarried("smtp_tls_security_level", $"{level}: the certificates of mail exchangers are not checked, since their names come from the DNS; delivery.mx_tls = \"{tls}\"");
        if (level is "dane" or "dane-only" or "half-dane") NotCarried("smtp_tls_security_level", $"{level}: TLSA records are not looked up; delivery.mx_tls = \"{tls}\" for mail to each domain's own servers");
    }
}
