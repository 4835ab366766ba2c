using Postern.Diagnosis.History;

namespace Postern.Core.Configuration;

internal sealed partial class ConfigValidator
{
    private void CheckShaping()
    {
        for (int i = 0; i < config.Shaping.Count; i++)
        {
            var shaping = config.Shaping[i];
            string path = $"shaping[{i}]";
            if (shaping is { MaxSessions: null, MaxConnectionsPerMinute: null, MaxMessagesPerMinute: null, MaxMessagesPerHour: null, MaxMessagesPerDay: null, MaxMessagesPerSession: null, Adaptive: null } && !HasFailed(path))
                Error(path, null, "the section sets no limit", "add one such as max_sessions = 2 or max_messages_per_minute = 60, or remove the section");
            if (shaping.Match is not { } match) continue;
            var providers = ProviderTable.Default.Names;
            for (int p = 0; p < match.Provider.Count; p++)
            {
                if (providers.Contains(match.Provider[p], StringComparer.OrdinalIgnoreCase)) continue;
                Error($"{path}.match.provider[{p}]", $"\"{match.Provider[p]}\"", "no provider of that name is known",
                    Suggestion.For(match.Provider[p], providers) is { } near ? $"did you mean \"{near}\"?" : "name its hosts in match.mx instead");
            }
            Domains($"{path}.match.recipient_domain", match.RecipientDomain);
            for (int m = 0; m < match.Mx.Count; m++)
                if (match.Mx[m].Contains(':', StringComparison.Ordinal))
                    Error($"{path}.match.mx[{m}]", $"\"{match.Mx[m]}\"", "expected a host name without a port", $"write \"{match.Mx[m][..match.Mx[m].IndexOf(':', StringComparison.Ordinal)]}\"");
        }
    }

    private void Domains(string path, IReadOnlyList<string> domains)
    {
        for (int i = 0; i < domains.Count; i++)
            if (domains[i].Contains('@', StringComparison.Ordinal))
                Error($"{path}[{i}]", $"\"{domains[i]}\"", "expected a domain, found an address", $"write \"{domains[i][(domains[i].LastIndexOf('@') + 1)..]}\"");
    }
}
