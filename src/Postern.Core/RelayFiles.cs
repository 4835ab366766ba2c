using Microsoft.Extensions.Logging.Abstractions;
using Postern.Core.Configuration;
using Postern.Core.Submission;
using Postern.Core.Upstreams;

namespace Postern.Core;

/// <summary>Reads the files that a configuration names as a start would: a certificate whose key is another's passes every other check.</summary>
internal static class RelayFiles
{
    public static IReadOnlyList<ConfigError> Check(ConfigResult result, TimeProvider time)
    {
        var errors = new List<ConfigError>();
        if (result.Config is not { } config) return errors;
        try
        {
            if (config.Tls is { } tls) _ = new ServerCertificate(tls, NullLogger.Instance, time);
        }
        catch (ListenException e)
        {
            errors.Add(Error("tls.certificate", e.Message));
        }
        for (int i = 0; i < config.Upstream.Count; i++)
        {
            try
            {
                ClientSettingsFactory.Authorities(config.Upstream[i]);
            }
            catch (InvalidDataException e)
            {
                errors.Add(Error($"upstream[{i}].tls_ca", e.Message));
            }
        }
        return errors;

        ConfigError Error(string key, string message)
        {
            if (message.StartsWith(key + " ", StringComparison.Ordinal)) message = message[(key.Length + 1)..];
            string[] parts = message.Split("; ", 2);
            return new ConfigError(result.Origins.GetValueOrDefault(key), key, null, parts[0], parts.Length > 1 ? parts[1] : "correct the file or the path");
        }
    }
}
