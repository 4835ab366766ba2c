using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Postern.Access;
using Postern.Core.Submission;
using Postern.Core.Telemetry;
using Postern.Dashboard;

namespace Postern.Api;

/// <summary>The HTTP server for the API, metrics and health: Kestrel without what it is not asked for. Who may use it is <see cref="HttpAccess"/>'s matter.</summary>
internal sealed class HttpServer(WebApplication app, HttpAccess access) : IAsyncDisposable
{
    private static readonly TimeSpan Closing = TimeSpan.FromSeconds(2);

    /// <summary>Where it listens, with the port the system chose for 0.</summary>
    public string Address => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "";

    /// <summary>Every route that is mapped.</summary>
    internal IReadOnlyList<Endpoint> Routes => app.Services.GetRequiredService<EndpointDataSource>().Endpoints;

    /// <param name="access">Null for everybody who reaches it: loopback.</param>
    /// <summary>Throws <see cref="ListenException"/> with one line for the operator when the address cannot be had.</summary>
    public static async Task<HttpServer> StartAsync(ListenAddress address, RelayView relay, ILoggerProvider logs, CancellationToken cancel, TimeProvider? time = null, HttpAccess? access = null)
    {
        access ??= OpenToAll(relay, logs, time ?? TimeProvider.System);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddProvider(logs);
        // It warns of what is meant: the keys of sessions lie unencrypted in a folder that only the relay's user can read, as its mail does.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        builder.Services.AddSingleton<IHostLifetime, OwnLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(address.EndPoint, access.Listen);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
            kestrel.Limits.MaxConcurrentConnections = 400;
            kestrel.Limits.MaxConcurrentUpgradedConnections = DashboardHost.MaxPages;
        });
        builder.Services.AddRoutingCore();
        AddApi(builder.Services, relay, time ?? TimeProvider.System);
        access.AddServices(builder.Services);
        DashboardHost.AddTo(builder.Services, relay, time ?? TimeProvider.System);
        builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("postern", serviceVersion: relay.Version)).WithMetrics(metrics => metrics.AddMeter(PosternMetrics.MeterName).AddPrometheusExporter());
        var app = builder.Build();
        app.Use((http, next) => http.RequestServices.GetRequiredService<ProblemPages>().RunAsync(http, next));
        access.UseGuards(app);
        app.UseRouting();
        access.UseGate(app);
        app.MapPrometheusScrapingEndpoint("/metrics").Needs(ApiRole.Read);
        new SignInPages(access).Map(app);
        MapApi(app, app.Services, relay, time ?? TimeProvider.System);
        DashboardHost.Map(app);
        try
        {
            await app.StartAsync(cancel);
        }
        catch (Exception e)
        {
            await app.DisposeAsync();
            if (e is IOException or SocketException) throw new ListenException($"cannot serve HTTP on {address.EndPoint}: {Explain(e, address.EndPoint.Port)}", e);
            throw;
        }
        return new HttpServer(app, access);
    }

    internal static void AddApi(IServiceCollection services, RelayView relay, TimeProvider time)
    {
        // Made by the container, so that it is ended with it.
        services.AddSingleton(_ => new QueueDesk(relay.Store, time));
        services.AddSingleton<ProblemPages>();
        ApiDocument.AddServices(services);
    }

    internal static void MapApi(IEndpointRouteBuilder routes, IServiceProvider services, RelayView relay, TimeProvider time)
    {
        new Endpoints(relay).Map(routes);
        services.GetRequiredService<ApiDocument>().Map(routes);
        new QueueEndpoints(services.GetRequiredService<QueueDesk>()).Map(routes);
        new MessageEndpoints(relay, time).Map(routes);
        new DiagnosisEndpoints(relay).Map(routes);
        new EventEndpoints(relay, time).Map(routes);
        new ShapingEndpoints(relay).Map(routes);
        new TrendEndpoints(relay).Map(routes);
    }

    public async ValueTask DisposeAsync()
    {
        // Pages and streams that are open end now, before what they live on is taken away.
        using var late = new CancellationTokenSource(Closing, TimeProvider.System);
        try
        {
            await app.StopAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            // A reader that takes nothing is cut off.
        }
        await app.DisposeAsync();
        access.Dispose();
    }

    private static string Explain(Exception problem, int port) => ((problem as SocketException) ?? problem.InnerException as SocketException)?.SocketErrorCode switch
    {
        SocketError.AccessDenied => "ports below 1024 need a privilege; choose a higher port in server.http (--http)",
        SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported => "this machine has no such address; write 127.0.0.1 in server.http (--http)",
        null or SocketError.AddressAlreadyInUse => $"the port is in use by another process; stop that one ('ss -ltnp sport = :{port}' shows it) or choose another port in server.http (--http)",
        _ => $"{problem.Message}; correct server.http (--http)",
    };

    /// <summary>
    /// In place of the framework's, which takes SIGTERM for itself: it would end the server's start with an exception, and close pages while the relay
    /// still finishes what is under way. When to stop is the process's own matter.
    /// </summary>
    private sealed class OwnLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private static HttpAccess OpenToAll(RelayView relay, ILoggerProvider logs, TimeProvider time)
    {
        var logger = logs.CreateLogger("Postern");
        return HttpAccess.Open(new AuditLog(() => relay.Insight()?.Events, logger, time), logger, time);
    }
}
