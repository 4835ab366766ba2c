namespace Postern.Lab.Daemons;

/// <summary>What is wrong with a signed zone.</summary>
public enum SigningFault : byte { None, BadSignature, Expired }

/// <summary>DNSSEC for a zone file, by the tools of ldns.</summary>
internal static class DnssecSigning
{
    public static string? Missing => Programs.Missing("ldns-keygen", "ldns-signzone");

    /// <summary>Puts the signed zone in the file's place; returns the DS record that makes a resolver insist on signatures.</summary>
    public static async Task<string> SignAsync(string folder, string zone, string file, SigningFault fault)
    {
        string key = (await RunAsync(folder, "ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone)).Trim();
        string[] dates = fault == SigningFault.Expired ? ["-i", "20200101000000", "-e", "20200201000000"] : [];
        await RunAsync(folder, "ldns-signzone", ["-o", zone + ".", .. dates, "-f", file + ".signed", file, key]);
        string signed = File.ReadAllText(file + ".signed");
        if (fault == SigningFault.BadSignature)
        {
            // A preference changed after signing: the record is there, and its signature is another record's.
            string changed = signed.Replace("MX\t10 ", "MX\t11 ", StringComparison.Ordinal);
            if (changed == signed) throw new InvalidOperationException($"{zone} has no MX record of preference 10 to change");
            signed = changed;
        }
        File.WriteAllText(file, signed);
        return string.Join(' ', File.ReadAllText(Path.Combine(folder, key + ".ds")).Split(';')[0].Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        var result = await RunningProgram.RunAsync(program, arguments, folder: folder);
        return result.ExitCode == 0 ? result.StandardOutput : throw new InvalidOperationException($"{program}: {result.Output}");
    }
}
