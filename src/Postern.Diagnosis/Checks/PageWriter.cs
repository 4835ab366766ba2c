using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Knowledge;

namespace Postern.Diagnosis.Checks;

/// <summary>A verdict's words from the cause's page, filled with the case. Pure and quick.</summary>
internal static class PageWriter
{
    public static CauseText Write(CauseId cause, CaseDescription found)
    {
        if (cause == CauseId.None) return new CauseText(Healthy(found), "", "", Party.Nobody);
        var page = KnowledgeBase.Default.Of(cause).Fill(new CaseValues
        {
            Host = found.Host,
            Address = found.Address,
            OurAddress = found.OurAddress,
            Port = found.Port,
            Domain = found.Domain,
            List = found.List,
            Zone = found.Zone,
            Delisting = found.Delisting,
            Reply = found.Reply,
            Limit = found.Limit,
            Hop = found.Hop,
            Upstream = found.Upstream,
            Found = found.Found,
            Since = found.Since,
            Seen = found.Seen,
            Where = found.Where,
            Mx = found.Mx,
            Provider = found.Provider,
            Meter = found.Meter,
            Identity = found.Identity,
            Auth = found.Auth,
            Tls = found.Tls,
            Dns = found.Dns,
            Content = found.Content,
        });
        return new CauseText(page.Summary, page.Fix, page.Why, page.Who);
    }

    private static string Healthy(CaseDescription found)
    {
        string host = found.Host ?? found.Domain ?? "the destination";
        string who = found.Address is null || found.Address == host ? host : $"{host} [{found.Address}]";
        return $"{who} answers on port {found.Port ?? CheckTarget.SmtpPort} and is ready to take mail. Nothing is wrong that can be seen without sending a message.";
    }
}
