using System.CommandLine;
using Postern.Core.Configuration;

namespace Postern.Cli;

/// <summary>The options that say what configuration is meant; the same for serve and for config check and show.</summary>
internal sealed class ConfigSources
{
    private readonly Option<string> _file = new("--config", "-c") { Description = "Configuration file (TOML); environment POSTERN_CONFIG.", HelpName = "FILE" };
    private readonly Option<string[]> _upstream = new("--upstream") { Description = "Send all mail to this server: smtp://user@host:587 (STARTTLS) or smtps://user@host:465. The password is read from the URL or from POSTERN_UPSTREAM_PASSWORD. May be repeated.", HelpName = "URL", AllowMultipleArgumentsPerToken = false };
    private readonly Option<bool> _mx = new("--mx") { Description = "Deliver to each recipient domain's own mail servers." };
    private readonly Option<string[]> _listen = new("--listen") { Description = "Address to take mail on instead of 127.0.0.1:2525. May be repeated.", HelpName = "ADDRESS:PORT" };
    private readonly Option<string> _data = new("--data") { Description = "Folder of the queue.", HelpName = "FOLDER" };
    private readonly Option<string> _http = new("--http") { Description = "Address of the HTTP server; \"\" for none.", HelpName = "ADDRESS:PORT" };
    private readonly Option<string> _hostname = new("--hostname") { Description = "Our name in greetings and HELO.", HelpName = "NAME" };
    private readonly Option<string[]> _set = new("--set") { Description = "Any other key, such as --set delivery.expire=2d. May be repeated.", HelpName = "KEY=VALUE" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _file, _upstream, _mx, _listen, _data, _http, _hostname, _set }) command.Add(option);
    }

    /// <summary>Null when there is none.</summary>
    public string? File(ParseResult parsed) => parsed.GetValue(_file) ?? (Environment.GetEnvironmentVariable("POSTERN_CONFIG") is { Length: > 0 } file ? file : null);

    public ConfigResult Load(ParseResult parsed) => new ConfigLoader().Load(File(parsed), Overrides(parsed));

    private List<ConfigOverride> Overrides(ParseResult parsed)
    {
        var overrides = new List<ConfigOverride>();
        if (parsed.GetValue(_hostname) is { } hostname) overrides.Add(new ConfigOverride("server.hostname", hostname, "--hostname"));
        if (parsed.GetValue(_data) is { } data) overrides.Add(new ConfigOverride("server.data", data, "--data"));
        if (parsed.GetValue(_http) is { } http) overrides.Add(new ConfigOverride("server.http", http, "--http"));
        string[] listen = parsed.GetValue(_listen) ?? [];
        for (int i = 0; i < listen.Length; i++) overrides.Add(new ConfigOverride($"listener[{i}].address", listen[i], "--listen"));
        string[] upstreams = parsed.GetValue(_upstream) ?? [];
        for (int i = 0; i < upstreams.Length; i++) overrides.AddRange(UpstreamUrl.Read(upstreams[i], i, Environment.GetEnvironmentVariable));
        if (parsed.GetValue(_mx))
        {
            if (upstreams.Length > 0) throw new CommandException(ExitCode.WrongUsage, "--mx and --upstream: mail goes one way or the other; choose one, or write routes into a configuration file");
            overrides.Add(new ConfigOverride("route[0].via", "mx", "--mx"));
        }
        overrides.AddRange(Set(parsed.GetValue(_set) ?? []));
        return overrides;
    }

    /// <summary>"KEY=VALUE" each.</summary>
    public static IEnumerable<ConfigOverride> Set(IReadOnlyList<string> given)
    {
        foreach (string pair in given)
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1) throw new CommandException(ExitCode.WrongUsage, $"--set {pair}: expected KEY=VALUE, such as delivery.expire=2d");
            yield return new ConfigOverride(pair[..equals], pair[(equals + 1)..], $"--set {pair[..equals]}");
        }
    }
}
