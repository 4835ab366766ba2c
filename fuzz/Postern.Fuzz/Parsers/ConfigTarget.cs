using System.Text;
using Postern.Core.Configuration;

namespace Postern.Fuzz.Parsers;

/// <summary>Whatever an operator writes, the loader gives a configuration or its mistakes, each in one line with place and remedy; what it writes itself it reads back the same.</summary>
internal static class ConfigTarget
{
    public static readonly FuzzTarget Target = new("config", Run,
        "[server]\n", "[[listener]]\n", "[[upstream]]\nname = \"a\"\naddress = \"mx.example.test:25\"\n", "[[route]]\nupstreams = [\"a\"]\n", "[[route]]\nvia = \"mx\"\n", "[delivery]\n", "[limits]\n", "[queue]\n",
        "retry = [\"1m\", \"5m\"]\n", "max_message = \"25MiB\"\n", "min_free = \"1GiB\"\n", "hostname = \"r.test\"\n", "tls = \"starttls\"\n", "address = \"[::1]:25\"\n", "match = { recipient_domain = [\"*.example.org\"] }\n",
        "auth = { user = \"u\", password = { env = \"X\" } }\n", "password = \"p\"\n", "networks = [\"192.0.2.0/24\", \"2001:db8::/32\"]\n", "\"\"\"", "'", "\\u00e9", "1e9", "0x1f", "true", "\"0s\"", "\"-1h\"", "[", "]", "=", "#", ".");

    private static readonly ConfigLoader Loader = new(new ConfigSurroundings(name => name == "X" ? "secret" : null, [], "/config"));
    private static readonly Dictionary<string, ConfigOrigin> NoOrigins = [];

    private static void Run(ReadOnlyMemory<byte> input)
    {
        var result = Loader.LoadText(Encoding.UTF8.GetString(input.Span), "postern.toml", []);
        Must.Hold(result.Config is null == result.Errors.Count > 0, $"{result.Errors.Count} errors and {(result.Config is null ? "no" : "a")} configuration");
        foreach (var error in result.Errors)
        {
            string line = error.ToString();
            Must.Hold(!line.Contains('\n', StringComparison.Ordinal) && !line.Contains('\r', StringComparison.Ordinal), $"an error of several lines: {line}");
            Must.Hold(error.Expected.Length > 0 && error.Mend.Length > 0, $"an error without expectation or remedy: {line}");
        }
        if (result.Config is not { } config) return;
        string written = ConfigText.Write(config, NoOrigins, onlySet: false);
        var again = Loader.LoadText(written, "postern.toml", []);
        Must.Hold(again.Config is not null, $"its own text is refused: {string.Join(" | ", again.Errors)}\n{written}");
        string rewritten = ConfigText.Write(again.Config!, NoOrigins, onlySet: false);
        Must.Hold(written == rewritten, $"its own text means something else:\n{written}\n---\n{rewritten}");
    }
}
