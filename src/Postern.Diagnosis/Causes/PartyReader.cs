using Postern.Diagnosis.Evidence;
using Postern.Diagnosis.History;

namespace Postern.Diagnosis.Causes;

/// <summary>Whose machines and which programs a case is between: the commands that mend it differ by them.</summary>
internal static class PartyReader
{
    /// <summary>The program of the far side, by its greeting, else by its refusals: "postfix".</summary>
    public static string? Server(Scene scene)
    {
        foreach (var greeting in scene.Greetings)
            if (greeting is { Point.Role: PointRole.Target, Text: { } text } && ServerTable.Default.OfGreeting(text) is { } server) return server;
        foreach (var reply in scene.Replies)
            if (ServerTable.Default.OfReply(reply.Fact.Reply) is { } server) return server;
        return null;
    }

    /// <summary>Where we run: this machine's firmware knows best, then the reverse name; "home" for a line that nobody runs servers on.</summary>
    public static string? OurCloud(Scene scene)
    {
        if (scene.Machine is { } machine) return machine.Cloud;
        foreach (var dns in scene.Dns)
        {
            if (dns.Role != DnsRole.Ptr) continue;
            foreach (string answer in dns.Seen.Answers)
                if (CloudTable.Default.OfName(answer[(answer.LastIndexOf(' ') + 1)..]) is { } cloud) return cloud.Id;
        }
        return scene.Identity.Exists(i => i.LooksGenerated) && scene.Lists.Exists(IsPolicyListing) ? "home" : null;
    }

    /// <summary>Where the far side runs, by its host's name.</summary>
    public static string? TheirCloud(Scene scene) => CloudTable.Default.OfName(scene.Host)?.Id;

    /// <summary>Spamhaus PBL: addresses that are not meant to send mail.</summary>
    private static bool IsPolicyListing(BlocklistFact fact) =>
        fact.Result == BlocklistResult.Listed && fact.Zone.Contains("spamhaus", StringComparison.Ordinal) && fact.Codes.Any(c => c is "127.0.0.10" or "127.0.0.11");
}
