namespace Postern.Core.Configuration;

/// <summary>One value given on the command line, with the path of its key ("delivery.mode", "upstream[0].address").</summary>
/// <param name="Option">As the operator typed it, for messages: "--upstream".</param>
public sealed record ConfigOverride(string Path, string Value, string Option);

/// <summary>
/// Loads the configuration: the file, over it the environment (<c>POSTERN_SECTION__KEY</c>, entries of arrays by number), over that the command line.
/// Reports every error at once and never throws for what an operator wrote. Reads files; does no network.
/// </summary>
public sealed class ConfigLoader(ConfigSurroundings surroundings)
{
    private const string Prefix = "POSTERN_";

    public ConfigLoader()
        : this(ConfigSurroundings.OfProcess())
    {
    }

    /// <param name="file">Null for none: defaults, environment and options only.</param>
    public ConfigResult Load(string? file, IReadOnlyList<ConfigOverride> overrides)
    {
        if (file is null) return Combine(new ConfigTable(default), "", [], overrides);
        string full = Path.GetFullPath(file, surroundings.WorkingFolder);
        try
        {
            return LoadText(File.ReadAllText(full), file, overrides);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var (what, mend) = e switch
            {
                FileNotFoundException or DirectoryNotFoundException => ("there is no such file", "correct the path after --config, or start from an example: postern config example > postern.toml"),
                _ when Directory.Exists(full) => ("is a folder, expected a file", "name the file in it"),
                UnauthorizedAccessException => ("this user may not read it", "give the user that runs postern the right to read it"),
                _ => ($"cannot be read: {SystemText.Of(e)}", "correct the path after --config"),
            };
            var error = new ConfigError(new ConfigOrigin(full), "", null, what, mend);
            return new ConfigResult(null, [error], [], new Dictionary<string, ConfigOrigin>());
        }
    }

    /// <param name="name">File name for messages; relative paths in the text begin in its folder.</param>
    public ConfigResult LoadText(string text, string name, IReadOnlyList<ConfigOverride> overrides)
    {
        var errors = new List<ConfigError>();
        var root = TomlReader.Read(text, name, errors);
        // After a syntax error every later complaint would be noise.
        return errors.Count > 0 ? new ConfigResult(null, errors, [], new Dictionary<string, ConfigOrigin>()) : Combine(root, name, errors, overrides);
    }

    private ConfigResult Combine(ConfigTable root, string file, List<ConfigError> errors, IReadOnlyList<ConfigOverride> overrides)
    {
        foreach (string variable in surroundings.Variables.Where(IsSetting).Order(StringComparer.Ordinal))
        {
            var path = ConfigPath.OfVariable(variable[Prefix.Length..]);
            path.Set(root, new ConfigScalar(ConfigOrigin.Environment(variable), surroundings.Environment(variable) ?? "", untyped: true), errors);
        }
        foreach (var given in overrides)
            ConfigPath.Parse(given.Path).Set(root, new ConfigScalar(ConfigOrigin.Option(given.Option), given.Value, untyped: true), errors);
        ApplyStateFolder(root);

        var binder = new ConfigBinder(surroundings);
        var config = binder.Bind(root);
        errors.AddRange(binder.Errors);
        var whole = file.Length == 0 ? new ConfigOrigin("configuration") : new ConfigOrigin(file, 1, 1);
        var validator = new ConfigValidator(config, binder.Origins, whole, errors.Select(e => e.Key).ToHashSet());
        validator.Validate();
        errors.AddRange(validator.Errors);
        return errors.Count > 0 ? new ConfigResult(null, InOrder(errors), [], binder.Origins) : new ConfigResult(config, [], validator.Warnings, binder.Origins);
    }

    /// <summary>Names without the double underscore are not settings: every setting lives in a section.</summary>
    private static bool IsSetting(string variable) => variable.StartsWith(Prefix, StringComparison.Ordinal) && variable.Contains("__", StringComparison.Ordinal);

    private void ApplyStateFolder(ConfigTable root)
    {
        if (root.Entries.TryGetValue("server", out var server) && server is not ConfigTable { } || server is ConfigTable given && given.Entries.ContainsKey("data")) return;
        var table = server as ConfigTable ?? new ConfigTable(ConfigOrigin.Default);
        root.Entries["server"] = table;
        table.Entries["data"] = surroundings.Environment("XDG_STATE_HOME") is { Length: > 0 } state
            ? new ConfigScalar(ConfigOrigin.Environment("XDG_STATE_HOME"), Path.Combine(state, "postern"))
            : new ConfigScalar(ConfigOrigin.Default, new ServerConfig().Data);
    }

    private static List<ConfigError> InOrder(IEnumerable<ConfigError> errors) => [.. errors.OrderBy(e => e.At.Source, StringComparer.Ordinal).ThenBy(e => e.At.Line).ThenBy(e => e.At.Column)];
}
