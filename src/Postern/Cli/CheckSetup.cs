using System.CommandLine;
using System.Net;
using Postern.Core.Configuration;
using Postern.Core.Diagnoses;
using Postern.Protocols.Dns;

namespace Postern.Cli;

/// <summary>The options that say from where to look, and the configuration they make; the same for check and doctor. No relay is needed.</summary>
internal sealed class CheckSetup
{
    private readonly Option<string> _file = new("--config", "-c") { Description = "Configuration file: its egress addresses, resolvers, controls and blocklists are used; environment POSTERN_CONFIG.", HelpName = "FILE" };
    private readonly Option<string[]> _from = new("--from") { Description = "Our address to look from instead of the configured or the system's choice. May be repeated: the others are compared.", HelpName = "ADDRESS" };
    private readonly Option<string[]> _sender = new("--sender") { Description = "A domain that we send for: does its SPF allow our address? May be repeated.", HelpName = "DOMAIN" };
    private readonly Option<string[]> _set = new("--set") { Description = "Any key of the configuration, such as --set diagnosis.controls=example.com. May be repeated.", HelpName = "KEY=VALUE" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _file, _from, _sender, _set }) command.Add(option);
    }

    public IReadOnlyList<string> Senders(ParseResult parsed) =>
        [.. (parsed.GetValue(_sender) ?? []).Select(s => s[(s.LastIndexOf('@') + 1)..].TrimEnd('.').ToLowerInvariant()).Where(s => s.Length > 0)];

    public IReadOnlyList<IPAddress> From(ParseResult parsed) =>
        [.. (parsed.GetValue(_from) ?? []).Select(text => IPAddress.TryParse(text, out var address) ? address : throw new CommandException(ExitCode.WrongUsage, $"--from {text}: expected an address of this machine; 'ip address' lists them"))];

    public PosternConfig Load(ParseResult parsed)
    {
        string? file = parsed.GetValue(_file) ?? (Environment.GetEnvironmentVariable("POSTERN_CONFIG") is { Length: > 0 } named ? named : null);
        var overrides = new List<ConfigOverride>();
        // Without a file nothing says where mail should go, and for a look nothing needs to.
        if (file is null) overrides.Add(new ConfigOverride("route[0].via", "mx", "--mx"));
        overrides.AddRange(ConfigSources.Set(parsed.GetValue(_set) ?? []));
        var result = new ConfigLoader().Load(file, overrides);
        return result.Config ?? throw ConfigCommand.Refusal(result);
    }

    /// <summary>Everything that looks, under this configuration.</summary>
    public static CheckService Service(PosternConfig config, TimeProvider time, DiagnosisSetup setup)
    {
        var service = new CheckService(Resolver.Of(config.Dns.Servers, config.Dns.Timeout, time), setup.Parts, time);
        service.Apply(config, setup.Probes(config, time));
        return service;
    }
}
