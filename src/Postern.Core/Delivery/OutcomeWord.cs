using Postern.Core.Trends;

namespace Postern.Core.Delivery;

/// <summary>What an attempt came to, in the one word that log, metrics, spans and trends have for it.</summary>
internal static class OutcomeWord
{
    public const string Delivered = "delivered", NextHost = "next_host", Deferred = "deferred", Bounced = "bounced", Partial = "partial";

    /// <param name="goesOn">The next host is tried for those that are not settled.</param>
    public static string Of(int delivered, int deferred, int refused, bool goesOn = false) => (delivered, deferred, refused) switch
    {
        (_, 0, 0) => Delivered,
        (0, _, 0) => goesOn ? NextHost : Deferred,
        (0, 0, _) => Bounced,
        _ => Partial,
    };

    public static AttemptWord ForTrends(string outcome) => outcome switch
    {
        Delivered => AttemptWord.Delivered,
        Bounced => AttemptWord.Refused,
        _ => AttemptWord.Deferred,
    };
}
