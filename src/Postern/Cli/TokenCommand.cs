using System.CommandLine;
using System.Security.Cryptography;
using System.Text;

namespace Postern.Cli;

/// <summary>postern config token: makes a token for [[http.token]]. It is shown once; the configuration needs only its hash.</summary>
internal sealed class TokenCommand(CommandTree tree)
{
    /// <summary>256 bits: nobody guesses it, so that a quick hash is enough and checking it costs nothing.</summary>
    private const int Bytes = 32;

    private const int SaltBytes = 16;

    public Command Build() => tree.Action(new Command("token", "Make a token for [[http.token]], and its hash."), RunAsync);

    private Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        string token = "pst_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        string hash = "{SSHA256}" + Convert.ToBase64String([.. SHA256.HashData([.. Encoding.UTF8.GetBytes(token), .. salt]), .. salt]);
        if (parsed.GetValue(CommandTree.JsonOption)) tree.Output.Json(new TokenContract(token, hash), CliJson.Default.TokenContract);
        else
        {
            tree.Output.Line($"token  {token}");
            tree.Output.Line($"hash   {hash}");
            tree.Output.Line("");
            tree.Output.Line("Give the token to whoever needs it, as POSTERN_TOKEN or in a file; write the hash into the configuration:");
            tree.Output.Line("");
            tree.Output.Line("  [[http.token]]");
            tree.Output.Line("  name = \"monitoring\"");
            tree.Output.Line("  role = \"read\"             # or operate, admin, send");
            tree.Output.Line($"  token = \"{hash}\"");
        }
        return Task.FromResult(ExitCode.Good);
    }
}

/// <param name="Token">To be kept by who uses it.</param>
/// <param name="Hash">For the configuration.</param>
internal sealed record TokenContract(string Token, string Hash);
