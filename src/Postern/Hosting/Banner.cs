using Postern.Cli;
using Postern.Core.Configuration;

namespace Postern.Hosting;

/// <summary>The few lines a person sees when the relay is up: where mail goes in and out, and what to do next.</summary>
internal static class Banner
{
    public static void Write(Output output, PosternConfig config, IReadOnlyList<string> listening, string? http, long waiting)
    {
        output.Line($"postern {RelayProcess.Version} on {config.Server.Hostname}");
        output.Line($"  mail in    {(listening.Count > 0 ? string.Join(", ", listening) : "no listener")}{(config.Pickup is { } pickup ? $", files in {pickup.Folder}" : "")}");
        output.Line($"  mail out   {Outward(config)}");
        output.Line($"  queue      {config.Server.Data}, {(waiting == 0 ? "empty" : $"{waiting} waiting")}");
        output.Line($"  http       {(http is null ? "off" : $"{http}  /api/v1/status /metrics /health/ready")}");
        output.Line("  stop       Ctrl+C; twice to stop at once");
        output.Line("");
    }

    private static string Outward(PosternConfig config)
    {
        if (config.Route.Count == 0) return string.Join(", ", config.Upstream.Select(u => $"{u.Name} ({u.Address}, TLS {ConfigValues.KebabCase(u.Tls.ToString())})"));
        return string.Join("; ", config.Route.Take(5).Select(Describe)) + (config.Route.Count > 5 ? "; …" : "");
    }

    private static string Describe(RouteConfig route)
    {
        string what = route.Match?.RecipientDomain is { Count: > 0 } domains ? string.Join(" ", domains) : route.Match is null ? "all" : "some";
        return route.Via switch
        {
            RouteVia.Mx => $"{what} by MX",
            RouteVia.Reject => $"{what} refused",
            _ => $"{what} to {string.Join(", ", route.Upstreams)}",
        };
    }
}
