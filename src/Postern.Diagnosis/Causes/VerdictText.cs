using Postern.Diagnosis.Checks;
using Postern.Diagnosis.Knowledge;

namespace Postern.Diagnosis.Causes;

/// <summary>A verdict's words: from the cause's page, filled with the case; for a healthy destination, which has no page, a sentence. Pure and quick.</summary>
internal static class VerdictText
{
    public static FilledPage Of(CauseId cause, CaseValues found) =>
        cause == CauseId.None ? new FilledPage(Healthy(found), "", "", Party.Nobody) : KnowledgeBase.Default.Of(cause).Fill(found);

    private static string Healthy(CaseValues found)
    {
        string host = found.Host ?? found.Domain ?? "the destination";
        string who = found.Address is null || found.Address == host ? host : $"{host} [{found.Address}]";
        return $"{who} answers on port {found.Port ?? CheckTarget.SmtpPort} and is ready to take mail. Nothing is wrong that can be seen without sending a message.";
    }
}
