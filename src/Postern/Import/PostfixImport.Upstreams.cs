using System.Net;

namespace Postern.Import;

/// <summary>Next hops with their TLS, passwords, limits and local addresses.</summary>
internal sealed partial class PostfixImport
{
    private readonly Dictionary<string, string> _upstreams = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase), _unreadable = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _egress = new(StringComparer.Ordinal);

    /// <summary>A parameter of the client: the transport's own -o wins. It counts as dealt with.</summary>
    private string Option(MasterService? via, string name)
    {
        Take(name);
        return via is not null && via.Options.TryGetValue(name, out string? own) ? settings.Expand(own) : settings.Get(name);
    }

    private IReadOnlyList<LookupTable> Tables(MasterService? via, string name)
    {
        var tables = LookupTable.ReadAll(Option(via, name), settings);
        foreach (var table in tables.Where(t => t.Problem is not null && _unreadable.Add($"{name} {t.Spec}"))) NotCarried(name, $"{table.Label}: {table.Problem}");
        return tables;
    }

    /// <summary>The name of the upstream for a next hop; made when it is new.</summary>
    /// <param name="via">The transport of master.cf; null for Postfix's own.</param>
    /// <param name="sender">Whose password is used; null for anybody's.</param>
    /// <param name="order">Of a fallback; 0 for the first choice.</param>
    private string Upstream(NextHop hop, MasterService? via, string subject, string place, string? sender = null, int order = 0)
    {
        var auth = Credentials(hop, via, sender);
        var (tls, verify) = Tls(hop, via, subject, place);
        string key = $"{hop.Address} {tls} {verify} {auth?.User} {auth?.Password} {via?.Name} {order}";
        if (_upstreams.TryGetValue(key, out string? known)) return known;
        string name = Unique(subject == "relayhost" ? "relayhost" : subject == "smtp_fallback_relay" ? "fallback" : hop.Host);
        _upstreams[key] = name;
        var table = _draft.Table("[[upstream]]", $"{place}: {subject}").Text("name", name).Text("address", hop.Address);
        if (tls is not null) table.Text("tls", tls);
        if (tls is "required" or "implicit" && !verify) table.Flag("tls_verify", false);
        if (tls is "required" or "implicit" && verify) Authority(table, via);
        if (auth is { } login)
        {
            bool inClear = tls is "none" && !Option(via, "smtp_sasl_security_options").Contains("noplaintext", StringComparison.Ordinal);
            if (tls is "none" && !inClear)
            {
                table.Text("tls", "opportunistic");
                _draft.Note(ImportFate.Changed, $"password for {hop.Text}", place, "Postfix sent it neither in clear (noplaintext) nor over TLS (smtp_tls_security_level = none); Postern sends it over TLS only, and uses TLS where it is offered");
            }
            table.Raw("auth", $"{{ user = {DraftTable.Toml(login.User)}, password = {_draft.Secret($"{name}.password", login.Password)}{(inClear ? ", without_tls = true" : "")} }}");
            _draft.Note(ImportFate.Carried, $"password for {hop.Text}", login.Place, $"auth of upstream {name}, in a file of its own");
        }
        if (order > 0) table.Number("order", order);
        if (!hop.IsHost) _draft.Note(ImportFate.Changed, subject, place, $"Postfix looks up the MX records of {hop.Host}, since it is not in brackets; Postern connects to the host of that name. If it has no address, write the name of its mail server into upstream {name}");
        if (via is not null) Speed(via, table);
        return name;
    }

    /// <summary>A transport of its own may have limits of its own, in main.cf.</summary>
    private void Speed(MasterService via, DraftTable table)
    {
        string sessions = $"{via.Name}_destination_concurrency_limit", recipients = $"{via.Name}_destination_recipient_limit", delay = $"{via.Name}_destination_rate_delay";
        if (via.Name == "smtp") return;
        if (Take(sessions) is { } most && PostfixWords.Number(most) is > 0 and var number)
        {
            table.Number("max_sessions", number);
            Carried(sessions, "max_sessions of the upstreams that this transport leads to");
        }
        if (Take(delay) is { } text && PostfixWords.Time(text, 's') is { TotalSeconds: > 0 } gap)
        {
            table.Number("max_sessions", 1);
            Rate(table, gap);
            Changed(delay, "one session and a rate for the upstreams that this transport leads to, in place of a pause after each message");
        }
        if (Take(recipients) is not null) NotCarried(recipients, "recipients per transaction are the same for all: delivery.max_recipients_per_transaction");
    }

    /// <summary>Null for what Postern does by itself: TLS where it is offered.</summary>
    private (string? Tls, bool Verify) Tls(NextHop hop, MasterService? via, string subject, string place)
    {
        string level = Option(via, "smtp_tls_security_level");
        bool enforced = PostfixWords.IsYes(Option(via, "smtp_enforce_tls")), used = PostfixWords.IsYes(Option(via, "smtp_use_tls")), named = PostfixWords.IsYes(Option(via, "smtp_tls_enforce_peername"));
        if (level.Length == 0) level = enforced ? named ? "verify" : "encrypt" : used ? "may" : "";
        if (Tables(via, "smtp_tls_policy_maps").Select(t => t.Find(hop.Text)).FirstOrDefault(v => v is not null) is { } policy)
        {
            var words = PostfixWords.List(policy);
            level = words.FirstOrDefault() ?? level;
            if (words.Count > 1) _draft.Note(ImportFate.NotCarried, $"TLS policy of {hop.Text}", place, $"{string.Join(' ', words.Skip(1))}: names, versions and ciphers cannot be chosen per upstream; the certificate is checked against the upstream's name");
        }
        bool isImplicit = PostfixWords.IsYes(Option(via, "smtp_tls_wrappermode"));
        bool verifies = level is "verify" or "secure";
        if (level == "encrypt") _draft.Note(ImportFate.Changed, $"TLS to {hop.Text}", place, "tls_verify = false: the level encrypt checks no certificate. Take the line away if the upstream has a good one");
        if (level is "dane" or "dane-only" or "half-dane") _draft.Note(ImportFate.NotCarried, $"TLS to {hop.Text}", place, $"{level}: TLSA records are not looked up; {(level == "dane-only" ? "TLS is required and the certificate checked by the system's authorities" : "TLS is used where it is offered")}");
        if (level == "fingerprint") _draft.Note(ImportFate.NotCarried, $"TLS to {hop.Text}", place, "fingerprint: the certificate is not checked now (tls_verify = false); name its authority in tls_ca");
        if (isImplicit) return ("implicit", verifies || level == "dane-only");
        return level switch
        {
            "" => (null, true),
            "none" => ("none", true),
            "encrypt" or "fingerprint" => ("required", false),
            "verify" or "secure" or "dane-only" => ("required", true),
            _ => ("opportunistic", true),
        };
    }

    private void Authority(DraftTable table, MasterService? via)
    {
        string file = Option(via, "smtp_tls_CAfile");
        if (file.Length == 0 || file.EndsWith("/ca-certificates.crt", StringComparison.Ordinal) || file.EndsWith("/ca-bundle.crt", StringComparison.Ordinal)) return;
        string path = Path.GetFullPath(file, settings.Folder);
        if (File.Exists(path)) table.Text("tls_ca", path);
        else NotCarried("smtp_tls_CAfile", $"there is no {path} on this machine; the system's authorities are trusted");
    }

    /// <summary>As Postfix looks them up: the sender where passwords depend on it, the host, the next hop as written.</summary>
    private (string User, string Password, string Place)? Credentials(NextHop hop, MasterService? via, string? sender)
    {
        if (!PostfixWords.IsYes(Option(via, "smtp_sasl_auth_enable"))) return null;
        if (Login is { } given) return (given.User, given.Password, "environment");
        foreach (string key in new[] { sender, hop.Host, hop.Text }.OfType<string>())
        {
            foreach (var table in Tables(via, "smtp_sasl_password_maps"))
            {
                if (table.Find(key) is not { Length: > 0 } value) continue;
                int colon = value.IndexOf(':', StringComparison.Ordinal);
                return (colon < 0 ? value : value[..colon], colon < 0 ? "" : value[(colon + 1)..], table.Label);
            }
        }
        return null;
    }

    /// <summary>Names of our own addresses for a transport; empty for the system's choice.</summary>
    private List<string> Egress(MasterService? via)
    {
        var names = new List<string>();
        foreach (string parameter in new[] { "smtp_bind_address", "smtp_bind_address6" })
        {
            string address = Option(via, parameter).Trim('[', ']');
            if (!IPAddress.TryParse(address, out var ip) || ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)) continue;
            if (!_egress.TryGetValue(address, out string? name))
            {
                _egress[address] = name = $"address-{_egress.Count + 1}";
                _draft.Table("[[egress]]", $"{settings.Place(parameter)}: {parameter}").Text("name", name).Text("address", address);
            }
            names.Add(name);
        }
        return names;
    }

    private string Unique(string wish)
    {
        string plain = string.Concat(wish.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-'));
        plain = plain.Length > 60 ? plain[..60] : plain.Length == 0 ? "upstream" : plain;
        string name = plain;
        for (int i = 2; !_names.Add(name); i++) name = $"{plain}-{i}";
        return name;
    }
}
