using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Causes;

/// <summary>The stage that failed first, or the last one passed; words of the report's contract.</summary>
internal static class StageFinder
{
    private static readonly string[] Words = ["resolve", "connect", "greeting", "ehlo", "starttls", "starttls", "auth", "mail", "rcpt", "data", "data", "eod", "eod", "eod"];

    public static string WordOf(ClientStage stage) => Words[(int)stage];

    public static string Find(Scene scene)
    {
        // Words that were said are further than anything else came.
        if (scene.Replies.Count > 0) return WordOf(scene.Replies.Max(r => r.Fact.Stage));
        if (scene.Stages.Count > 0) return WordOf(scene.Stages.Max(s => s.Stage));
        if (scene.Tls.Exists(t => t.Failure is not null)) return "starttls";
        if (scene.Greeting is { Outcome: not GreetingOutcome.Accepted }) return "greeting";
        if (scene.Deciding is null) return scene.Mx.Count > 0 || scene.Dns.Exists(d => d.Role is DnsRole.Mx or DnsRole.Address) || scene.Greeting is null ? "resolve" : "greeting";
        if (!scene.Connected) return "connect";
        if (scene.Tls.Count > 0) return "starttls";
        return scene.Ehlos.Count > 0 ? "ehlo" : scene.Greeting is not null ? "greeting" : "connect";
    }
}
