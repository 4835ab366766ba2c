using System.Net;

namespace Postern.Import;

/// <summary>Where mail is taken, and from whom.</summary>
internal sealed partial class PostfixImport
{
    /// <summary>What Postern does in any case: known networks and users may send, others may not.</summary>
    private static readonly string[] _ordinary = ["permit_mynetworks", "permit_sasl_authenticated", "reject_unauth_destination", "defer_unauth_destination", "reject", "permit", "permit_auth_destination"];

    private void Listeners()
    {
        string interfaces = settings.Get("inet_interfaces"), protocols = settings.Get("inet_protocols");
        bool hasTls = Certificate();
        var found = services.Where(s => s.Type == "inet" && s.Command is "smtpd" or "postscreen" && s.Type == "inet").ToList();
        var written = new HashSet<string>(StringComparer.Ordinal);
        if (services.Count == 0) Listener("smtp", new Dictionary<string, string>(), "smtp");
        foreach (var service in found) Listener(service.Name, service.Options, service.Place);
        if (services.Count > 0 && found.Count == 0) _draft.Note(ImportFate.Changed, "no smtpd service", "master.cf", "Postfix took mail from the sendmail command only; Postern listens on 127.0.0.1:2525");
        if (Take("inet_interfaces") is not null) Carried("inet_interfaces", "address in [[listener]]");
        if (Take("inet_protocols") is not null)
        {
            if (protocols == "ipv4") _draft.Table("[delivery]").Flag("ipv6", false);
            Carried("inet_protocols", protocols == "ipv4" ? "delivery.ipv6 = false, and IPv4 addresses in [[listener]]" : "address in [[listener]]");
        }
        foreach (string name in new[] { "smtpd_tls_security_level", "smtpd_use_tls", "smtpd_enforce_tls", "smtpd_tls_auth_only", "smtpd_tls_wrappermode" })
            if (Take(name) is not null) Carried(name, "tls and auth_without_tls in [[listener]]");

        void Listener(string name, IReadOnlyDictionary<string, string> options, string place)
        {
            int colon = name.LastIndexOf(':');
            string host = colon < 0 ? "" : name[..colon].Trim('[', ']');
            if (PostfixWords.Port(colon < 0 ? name : name[(colon + 1)..]) is not { } port)
            {
                _draft.Note(ImportFate.NotCarried, name, place, "the port is not known by this name; write it as a number into [[listener]]");
                return;
            }
            string level = Option("smtpd_tls_security_level");
            if (level.Length == 0) level = PostfixWords.IsYes(Option("smtpd_enforce_tls")) ? "encrypt" : PostfixWords.IsYes(Option("smtpd_use_tls")) ? "may" : "none";
            bool isImplicit = PostfixWords.IsYes(Option("smtpd_tls_wrappermode")), wantsTls = isImplicit || level is not "none";
            foreach (string address in Addresses(host, port))
            {
                if (!written.Add(address)) continue;
                var table = _draft.Table("[[listener]]").Text("address", address);
                if (wantsTls && hasTls) table.Text("tls", isImplicit ? "implicit" : "starttls");
                else if (wantsTls) _draft.Note(ImportFate.NotCarried, $"TLS on {address}", place, "the certificate and the key of smtpd_tls_cert_file and smtpd_tls_key_file are not there; add [tls] and tls to this listener");
                if (PostfixWords.IsYes(Option("smtpd_sasl_auth_enable")) && !PostfixWords.IsYes(Option("smtpd_tls_auth_only")) && level is not "encrypt" && !isImplicit) table.Flag("auth_without_tls", true);
                if (level == "encrypt" && !isImplicit) _draft.Note(ImportFate.Changed, $"smtpd_tls_security_level=encrypt on {address}", place, "STARTTLS is offered, and AUTH only over it, but mail from access.networks is taken without it too");
            }
            foreach (var (parameter, value) in options.Where(o => !o.Key.StartsWith("smtpd_tls", StringComparison.Ordinal) && o.Key is not ("smtpd_sasl_auth_enable" or "syslog_name" or "smtpd_enforce_tls" or "smtpd_use_tls")))
            {
                var (fate, reason) = parameter.EndsWith("_restrictions", StringComparison.Ordinal) ? Restrictions(settings.Expand(value)) : ParameterReasons.Of(parameter);
                _draft.Note(fate, $"-o {parameter} of {name}", place, reason);
            }

            string Option(string parameter) => options.TryGetValue(parameter, out string? given) ? settings.Expand(given) : settings.Get(parameter);
        }

        IEnumerable<string> Addresses(string host, int port)
        {
            if (host.Length > 0) return [Listen(host, port)];
            var listed = PostfixWords.List(interfaces);
            if (listed.Contains("all")) return [protocols switch { "ipv4" => $"0.0.0.0:{port}", "ipv6" => $"[::]:{port}", _ => $"*:{port}" }];
            return listed.SelectMany(i => i is "loopback-only" or "localhost" ? protocols switch { "ipv4" => [$"127.0.0.1:{port}"], "ipv6" => [$"[::1]:{port}"], _ => new[] { $"127.0.0.1:{port}", $"[::1]:{port}" } } : [Listen(i, port)])
                .Where(a => a.Length > 0);
        }

        string Listen(string host, int port)
        {
            if (IPAddress.TryParse(host.Trim('[', ']'), out var ip)) return new IPEndPoint(ip, port).ToString();
            if (host == "localhost") return $"127.0.0.1:{port}";
            NotCarried("inet_interfaces", $"{host} is a name; write its address into [[listener]]");
            return "";
        }
    }

    /// <summary>True when there is a certificate that can be used.</summary>
    private bool Certificate()
    {
        string? chain = Take("smtpd_tls_chain_files"), certificate = Take("smtpd_tls_cert_file") ?? Take("smtpd_tls_eccert_file"), key = Take("smtpd_tls_key_file") ?? Take("smtpd_tls_eckey_file");
        string name = chain is not null ? "smtpd_tls_chain_files" : "smtpd_tls_cert_file";
        if (chain is not null) certificate = key = PostfixWords.List(chain).FirstOrDefault();
        if (certificate is null or "none" or "") return false;
        key ??= certificate;
        certificate = Path.GetFullPath(certificate, settings.Folder);
        key = Path.GetFullPath(settings.Expand(key), settings.Folder);
        if (!File.Exists(certificate) || !File.Exists(key))
        {
            NotCarried(name, $"there is no {(File.Exists(certificate) ? key : certificate)} on this machine; add [tls]");
            return false;
        }
        _draft.Table("[tls]").Text("certificate", certificate).Text("key", key);
        Carried(name, "[tls]; the relay's user must be able to read the key");
        if (settings.IsSet("smtpd_tls_key_file")) Carried("smtpd_tls_key_file", "[tls]");
        return true;
    }

    private void Networks()
    {
        foreach (string name in new[] { "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_client_restrictions", "smtpd_sender_restrictions" })
        {
            if (Take(name) is not { } value) continue;
            var (fate, reason) = Restrictions(value);
            Note(fate, name, reason);
        }
        if (Take("mynetworks") is { } given)
        {
            var (networks, unclear) = NetworkList.Read(given, settings);
            foreach (string problem in unclear) NotCarried("mynetworks", problem);
            _draft.Table("[access]").Texts("networks", networks);
            Carried("mynetworks", "access.networks");
            if (networks.Contains("0.0.0.0/0") || networks.Contains("::/0")) NotCarried("mynetworks", "everybody may send through this relay: it is open; narrow access.networks");
        }
        else if (settings.Get("mynetworks_style") is "subnet" or "class")
        {
            Take("mynetworks_style");
            NotCarried("mynetworks_style", "the neighbours' networks are not looked up; write them into access.networks, only this machine may send now");
        }
        else if (Take("mynetworks_style") is not null) Carried("mynetworks_style", "access.networks has this machine alone, its default");
        if (Take("mydestination") is not { } own) return;
        var others = PostfixWords.List(own).Where(d => d is not "localhost" && !d.StartsWith("localhost.", StringComparison.Ordinal)).Distinct().ToList();
        if (others.Count == 0) Note(ImportFate.Irrelevant, "mydestination", "nothing but this machine: Postern delivers nothing here");
        else NotCarried("mydestination", $"mail for {string.Join(", ", others)} was delivered on this machine; Postern delivers nothing here, it goes the way of other mail. Give it a [[route]] to where its mailboxes are");
    }

    private static (ImportFate, string) Restrictions(string value)
    {
        var others = PostfixWords.List(value).Where(w => !_ordinary.Contains(w)).ToList();
        return others.Count == 0 ? (ImportFate.Carried, "Postern does so in any case: known networks and users may send, others may not")
            : (ImportFate.NotCarried, $"not done here: {string.Join(" ", others)}. Postern takes mail from access.networks and [[user]], from access.senders");
    }
}
