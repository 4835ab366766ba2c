using System.Globalization;
using Postern.Access;
using Postern.Core.Trends;
using Postern.Diagnosis.Causes;

namespace Postern.Api;

/// <summary>The part of the API that looks back: the last day by the minute.</summary>
internal sealed class TrendEndpoints(RelayView relay)
{
    private const int Usual = 60;

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/v1/trends", (RequestDelegate)Trends).Needs(ApiRole.Read)
            .Describe("getTrends", "Relay", "The last day by the minute", "What came in and went out, or how the attempts at one upstream went. Kept in memory: it begins with the relay's start.")
            .Takes([
                new ApiParameter("minutes", $"How many, up to the present one; {Usual} without it.", "integer", "60") { Least = 1, Most = TrendBook.MaxMinutes },
                new ApiParameter("upstream", "Attempts at this upstream or MX host, as its name stands in 'upstreams'.", Example: "provider"),
            ])
            .Gives<TrendsContract>("The minutes, oldest first.", ApiExamples.Trends)
            .Refuses(ProblemKind.InvalidParameter, ProblemKind.UnknownUpstream, ProblemKind.Starting);

    private Task Trends(HttpContext http)
    {
        if (relay.Detail()?.Trends is not { } trends) return Answers.Problem(http, Problems.Starting);
        int minutes = Usual;
        if (http.Query("minutes") is { } text && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out minutes) || minutes is < 1 or > TrendBook.MaxMinutes))
            return Answers.Problem(http, ProblemKind.InvalidParameter, $"not a number of minutes: {text}", $"use 1 to {TrendBook.MaxMinutes}");
        if (http.Query("upstream") is not { } upstream)
            return Answers.Json(http, new TrendsContract { Minutes = [.. trends.Minutes(minutes).Select(Contract)], Upstreams = trends.Upstreams }, ApiJson.Default.TrendsContract);
        return trends.Upstream(upstream, minutes) is { } attempts
            ? Answers.Json(http, new TrendsContract { Upstream = upstream, Attempts = [.. attempts.Select(Contract)], Upstreams = trends.Upstreams }, ApiJson.Default.TrendsContract)
            : Answers.Problem(http, ProblemKind.UnknownUpstream, $"nothing was sent to {upstream} in the last day", "'upstreams' of an answer without it has the names");
    }

    private static TrendMinuteContract Contract(TrendMinute minute) => new()
    {
        At = minute.At,
        Accepted = minute.Accepted,
        Refused = minute.Refused,
        Delivered = minute.Delivered,
        Bounced = minute.Bounced,
        Deferred = minute.Deferred,
        Waiting = minute.Waiting,
    };

    private static UpstreamMinuteContract Contract(UpstreamMinute minute) => new()
    {
        At = minute.At,
        Delivered = minute.Delivered,
        Deferred = minute.Deferred,
        Refused = minute.Refused,
        Causes = [.. new[] { (minute.Cause, Count: minute.CauseCount), (Cause: minute.SecondCause, Count: minute.SecondCount) }.Where(c => c.Count > 0).Select(c => new CauseCountContract(CauseTable.NameOf(c.Cause), c.Count))],
    };
}
