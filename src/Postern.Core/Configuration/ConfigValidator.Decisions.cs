using Postern.Core.Decisions;
using Postern.Diagnosis.Causes;

namespace Postern.Core.Configuration;

internal sealed partial class ConfigValidator
{
    /// <summary>Greylisting servers take mail from a few minutes on; asking sooner starts some of them anew.</summary>
    private static readonly TimeSpan ShortestGreylisting = TimeSpan.FromMinutes(1);

    private void CheckDecisions(RouteConfig route, string path)
    {
        if (route.Decide.Count == 0) return;
        if (route.Via == RouteVia.Reject) Error($"{path}.decide", null, "via = \"reject\" takes no mail, so there is nothing to decide", "remove one of the two lines");
        if ((route.Mode ?? config.Delivery.Mode) == DeliveryMode.Inline) Warn($"{path}.decide", null, "in mode \"inline\" the client hears each reply and decides for itself", "choose mode = \"queue\" or \"inline-then-queue\", or leave decide out");
        var seen = new HashSet<CauseId>();
        for (int i = 0; i < route.Decide.Count; i++)
        {
            string key = $"{path}.decide[{i}]";
            if (!CauseTable.TryParse(route.Decide[i].Cause, out var cause) || cause == CauseId.None) continue;
            if (!seen.Add(cause)) Error($"{key}.cause", $"\"{route.Decide[i].Cause}\"", "the cause has an entry above", "say everything about a cause in one entry");
            CheckDecision(route.Decide[i], cause, key);
        }
    }

    private void CheckDecision(DecideConfig decide, CauseId cause, string key)
    {
        bool bounces = decide.Message == DecideMessage.Bounce;
        string name = CauseTable.NameOf(cause);
        if (decide.Message is null && decide.Retry.Count == 0 && !failed.Contains($"{key}.message")) Error(key, null, "says nothing but the cause", "add message = \"wait\", \"next-host\" or \"bounce\", or retry = [\"10m\"]");
        if (bounces && decide.Retry.Count > 0) Error($"{key}.retry", null, "message = \"bounce\" leaves nothing to try again", "remove one of the two");
        if (bounces && !decide.EvenIfOurs && IsNobodysButOurs(cause))
            Error($"{key}.message", "\"bounce\"", $"{name} is our trouble, the network's or the upstream's, not the sender's or the recipient's: people's mail would be returned for nothing they can mend", "write \"wait\"; or add even_if_ours = true when you mean it");
        if (decide.EvenIfOurs && !bounces) Error($"{key}.even_if_ours", "true", "only has a meaning with message = \"bounce\"", "remove it");
        if (!bounces && decide.Message is not null && cause == CauseId.RecipientUnknown)
            Warn($"{key}.message", $"\"{ConfigValues.KebabCase(decide.Message.ToString()!)}\"", "mailboxes that do not exist are tried until the mail expires, which receivers count against us", "leave it out, so that the sender hears at once that the address is wrong");
        for (int i = 0; i < decide.Retry.Count; i++)
        {
            string wait = $"\"{ConfigValues.Format(decide.Retry[i])}\"";
            if (decide.Retry[i] < TimeSpan.FromSeconds(1) || decide.Retry[i] > TimeSpan.FromDays(1)) Error($"{key}.retry[{i}]", wait, "must be from 1s to 1d", "a shorter wait hammers an upstream in trouble, a longer one forgets the mail");
            else if (cause == CauseId.Greylisted && decide.Retry[i] < ShortestGreylisting) Warn($"{key}.retry[{i}]", wait, "no greylisting ends so soon, and some begin anew when asked too early", "write at least \"1m\"; 5 minutes are usual");
        }
    }

    /// <summary>Every row of it is about us; where nothing is known, nothing is known of sender and recipient either.</summary>
    private static bool IsNobodysButOurs(CauseId cause) =>
        cause == CauseId.Unknown || DecisionTable.Default.Rows.All(r => r.Cause != cause || r.IsAboutUs);
}
