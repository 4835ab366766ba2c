using System.Security.Cryptography;
using System.Text;

namespace Postern.Protocols.Smtp;

/// <summary>AUTH towards an upstream: PLAIN (RFC 4616), LOGIN (as deployed), CRAM-MD5 (RFC 2195). Pure but for the exchange function.</summary>
internal static class SaslClient
{
    /// <summary>On an encrypted session the simple ones first (every server has them right); in clear the challenge first, so that the password is not sent.</summary>
    private static readonly string[] Encrypted = ["PLAIN", "LOGIN", "CRAM-MD5"];
    private static readonly string[] Clear = ["CRAM-MD5", "PLAIN", "LOGIN"];

    public static string? Choose(IReadOnlyList<string> offered, bool encrypted, bool clearAllowed)
    {
        // CRAM-MD5 too: who took STARTTLS out of the way to hear it can try passwords against it at leisure.
        if (!encrypted && !clearAllowed) return null;
        foreach (string mechanism in encrypted ? Encrypted : Clear)
        {
            if (offered.Contains(mechanism)) return mechanism;
        }

        return null;
    }

    /// <param name="exchange">Sends a line (second argument: how the transcript shows it) and returns the reply.</param>
    /// <returns>The last reply or failure; a 235 means success.</returns>
    public static async ValueTask<StageResult> RunAsync(string mechanism, string user, string password, Func<string, string, ValueTask<StageResult>> exchange)
    {
        switch (mechanism)
        {
            case "PLAIN":
                return await exchange($"AUTH PLAIN {Encode($"\0{user}\0{password}")}", "AUTH PLAIN ***");
            case "LOGIN":
                var asked = await exchange("AUTH LOGIN", "AUTH LOGIN");
                if (asked.Reply is not { Code: 334 }) return asked;
                asked = await exchange(Encode(user), "***");
                if (asked.Reply is not { Code: 334 }) return asked;
                return await exchange(Encode(password), "***");
            default:
                var challenge = await exchange("AUTH CRAM-MD5", "AUTH CRAM-MD5");
                if (challenge.Reply is not { Code: 334 } reply) return challenge;
                if (!TryAnswer(reply.Text, user, password, out string answer)) return await exchange("*", "*");
                return await exchange(answer, "***");
        }
    }

    /// <summary>RFC 2195 section 2: the user name, a space, the HMAC-MD5 of the challenge keyed with the password, in lower-case hex.</summary>
    internal static bool TryAnswer(string challenge, string user, string password, out string answer)
    {
        answer = "";
        var bytes = new byte[challenge.Length];
        if (!Convert.TryFromBase64String(challenge.Trim(), bytes, out int length)) return false;
#pragma warning disable CA5351 // The mechanism is defined with MD5; it is used only where the upstream offers nothing better.
        byte[] digest = HMACMD5.HashData(Encoding.UTF8.GetBytes(password), bytes.AsSpan(0, length));
#pragma warning restore CA5351
        answer = Encode($"{user} {Convert.ToHexStringLower(digest)}");
        return true;
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
