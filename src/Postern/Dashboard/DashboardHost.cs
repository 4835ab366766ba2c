using Microsoft.AspNetCore.Components.Server.Circuits;
using Postern.Access;
using Postern.Api;

namespace Postern.Dashboard;

/// <summary>
/// Puts the dashboard into the HTTP server: Blazor components that are rendered here, first as a whole page and then live over one WebSocket a page. They read the
/// same records as the API. Bounded: so many pages at once, each with a bounded number of unseen updates; a page that is gone is forgotten after a minute.
/// </summary>
internal static class DashboardHost
{
    /// <summary>Pages open at once, all people together; a further one is shown but not kept up to date.</summary>
    public const int MaxPages = 100;

    /// <summary>Of one message from a page: key presses and clicks are a hundredth of it.</summary>
    private const int MaxMessageBytes = 32 * 1024;

    public static void AddTo(IServiceCollection services, RelayView relay, TimeProvider time)
    {
        services.AddSingleton(relay);
        services.AddSingleton(time);
        services.AddSingleton<LiveFeed>();
        services.AddSingleton<CheckDesk>();
        services.AddSingleton(DashboardAssets.Load());
        services.AddScoped<DashboardActions>();
        services.AddCascadingAuthenticationState();
        services.AddRazorComponents().AddInteractiveServerComponents(circuit =>
        {
            circuit.DisconnectedCircuitMaxRetained = 20;
            circuit.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(1);
            circuit.MaxBufferedUnacknowledgedRenderBatches = 8;
            circuit.JSInteropDefaultCallTimeout = TimeSpan.FromSeconds(10);
        }).AddHubOptions(hub => hub.MaximumReceiveMessageSize = MaxMessageBytes);
    }

    public static void Map(WebApplication app)
    {
        app.UseAntiforgery();
        app.Services.GetRequiredService<DashboardAssets>().Map(app);
        app.MapGet(MessageArchive.Path, (RequestDelegate)(http => MessageArchive.ServeAsync(http, app.Services.GetRequiredService<RelayView>().Store()))).Needs(ApiRole.Operate);
        // What a page sends by itself is no action; what people do goes through DashboardActions.
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode().Needs(ApiRole.Read).WithMetadata(InteractiveRoute.Mark);
    }
}
