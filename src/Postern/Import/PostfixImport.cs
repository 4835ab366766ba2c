using Postern.Core.Configuration;

namespace Postern.Import;

/// <summary>
/// Turns the settings of a Postfix into a configuration of Postern. Every parameter that is set ends in a note: carried, changed, not carried or irrelevant.
/// Reads the tables that the settings name; does no network. One use.
/// </summary>
/// <param name="services">Of master.cf; empty when there is none.</param>
internal sealed partial class PostfixImport(PostfixSettings settings, IReadOnlyList<MasterService> services)
{
    private readonly ImportDraft _draft = new();
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>Name and password for relayhost from elsewhere than a table.</summary>
    public (string User, string Password)? Login { get; init; }

    public ImportDraft Run()
    {
        Server();
        Listeners();
        Networks();
        Limits();
        Schedule();
        Routes();
        Services();
        Rest();
        return _draft;
    }

    /// <summary>The value of a parameter that is set; null when it is not. It counts as dealt with.</summary>
    private string? Take(string name)
    {
        if (!settings.IsSet(name)) return null;
        _seen.Add(name);
        return settings.Get(name);
    }

    private void Note(ImportFate fate, string name, string text) => _draft.Note(fate, name, settings.Place(name), text);
    private void Carried(string name, string text) => Note(ImportFate.Carried, name, text);
    private void Changed(string name, string text) => Note(ImportFate.Changed, name, text);
    private void NotCarried(string name, string text) => Note(ImportFate.NotCarried, name, text);

    private void Server()
    {
        string? hostname = Take("myhostname");
        Take("mydomain");
        string said = settings.Get("smtp_helo_name");
        if (Take("smtp_helo_name") is not null && said != settings.Get("myhostname")) Changed("smtp_helo_name", $"server.hostname = \"{said}\": Postern says one name in its greeting, in HELO and in Received; Postfix greeted as {settings.Get("myhostname")}");
        else if (Take("smtp_helo_name") is not null) Carried("smtp_helo_name", "server.hostname");
        if (hostname is not null || settings.IsSet("smtp_helo_name")) _draft.Table("[server]").Text("hostname", said);
        if (hostname is not null) Carried("myhostname", "server.hostname");
        if (settings.IsSet("mydomain")) Note(ImportFate.Irrelevant, "mydomain", "used in other parameters only");
    }

    /// <summary>What other programs' files would have taken; the ports of listeners are dealt with elsewhere.</summary>
    private void Services()
    {
        foreach (var service in services)
        {
            bool isStranger = service.Command is not ("smtpd" or "smtp" or "pickup" or "cleanup" or "qmgr" or "oqmgr" or "nqmgr" or "tlsmgr" or "trivial-rewrite" or "bounce" or "verify" or "flush" or "proxymap" or "showq" or "error" or "discard" or "local" or "virtual" or "lmtp" or "anvil" or "scache" or "postlogd" or "postscreen" or "dnsblog" or "tlsproxy");
            if (isStranger) _draft.Note(ImportFate.Irrelevant, $"{service.Name} ({service.Command})", service.Place, "a service that Postern does not have; used only where a table above says so");
        }
    }

    private void Rest()
    {
        foreach (var setting in settings.All)
        {
            if (_seen.Contains(setting.Name) && _draft.Notes.Exists(n => n.Subject == setting.Name)) continue;
            var (fate, reason) = ParameterReasons.Of(setting.Name);
            // Made up by the administrator for use in others.
            if (fate == ImportFate.NotCarried && settings.IsReferenced(setting.Name)) (fate, reason) = (ImportFate.Irrelevant, "used in other parameters only");
            // Switched off, or empty: nothing was done, so nothing is lost.
            if (settings.Get(setting.Name) is "" or "no") (fate, reason) = (ImportFate.Irrelevant, "empty or off");
            _draft.Note(fate, setting.Name, setting.Place, reason);
        }
    }

    /// <summary>Writes a value within what the key takes, and says so when that is not what was there.</summary>
    private void Bounded(string parameter, string key, double value, Action<DraftTable, string, double> write, Func<double, string> words)
    {
        int dot = key.IndexOf('.', StringComparison.Ordinal);
        string table = key[..dot], name = key[(dot + 1)..];
        var setting = SettingsTable.Root.Settings.First(s => s.Name == table).Table!.Settings.First(s => s.Name == name);
        double least = Bound(setting, setting.Attribute!.Min) ?? 0, most = Bound(setting, setting.Attribute.Max) ?? double.MaxValue;
        double kept = Math.Clamp(value, least, most);
        write(_draft.Table($"[{table}]"), name, kept);
        if (kept == value) Carried(parameter, $"{key} = {words(kept)}");
        else Changed(parameter, $"{key} = {words(kept)}, the nearest that it takes; it was {words(value)}");
    }

    private static double? Bound(SettingInfo setting, string? text) => text is null ? null : setting.Kind switch
    {
        SettingKind.Duration => ConfigValues.TryParseDuration(text, out var time) ? time.TotalSeconds : null,
        SettingKind.Size => ConfigValues.TryParseSize(text, out long bytes) ? bytes : null,
        _ => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture),
    };
}
