using BenchmarkDotNet.Attributes;
using Postern.Core.Configuration;
using Postern.Core.Routing;
using Postern.Protocols.Smtp;

namespace Postern.Benchmarks.Micro;

/// <summary>Where a recipient's mail goes, once per RCPT; and what a start or reload pays for the configuration.</summary>
public class DecisionBenchmarks
{
    private static readonly MailPath Sender = new("orders@shop.example");
    private static readonly MailPath Pooled = new("customer@example.org");
    private static readonly MailPath Direct = new("colleague@office.example.net");
    private readonly MailRouter _router = new(new PosternConfig
    {
        Upstream = [new UpstreamConfig { Name = "provider", Address = "smtp.example.com:587" }],
        Route =
        [
            new RouteConfig { Match = new RouteMatch { RecipientDomain = ["example.net", "*.example.net"] }, Via = RouteVia.Mx },
            new RouteConfig { Match = new RouteMatch { Sender = ["@news.example"] }, Upstreams = ["provider"] },
            new RouteConfig { Upstreams = ["provider"] },
        ],
    }, TimeProvider.System);
    private readonly ConfigLoader _loader = new(new ConfigSurroundings(_ => null, [], Path.GetTempPath()));
    private readonly string _toml = Example();

    [Benchmark]
    public string RouteToPool() => _router.Route(Sender, Pooled, "127.0.0.1:2525", null).Destination!;

    [Benchmark]
    public string RouteToMx() => _router.Route(Sender, Direct, "127.0.0.1:2525", null).Destination!;

    /// <summary>The example that comes with the program.</summary>
    [Benchmark]
    public PosternConfig LoadConfiguration()
    {
        var result = _loader.LoadText(_toml, "postern.example.toml", []);
        return result.Config ?? throw new InvalidOperationException(string.Join('\n', result.Errors));
    }

    private static string Example()
    {
        using var stream = typeof(DecisionBenchmarks).Assembly.GetManifestResourceStream("postern.example.toml")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
