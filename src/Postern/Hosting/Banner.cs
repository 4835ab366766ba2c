using Postern.Cli;
using Postern.Core.Configuration;

namespace Postern.Hosting;

/// <summary>The few lines a person sees when the relay is up: where mail goes in and out, and what to do next.</summary>
internal static class Banner
{
    public static void Write(Output output, PosternConfig config, IReadOnlyList<string> listening, string? http, long waiting)
    {
        output.Line("");
        output.Line($"{output.Bold($"Postern {RelayProcess.Version}")} on {output.Bold(config.Server.Hostname)}");
        output.Line("");
        Row("mail in", $"{(listening.Count > 0 ? string.Join(", ", listening) : "no listener")}{(config.Pickup is { } pickup ? $", files in {pickup.Folder}" : "")}", Who(config));
        Row("mail out", Outward(config), config.Delivery.Mode == DeliveryMode.Queue ? "" : ConfigValues.KebabCase(config.Delivery.Mode.ToString()));
        Row("queue", config.Server.Data, waiting == 0 ? "empty" : $"{waiting} waiting");
        Row("http", http ?? "off", http is null ? "" : "dashboard, /api/v1, /metrics, /health/ready");
        Row("stop", "Ctrl+C", "twice to stop at once");
        output.Line("");

        void Row(string what, string value, string more) => output.Line($"  {output.Dim($"{what,-10}")} {value}{(more.Length > 0 ? "  " + output.Dim(more) : "")}");
    }

    /// <summary>Who may send without a password, where that is short to say.</summary>
    private static string Who(PosternConfig config)
    {
        var networks = config.Access.Networks;
        string from = networks.All(n => n is "127.0.0.0/8" or "::1/128") ? networks.Count == 0 ? "" : "from this machine" : $"from {string.Join(", ", networks.Take(4))}{(networks.Count > 4 ? ", …" : "")}";
        string users = config.User.Count == 0 ? "" : $"with a password ({config.User.Count} {(config.User.Count == 1 ? "user" : "users")})";
        return string.Join(" or ", new[] { from, users }.Where(t => t.Length > 0));
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
            _ => $"{what} → {string.Join(", ", route.Upstreams)}",
        };
    }
}
