using System.Net;
using System.Net.Sockets;
using Postern.Diagnosis.Probes.Blocklists;

namespace Postern.Core.Configuration;

internal sealed partial class ConfigValidator
{
    private void CheckDiagnosis()
    {
        var diagnosis = config.Diagnosis;
        Unique("diagnosis.blocklist", diagnosis.Blocklist.Select(l => l.Zone), "zone");
        for (int i = 0; i < diagnosis.Blocklist.Count; i++) CheckBlocklist(diagnosis.Blocklist[i], $"diagnosis.blocklist[{i}]");
        if (!diagnosis.Enabled && diagnosis.Probe && IsSet("diagnosis.probe"))
            Warn("diagnosis.probe", "true", "diagnosis.enabled is false, so nothing is probed", "set enabled = true, or leave this line out");
    }

    private void CheckBlocklist(BlocklistConfig list, string path)
    {
        for (int j = 0; j < list.Codes.Count; j++)
            if (!IsCode(list.Codes[j]))
                Error($"{path}.codes[{j}]", $"\"{list.Codes[j]}\"", "expected an answer of the list and its meaning", "write \"127.0.0.2=spam source\"; lists answer in 127.0.0.0/8 (RFC 5782)");
        var catalogue = BlocklistCatalogue.Default;
        var known = catalogue.Find(list.Zone);
        if (!list.Off && catalogue.FindDead(list.Zone) is { } dead)
            Warn($"{path}.zone", $"\"{list.Zone}\"", $"{dead.Name} has been closed since {dead.Since} and is not asked", "take the entry out");
        // A key or "off" that reaches no list would be ignored without a word, and the list asked as if it were not there.
        if (list.Key is not null && known?.NeedsKey is null)
        {
            var taking = catalogue.Rows.Where(r => r.NeedsKey is not null).Select(r => r.PublicZone).ToList();
            string mend = Suggestion.For(list.Zone, taking) is { } near ? $"did you mean zone = \"{near}\"?" : $"leave the key out, or name one that takes it: {string.Join(", ", taking)}";
            Error($"{path}.key", null, known is null ? $"no list that Postern knows as \"{list.Zone}\" takes a key" : $"{known.Name} takes no key", mend);
        }
        if (list.Off && known is null)
        {
            string mend = Suggestion.For(list.Zone, catalogue.Rows.Select(r => r.PublicZone)) is { } near ? $"did you mean zone = \"{near}\"?" : "take the entry out";
            Error($"{path}.off", "true", $"Postern asks no list that is called \"{list.Zone}\"", mend);
        }
    }

    private static bool IsCode(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && equals < text.Length - 1
            && IPAddress.TryParse(text.AsSpan(0, equals).Trim(), out var answer) && answer.AddressFamily == AddressFamily.InterNetwork && answer.GetAddressBytes()[0] == 127;
    }

    private bool IsSet(string key) => origins.TryGetValue(key, out var origin) && origin != ConfigOrigin.Default;
}
