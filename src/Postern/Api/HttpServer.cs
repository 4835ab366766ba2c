using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Postern.Core.Submission;
using Postern.Core.Telemetry;
using Postern.Dashboard;

namespace Postern.Api;

/// <summary>The HTTP server for the API, metrics and health: Kestrel without what it is not asked for. Loopback only, so that it needs no password.</summary>
internal sealed class HttpServer(WebApplication app) : IAsyncDisposable
{
    /// <summary>Where it listens, with the port the system chose for 0.</summary>
    public string Address => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "";

    /// <summary>Throws <see cref="ListenException"/> with one line for the operator when the address cannot be had.</summary>
    public static async Task<HttpServer> StartAsync(ListenAddress address, RelayView relay, ILoggerProvider logs, CancellationToken cancel, TimeProvider? time = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddProvider(logs);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(address.EndPoint);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
            kestrel.Limits.MaxConcurrentConnections = 400;
            kestrel.Limits.MaxConcurrentUpgradedConnections = DashboardHost.MaxPages;
        });
        builder.Services.AddRoutingCore();
        DashboardHost.AddTo(builder.Services, relay, time ?? TimeProvider.System);
        builder.Services.AddSingleton(new QueueDesk(relay.Store, time ?? TimeProvider.System));
        builder.Services.AddSingleton<ProblemPages>();
        builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("postern", serviceVersion: relay.Version)).WithMetrics(metrics => metrics.AddMeter(PosternMetrics.MeterName).AddPrometheusExporter());
        var app = builder.Build();
        app.Use(RefuseForeignHosts);
        app.Use((http, next) => http.RequestServices.GetRequiredService<ProblemPages>().RunAsync(http, next));
        app.UseRouting();
        app.MapPrometheusScrapingEndpoint("/metrics");
        new Endpoints(relay).Map(app);
        new QueueEndpoints(app.Services.GetRequiredService<QueueDesk>()).Map(app);
        new DiagnosisEndpoints(relay).Map(app);
        new EventEndpoints(relay, time ?? TimeProvider.System).Map(app);
        new ShapingEndpoints(relay).Map(app);
        DashboardHost.Map(app);
        try
        {
            await app.StartAsync(cancel);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await app.DisposeAsync();
            throw new ListenException($"cannot serve HTTP on {address.EndPoint}: {Explain(e, address.EndPoint.Port)}", e);
        }
        return new HttpServer(app);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static string Explain(Exception problem, int port) => ((problem as SocketException) ?? problem.InnerException as SocketException)?.SocketErrorCode switch
    {
        SocketError.AccessDenied => "ports below 1024 need a privilege; choose a higher port in server.http (--http)",
        SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported => "this machine has no such address; write 127.0.0.1 in server.http (--http)",
        null or SocketError.AddressAlreadyInUse => $"the port is in use by another process; stop that one ('ss -ltnp sport = :{port}' shows it) or choose another port in server.http (--http)",
        _ => $"{problem.Message}; correct server.http (--http)",
    };

    /// <summary>A name that resolves to loopback (DNS rebinding) must not open the API to web pages: only addresses and localhost are answered.</summary>
    private static Task RefuseForeignHosts(HttpContext http, RequestDelegate next)
    {
        string host = http.Request.Host.Host.Trim('[', ']');
        if (host.Length == 0 || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host, out _)) return next(http);
        http.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
        return http.Response.WriteAsync("this server answers to localhost and to addresses only\n", http.RequestAborted);
    }
}
