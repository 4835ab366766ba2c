using Postern.Lab.Daemons;

namespace Postern.Lab.Names;

/// <summary>DNSSEC for a zone, by the tools of ldns, and the ways to get it wrong.</summary>
internal static class ZoneSigning
{
    /// <summary>Replaces the zone's file by a signed one; returns the DS record that makes a resolver insist on it.</summary>
    public static async Task<string> SignAsync(string folder, Zone zone, string file)
    {
        string key = (await RunAsync(folder, "ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone.Name)).Trim();
        string[] dates = zone.Fault == ZoneFault.ExpiredSignature ? ["-i", "20200101000000", "-e", "20200201000000"] : [];
        await RunAsync(folder, "ldns-signzone", ["-o", zone.Name + ".", .. dates, "-f", file + ".signed", file, key]);
        string signed = File.ReadAllText(file + ".signed");
        if (zone.Fault == ZoneFault.BadSignature)
        {
            string changed = signed.Replace("MX\t10 ", "MX\t11 ", StringComparison.Ordinal);
            if (changed == signed) throw new InvalidOperationException($"{zone.Name} has no MX record of preference 10 to change after signing");
            signed = changed;
        }
        File.WriteAllText(file, signed);
        string ds = File.ReadAllText(Path.Combine(folder, key + ".ds")).Trim();
        return string.Join(" ", ds.Split(';')[0].Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        var result = await RunningProgram.RunAsync(program, arguments, folder: folder);
        return result.ExitCode == 0 ? result.StandardOutput : throw new InvalidOperationException($"{program}: {result.Output}");
    }
}
