using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Postern.Core.Configuration;

internal sealed partial class ConfigValidator
{
    private void CheckRoutes()
    {
        if (config.Route.Count == 0 && config.Upstream.Count == 0 && !HasFailed("upstream") && !HasFailed("route"))
            Error("", null, "nothing says where mail should go", whole.Line == 0
                ? "give --upstream smtp://user@smtp.example.com:587 to send through a provider, --mx to deliver to each domain's own servers, or a file with --config"
                : "add [[upstream]] with name and address to send through a provider, or [[route]] with via = \"mx\" to deliver to each domain's own servers");
        int catchAll = -1;
        for (int i = 0; i < config.Route.Count; i++)
        {
            string path = $"route[{i}]";
            CheckRoute(config.Route[i], path);
            if (catchAll >= 0) Error(path, null, $"is never reached: route[{catchAll}]{Place($"route[{catchAll}]")} has no match and takes all mail", "move the route without match to the end");
            else if (IsCatchAll(config.Route[i])) catchAll = i;
        }
        if (config.Route.Count > 0 && catchAll < 0)
            Warn($"route[{config.Route.Count - 1}]", null, "mail that matches no route is refused with 550", "add a last [[route]] without match");
        if (config.Route.Count == 0) return;
        for (int i = 0; i < config.Upstream.Count; i++)
            if (!config.Route.Any(r => r.Upstreams.Contains(config.Upstream[i].Name, StringComparer.OrdinalIgnoreCase)))
                Warn($"upstream[{i}].name", $"\"{config.Upstream[i].Name}\"", "no route uses this upstream", "name it in a route's upstreams, or remove it");
    }

    private static bool IsCatchAll(RouteConfig route) =>
        route.Match is not { } match || (match.RecipientDomain.Count == 0 || match.RecipientDomain.Contains("*")) && match.Sender.Count == 0 && match.Listener.Count == 0 && match.User.Count == 0;

    private void CheckRoute(RouteConfig route, string path)
    {
        if (route.Via == RouteVia.Upstreams && route.Upstreams.Count == 0)
            Error($"{path}.upstreams", null, "the route names no upstream", config.Upstream.Count == 0 ? "set via = \"mx\", or add [[upstream]] and name it here" : $"write upstreams = [\"{config.Upstream[0].Name}\"], or set via = \"mx\"");
        if (route.Via != RouteVia.Upstreams && route.Upstreams.Count > 0)
            Error($"{path}.upstreams", null, $"via = \"{ConfigValues.KebabCase(route.Via.ToString())}\" uses no upstreams", "remove one of the two lines");
        Known($"{path}.upstreams", route.Upstreams, [.. config.Upstream.Select(u => u.Name)], "upstream");
        Known($"{path}.egress", route.Egress, [.. config.Egress.Select(e => e.Name)], "egress");
        CheckDecisions(route, path);
        if (route.Match is not { } match) return;
        Known($"{path}.match.listener", match.Listener, [.. config.Listener.Select(l => l.Address), "pickup", "bounce"], "listener");
        Known($"{path}.match.user", [.. match.User.Where(u => !u.Contains('*', StringComparison.Ordinal))], [.. config.User.Select(u => u.Name)], "user");
        Domains($"{path}.match.recipient_domain", match.RecipientDomain);
        CheckSenders($"{path}.match.sender", match.Sender);
    }

    private void Known(string path, IReadOnlyList<string> given, IReadOnlyList<string> known, string section)
    {
        for (int i = 0; i < given.Count; i++)
        {
            if (known.Contains(given[i], StringComparer.OrdinalIgnoreCase) || HasFailed(section)) continue;
            string mend = Suggestion.For(given[i], known) is { } near ? $"did you mean \"{near}\"?"
                : known.Count == 0 ? $"add [[{section}]] with that name" : $"known: {string.Join(", ", known)}";
            Error($"{path}[{i}]", $"\"{given[i]}\"", $"there is no {section} of that name", mend);
        }
    }

    private void CheckSenders(string path, IReadOnlyList<string> senders)
    {
        for (int i = 0; i < senders.Count; i++)
            if (senders[i] is not ("<>" or "*") && !senders[i].Contains('@', StringComparison.Ordinal))
                Error($"{path}[{i}]", $"\"{senders[i]}\"", "expected an address, @domain or \"<>\"", $"write \"@{senders[i]}\" for all senders of that domain");
    }

    private void CheckAccess()
    {
        CheckSenders("access.senders", config.Access.Senders);
        for (int i = 0; i < config.User.Count; i++)
        {
            var user = config.User[i];
            CheckSenders($"user[{i}].senders", user.Senders);
            if (user.Priority > user.MaxPriority)
                Error($"user[{i}].priority", user.Priority.ToString(CultureInfo.InvariantCulture), $"more than this user may ask for (max_priority = {user.MaxPriority.ToString(CultureInfo.InvariantCulture)})", "lower priority, or raise max_priority");
        }
        for (int i = 0; i < config.Access.Networks.Count; i++)
        {
            if (config.Access.Networks[i].EndsWith("/0", StringComparison.Ordinal))
                Warn($"access.networks[{i}]", $"\"{config.Access.Networks[i]}\"", "everyone may relay: an open relay is found and abused within hours", "name your own networks only");
        }
        bool onlyLocal = config.Access.Networks.All(n => n.StartsWith("127.", StringComparison.Ordinal) || n.StartsWith("::1", StringComparison.Ordinal));
        bool reachable = config.Listener.Any(l => !SettingForms.IsLoopback(l.Address));
        if (onlyLocal && reachable && config.User.Count == 0)
            Warn("access.networks", null, "a listener is open to other machines, yet none of them may send", "add their networks to access.networks, or [[user]] entries");
        if (config.Delivery.Ipv6) return;
        for (int i = 0; i < config.Egress.Count; i++)
            if (IPAddress.TryParse(config.Egress[i].Address, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6)
                Error($"egress[{i}].address", $"\"{config.Egress[i].Address}\"", "an IPv6 address, but delivery.ipv6 is false", "remove it, or set delivery.ipv6 = true");
    }
}
