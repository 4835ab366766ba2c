using System.Collections;
using System.Net;
using Postern.Protocols.Tls;

namespace Postern.Core.Configuration;

/// <summary>Checks what single values cannot show: forms of text, files, names that refer to each other, and combinations that cannot work. One use per load.</summary>
/// <param name="failed">Keys that binding refused already; they are at their defaults here and no further complaint is made of them.</param>
internal sealed partial class ConfigValidator(PosternConfig config, IReadOnlyDictionary<string, ConfigOrigin> origins, ConfigOrigin whole, IReadOnlyCollection<string> failed)
{
    /// <summary>With its own port an upstream then has four, which leaves room for another one in a plan of eight.</summary>
    private const int MostPorts = 3;

    public List<ConfigError> Errors { get; } = [];
    public List<ConfigError> Warnings { get; } = [];

    public void Validate()
    {
        CheckForms(config, SettingsTable.Root, "");
        CheckNames();
        CheckListeners();
        CheckHttp();
        CheckUpstreams();
        CheckRoutes();
        CheckAccess();
        CheckDelivery();
        CheckDiagnosis();
        CheckShaping();
        CheckWarmUp();
        CheckTelemetry();
    }

    private void CheckForms(object value, SettingsTable table, string path)
    {
        foreach (var setting in table.Settings)
        {
            string key = path.Length == 0 ? setting.Name : $"{path}.{setting.Name}";
            switch (setting.Property.GetValue(value))
            {
                case null: break;
                case string text: CheckForm(key, text, setting.Form); break;
                case IReadOnlyList<string> texts:
                    for (int i = 0; i < texts.Count; i++) CheckForm($"{key}[{i}]", texts[i], setting.Form);
                    break;
                case IList list when setting.Table is not null:
                    for (int i = 0; i < list.Count; i++) CheckForms(list[i]!, setting.Table, $"{key}[{i}]");
                    break;
                case var nested when setting.Table is not null: CheckForms(nested, setting.Table, key); break;
            }
        }
    }

    private void CheckForm(string key, string text, SettingForm form)
    {
        if (SettingForms.Problem(text, form) is not { } problem) return;
        Error(key, $"\"{text}\"", problem.Expected, problem.Mend);
    }

    private void CheckNames()
    {
        Unique("user", config.User.Select(u => u.Name), "name");
        Unique("upstream", config.Upstream.Select(u => u.Name), "name");
        Unique("egress", config.Egress.Select(e => e.Name), "name");
        Unique("webhook", config.Webhook.Select(w => w.Name), "name");
        Unique("listener", config.Listener.Select(l => l.Address), "address");
    }

    private void Unique(string section, IEnumerable<string> names, string field)
    {
        var seen = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        int index = 0;
        foreach (string name in names)
        {
            if (name.Length > 0 && !seen.TryAdd(name, index))
                Error($"{section}[{index}].{field}", $"\"{name}\"", $"the same {field} as {section}[{seen[name]}]{Place($"{section}[{seen[name]}].{field}")}", $"give each [[{section}]] its own {field}");
            index++;
        }
    }

    private void CheckListeners()
    {
        for (int i = 0; i < config.Listener.Count; i++)
        {
            var listener = config.Listener[i];
            string path = $"listener[{i}]";
            if (listener.Tls != ListenerTls.None && config.Tls is null && !HasFailed("tls"))
                Error($"{path}.tls", $"\"{ConfigValues.KebabCase(listener.Tls.ToString())}\"", "TLS needs a certificate and there is no [tls]", "add [tls] with certificate = \"…\" and key = \"…\", or set tls = \"none\"");
            if (listener.ProxyProtocol && listener.ProxyNetworks.Count == 0)
                Error($"{path}.proxy_networks", "[]", "with proxy_protocol nobody could connect", "name the networks of your load balancers");
            if (listener is { Tls: ListenerTls.None, AuthWithoutTls: false } && config.User.Count > 0 && config.Listener.Count == 1)
                Warn(path, null, "users are configured but AUTH is not offered here: this listener has no TLS", "set tls = \"starttls\" with [tls], or auth_without_tls = true where the wire is trusted");
        }
        if (config.Listener.Count == 0 && config.Pickup is null)
            Error("listener", "[]", "no listener and no pickup folder: no mail could come in", "leave the key out for 127.0.0.1:2525, or add [[listener]]");
    }

    private void CheckUpstreams()
    {
        for (int i = 0; i < config.Upstream.Count; i++)
        {
            var upstream = config.Upstream[i];
            string path = $"upstream[{i}]";
            if (upstream is { Auth.WithoutTls: false, Tls: TlsMode.None })
                Error($"{path}.auth", null, "the password would be sent unencrypted: tls is \"none\"", "set tls = \"required\" (or \"implicit\" for port 465), or without_tls = true inside auth if the wire is trusted");
            else if (upstream is { Auth.WithoutTls: false, Tls: TlsMode.Opportunistic })
                Warn($"{path}.tls", "\"opportunistic\"", "when the upstream offers no TLS the password is not sent and the mail waits", "set tls = \"required\" to say so plainly");
            if (!upstream.TlsVerify && upstream.Tls is TlsMode.Required or TlsMode.Implicit)
                Warn($"{path}.tls_verify", "false", "anyone on the way could pose as this upstream", "name its authority in tls_ca instead, where it has one of its own");
            if (upstream.Address.EndsWith(":465", StringComparison.Ordinal) && upstream.Tls is not TlsMode.Implicit)
                Warn($"{path}.tls", $"\"{ConfigValues.KebabCase(upstream.Tls.ToString())}\"", "port 465 expects TLS from the start (RFC 8314)", "set tls = \"implicit\"");
            CheckWays(upstream, path);
            if (upstream.Weight == 0 && config.Upstream.All(u => u.Weight == 0))
                Error($"{path}.weight", "0", "every upstream has weight 0, so none would be used", "give at least one a weight above 0");
        }
    }

    /// <summary>The ports and families by which it may be reached.</summary>
    private void CheckWays(UpstreamConfig upstream, string path)
    {
        if (upstream.Ports.Count > MostPorts)
            Error($"{path}.ports", $"[{string.Join(", ", upstream.Ports)}]", $"at most {MostPorts} further ports", "each is tried in turn while the upstream is down; name those that it really has");
        if (upstream.Family == AddressFamilies.Both) return;
        string family = ConfigValues.KebabCase(upstream.Family.ToString());
        if (upstream.Family == AddressFamilies.Ipv6 && !config.Delivery.Ipv6)
            Error($"{path}.family", $"\"{family}\"", "only IPv6 is to be used, but delivery.ipv6 is false", "set delivery.ipv6 = true, or leave family out");
        int colon = upstream.Address.LastIndexOf(':');
        if (colon > 0 && IPAddress.TryParse(upstream.Address[..colon].Trim('[', ']'), out var address) && !upstream.Family.Allow(address.AddressFamily))
            Error($"{path}.family", $"\"{family}\"", $"the address {address} is of the other family", "leave family out where the upstream is given as an address");
    }

    private void CheckDelivery()
    {
        var delivery = config.Delivery;
        if (delivery.Retry.Count == 0) Error("delivery.retry", "[]", "no wait between attempts", "write at least one, such as [\"5m\"], or leave the line out for the default");
        for (int i = 0; i < delivery.Retry.Count; i++)
            if (delivery.Retry[i] < TimeSpan.FromSeconds(1) || delivery.Retry[i] > TimeSpan.FromDays(1))
                Error($"delivery.retry[{i}]", $"\"{ConfigValues.Format(delivery.Retry[i])}\"", "must be from 1s to 1d", "a shorter wait hammers an upstream in trouble, a longer one forgets the mail");
        if (delivery.DelayNotice >= delivery.Expire)
            Warn("delivery.delay_notice", $"\"{ConfigValues.Format(delivery.DelayNotice)}\"", $"mail is bounced after {ConfigValues.Format(delivery.Expire)}, before a delay notice would be sent", "choose less than delivery.expire, or \"0s\" for no delay notices");
    }

    private void Error(string key, string? value, string expected, string mend)
    {
        if (!failed.Contains(key)) Errors.Add(new ConfigError(At(key), key, value, expected, mend));
    }

    private void Warn(string key, string? value, string expected, string mend)
    {
        if (!failed.Contains(key)) Warnings.Add(new ConfigError(At(key), key, value, expected, mend));
    }

    /// <summary>True when something in the section was refused, so that its absence proves nothing.</summary>
    private bool HasFailed(string section) => failed.Any(f => f.StartsWith(section, StringComparison.Ordinal));

    /// <summary>The key's own place, or its nearest parent's, or the file's beginning.</summary>
    private ConfigOrigin At(string key)
    {
        for (string path = key; path.Length > 0; path = path[..Math.Max(0, path.LastIndexOfAny(['.', '[']))])
            if (origins.TryGetValue(path, out var origin) && origin != ConfigOrigin.Default) return origin;
        return whole;
    }

    /// <summary>" in line 7", or nothing for what has no line.</summary>
    private string Place(string key) => origins.TryGetValue(key, out var origin) && origin.Line > 0 ? $" in line {origin.Line}" : "";
}
