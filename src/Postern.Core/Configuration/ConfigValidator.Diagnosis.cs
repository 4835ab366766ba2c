using System.Net;
using System.Net.Sockets;

namespace Postern.Core.Configuration;

internal sealed partial class ConfigValidator
{
    private void CheckDiagnosis()
    {
        var lists = config.Diagnosis.Blocklist;
        Unique("diagnosis.blocklist", lists.Select(l => l.Zone), "zone");
        for (int i = 0; i < lists.Count; i++)
        {
            string path = $"diagnosis.blocklist[{i}]";
            for (int j = 0; j < lists[i].Codes.Count; j++)
                if (!IsCode(lists[i].Codes[j]))
                    Error($"{path}.codes[{j}]", $"\"{lists[i].Codes[j]}\"", "expected an answer of the list and its meaning", "write \"127.0.0.2=spam source\"; lists answer in 127.0.0.0/8 (RFC 5782)");
        }
        if (!config.Diagnosis.Enabled && config.Diagnosis.Probe && IsSet("diagnosis.probe"))
            Warn("diagnosis.probe", "true", "diagnosis.enabled is false, so nothing is probed", "set enabled = true, or leave this line out");
    }

    private static bool IsCode(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && equals < text.Length - 1
            && IPAddress.TryParse(text.AsSpan(0, equals).Trim(), out var answer) && answer.AddressFamily == AddressFamily.InterNetwork && answer.GetAddressBytes()[0] == 127;
    }

    private bool IsSet(string key) => origins.TryGetValue(key, out var origin) && origin != ConfigOrigin.Default;
}
