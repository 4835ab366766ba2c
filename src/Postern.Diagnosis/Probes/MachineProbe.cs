using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.History;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Probes;

/// <summary>Which cloud this machine belongs to, read from its firmware's tables (DMI) as Linux shows them to everybody; asks nobody. No fact where that says nothing.</summary>
internal static class MachineProbe
{
    /// <summary>SMBIOS types 1-3: the maker's word stands in one or another of these, by cloud.</summary>
    private static readonly string[] Files = ["sys_vendor", "product_name", "board_vendor", "bios_vendor", "chassis_asset_tag"];

    private const string Folder = "/sys/class/dmi/id";
    private const int MaxBytes = 256;

    private static readonly Lazy<IReadOnlyList<Fact>> OfThisMachine = new(() => Read(Folder));

    public static IReadOnlyList<Fact> Facts => OfThisMachine.Value;

    internal static IReadOnlyList<Fact> Read(string folder)
    {
        foreach (string file in Files)
        {
            string text = TextOf(Path.Combine(folder, file));
            if (CloudTable.Default.OfFirmware(text) is not { } cloud) continue;
            return [new MachineFact { SaidBy = Speaker.Us, Observed = $"this machine runs at {cloud.Title}: its firmware says \"{text}\"", Cloud = cloud.Id }];
        }
        return [];
    }

    private static string TextOf(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            byte[] bytes = new byte[MaxBytes];
            return System.Text.Encoding.ASCII.GetString(bytes, 0, file.ReadAtLeast(bytes, MaxBytes, throwOnEndOfStream: false)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
