using Postern.Core.Configuration;

namespace Postern.Cli;

/// <summary>An upstream as one word: smtp://user:password@host:587, smtps://user@host. Becomes the same keys as a [[upstream]] in the file.</summary>
internal static class UpstreamUrl
{
    public const string PasswordVariable = "POSTERN_UPSTREAM_PASSWORD";

    /// <summary>Throws <see cref="CommandException"/> when it is not such a URL, or its password is missing.</summary>
    public static IEnumerable<ConfigOverride> Read(string text, int index, Func<string, string?> environment)
    {
        string url = text.Contains("://", StringComparison.Ordinal) ? text : $"smtp://{text}";
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("smtp" or "smtps") || uri.Host.Length == 0 || uri.AbsolutePath is not ("" or "/"))
            throw Wrong(text, "expected smtp://[user@]host:port or smtps://[user@]host:port");
        bool implicitTls = uri.Scheme == "smtps";
        string[] login = uri.UserInfo.Split(':', 2);
        bool hasUser = login[0].Length > 0;
        int port = uri.Port > 0 ? uri.Port : implicitTls ? 465 : hasUser ? 587 : 25;
        // A password never goes over a wire that may be read, and a login without TLS is almost always a mistake.
        string tls = implicitTls ? "implicit" : hasUser ? "required" : "opportunistic";
        string option = "--upstream";
        string path = $"upstream[{index}]";
        string host = uri.HostNameType == UriHostNameType.IPv6 ? $"[{uri.Host.Trim('[', ']')}]" : uri.Host;
        string name = new([.. uri.Host.Trim('[', ']').Take(60).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '-')]);
        var keys = new List<ConfigOverride>
        {
            new($"{path}.name", index == 0 ? name : $"{name}-{index + 1}", option),
            new($"{path}.address", $"{host}:{port}", option),
            new($"{path}.tls", tls, option),
        };
        if (!hasUser) return keys;
        string? password = login.Length == 2 ? Uri.UnescapeDataString(login[1]) : environment(PasswordVariable);
        if (string.IsNullOrEmpty(password)) throw Wrong(text, $"the password for {login[0]} is missing; put it into the environment variable {PasswordVariable}");
        keys.Add(new ConfigOverride($"{path}.auth.user", Uri.UnescapeDataString(login[0]), option));
        keys.Add(new ConfigOverride($"{path}.auth.password", password, option));
        return keys;
    }

    private static CommandException Wrong(string text, string problem)
    {
        // The URL may hold a password: show what follows the @ only.
        int at = text.LastIndexOf('@');
        return new CommandException(ExitCode.WrongUsage, $"--upstream {(at < 0 ? text : "…" + text[at..])}: {problem}");
    }
}
