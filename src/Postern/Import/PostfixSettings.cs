using System.Text;

namespace Postern.Import;

/// <summary>One parameter as written.</summary>
/// <param name="Place">For people: "main.cf:12", "environment variable RELAYHOST".</param>
internal sealed record PostfixSetting(string Name, string Value, string Place);

/// <summary>
/// The parameters of a Postfix, set ones with their variables expanded, others at the few defaults that matter here. Keeps account of what was looked at,
/// so that nothing that is set goes unmentioned. Not thread safe.
/// </summary>
/// <param name="folder">Where relative names of files begin; $config_directory.</param>
/// <param name="machine">This machine's name: Postfix's default for myhostname.</param>
internal sealed class PostfixSettings(string folder, string machine)
{
    private const int MaxDepth = 20;
    private readonly Dictionary<string, PostfixSetting> _set = new(StringComparer.Ordinal);
    private readonly HashSet<string> _referenced = new(StringComparer.Ordinal);

    public string Folder => folder;

    /// <summary>In the order in which they were first set.</summary>
    public IReadOnlyCollection<PostfixSetting> All => _set.Values;

    /// <summary>Another value of the same parameter, which this one replaces; null for none.</summary>
    public PostfixSetting? Set(PostfixSetting setting)
    {
        _set.TryGetValue(setting.Name, out var before);
        _set[setting.Name] = setting;
        return before;
    }

    /// <summary>Reads main.cf. Lines without = are returned as problems.</summary>
    public List<(string Text, string Place)> ReadMainCf(string text, string name)
    {
        var problems = new List<(string, string)>();
        foreach (var (line, number) in LogicalLines.Read(text))
        {
            string place = $"{name}:{number}";
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? "" : line[..equals].TrimEnd();
            if (key.Length == 0 || key.Any(char.IsWhiteSpace)) problems.Add((line, place));
            else if (Set(new PostfixSetting(key, line[(equals + 1)..].Trim(), place)) is { } before) problems.Add(($"{key} is set twice; the one in {before.Place} does not count", place));
        }
        return problems;
    }

    public bool IsSet(string name) => _set.ContainsKey(name);

    /// <summary>True where another parameter's value mentions it.</summary>
    public bool IsReferenced(string name) => _referenced.Contains(name);

    public string Place(string name) => _set.TryGetValue(name, out var setting) ? setting.Place : "default";

    /// <summary>Expanded; the default when it is not set, "" when there is none known.</summary>
    public string Get(string name) => Expand(_set.TryGetValue(name, out var setting) ? setting.Value : Default(name), 0);

    public string Expand(string text) => Expand(text, 0);

    private string Default(string name) => name switch
    {
        "myhostname" => machine,
        "mydomain" => Get("myhostname") is var host && host.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && host.IndexOf('.', dot + 1) > 0 ? host[(dot + 1)..] : "localdomain",
        "myorigin" => "$myhostname",
        "mydestination" => "$myhostname, localhost.$mydomain, localhost",
        "config_directory" => folder,
        "data_directory" => "/var/lib/postfix",
        "queue_directory" => "/var/spool/postfix",
        "default_database_type" => "hash",
        "inet_interfaces" or "inet_protocols" => "all",
        "smtp_helo_name" => "$myhostname",
        "default_transport" or "relay_transport" => name == "default_transport" ? "smtp" : "relay",
        "smtp_sasl_security_options" => "noplaintext, noanonymous",
        "smtp_sasl_tls_security_options" => "$smtp_sasl_security_options",
        "smtp_tls_enforce_peername" => "yes",
        _ => "",
    };

    /// <summary>$name, ${name}, $(name), ${name?text}, ${name:text}, ${name?{text}:{text}} and $$, as postconf(5) has them.</summary>
    private string Expand(string text, int depth)
    {
        if (depth > MaxDepth || !text.Contains('$', StringComparison.Ordinal)) return text;
        var result = new StringBuilder();
        int at = 0;
        while (at < text.Length)
        {
            char c = text[at++];
            if (c != '$' || at == text.Length)
            {
                result.Append(c);
                continue;
            }
            if (text[at] == '$')
            {
                result.Append('$');
                at++;
            }
            else if (text[at] is '{' or '(' && Close(text, at) is > 0 and var end)
            {
                result.Append(Conditional(text[(at + 1)..end], depth));
                at = end + 1;
            }
            else
            {
                int stop = at;
                while (stop < text.Length && (char.IsAsciiLetterOrDigit(text[stop]) || text[stop] == '_')) stop++;
                result.Append(stop == at ? "$" : Value(text[at..stop], depth));
                at = stop;
            }
        }
        return result.ToString();
    }

    private string Conditional(string inside, int depth)
    {
        int mark = inside.IndexOfAny(['?', ':']);
        if (mark < 0) return Value(inside, depth);
        bool isThere = Value(inside[..mark], depth).Length > 0;
        string rest = inside[(mark + 1)..].TrimStart();
        string first = rest, second = "";
        if (rest.StartsWith('{') && Close(rest, 0) is > 0 and var end)
        {
            first = rest[1..end].Trim();
            string after = rest[(end + 1)..].TrimStart();
            if (after.StartsWith(':')) second = after[1..].Trim() is ['{', .., '}'] braces ? braces[1..^1].Trim() : after[1..].Trim();
        }
        return Expand((inside[mark] == '?') == isThere ? first : second, depth + 1);
    }

    private string Value(string name, int depth)
    {
        _referenced.Add(name);
        return Expand(_set.TryGetValue(name, out var setting) ? setting.Value : Default(name), depth + 1);
    }

    /// <summary>Of the bracket that closes the one at <paramref name="open"/>; 0 when none does.</summary>
    private static int Close(string text, int open)
    {
        char opening = text[open], closing = opening == '{' ? '}' : ')';
        int level = 0;
        for (int i = open; i < text.Length; i++)
        {
            if (text[i] == opening) level++;
            else if (text[i] == closing && --level == 0) return i;
        }
        return 0;
    }
}
