using System.Security.Cryptography;
using System.Text;

namespace Postern.Lab.Peers;

/// <summary>The server's side of AUTH PLAIN, LOGIN and CRAM-MD5 (RFC 4954, RFC 4616, RFC 2195), one exchange.</summary>
internal sealed class SinkAuth(SinkSettings settings, WireStream wire)
{
    /// <summary>The user's name, or null when the exchange or the secret was wrong. The final reply is the caller's.</summary>
    public async ValueTask<string?> RunAsync(string argument, CancellationToken cancel)
    {
        string[] words = argument.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string mechanism = words.Length > 0 ? words[0].ToUpperInvariant() : "";
        if (!settings.AuthMechanisms.Contains(mechanism)) return null;
        string? initial = words.Length > 1 ? words[1] : null;
        switch (mechanism)
        {
            case "PLAIN":
                string[] parts = (Decode(initial ?? await AskAsync("", cancel)) ?? "").Split('\0');
                return parts.Length == 3 ? Verify(parts[1], parts[2]) : null;
            case "LOGIN":
                string? user = Decode(initial ?? await AskAsync("Username:", cancel));
                string? password = Decode(await AskAsync("Password:", cancel));
                return user is null || password is null ? null : Verify(user, password);
            default:
                return await CramMd5Async(cancel);
        }
    }

    private async ValueTask<string?> CramMd5Async(CancellationToken cancel)
    {
        string challenge = $"<{RandomNumberGenerator.GetHexString(16)}@{settings.Hostname}>";
        string[] answer = (Decode(await AskAsync(challenge, cancel)) ?? "").Split(' ');
        if (answer.Length != 2 || !settings.Users.TryGetValue(answer[0], out string? secret)) return null;
        string expected = Convert.ToHexStringLower(HMACMD5.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(challenge)));
        return answer[1] == expected ? answer[0] : null;
    }

    private string? Verify(string user, string password) =>
        settings.Users.TryGetValue(user, out string? expected) && expected == password ? user : null;

    private async ValueTask<string?> AskAsync(string challenge, CancellationToken cancel)
    {
        await wire.WriteAsync(Encoding.ASCII.GetBytes($"334 {Convert.ToBase64String(Encoding.UTF8.GetBytes(challenge))}\r\n"), cancel);
        return await wire.ReadLineAsync(cancel) is { } line ? Encoding.ASCII.GetString(line).TrimEnd('\r', '\n') : null;
    }

    private static string? Decode(string? text)
    {
        if (text is null) return null;
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(text == "=" ? "" : text));
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
