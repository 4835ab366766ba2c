namespace Postern.Import;

/// <summary>A service of master.cf.</summary>
/// <param name="Name">"smtp", "submission", "127.0.0.1:2526".</param>
/// <param name="Command">The program: "smtpd", "smtp", "pipe".</param>
/// <param name="Options">Parameters given with -o.</param>
internal sealed record MasterService(string Name, string Type, string Command, IReadOnlyDictionary<string, string> Options, string Place)
{
    /// <summary>Reads master.cf (master(5)).</summary>
    public static IReadOnlyList<MasterService> Read(string text, string file)
    {
        var services = new List<MasterService>();
        foreach (var (line, number) in LogicalLines.Read(text))
        {
            var words = PostfixWords.List(line.Replace(',', '\u0001')).Select(w => w.Replace('\u0001', ',')).ToList();
            if (words.Count < 8) continue;
            var options = new Dictionary<string, string>(StringComparer.Ordinal);
            for (int i = 8; i < words.Count; i++)
            {
                string given = words[i] == "-o" && i + 1 < words.Count ? words[++i] : words[i].StartsWith("-o", StringComparison.Ordinal) ? words[i][2..] : "";
                given = given.Trim('{', '}').Trim();
                int equals = given.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0) options[given[..equals].Trim()] = given[(equals + 1)..].Trim();
            }
            services.Add(new MasterService(words[0], words[1], words[7], options, $"{file}:{number}"));
        }
        return services;
    }
}
