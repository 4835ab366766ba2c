using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Postern.Api;
using Postern.Core.Diagnoses;
using Postern.Diagnosis.Checks;

namespace Postern.Dashboard;

/// <summary>
/// Everything that a page does to the relay goes through here, in the name of whoever looks at it: what a role does not allow is refused, whatever the page showed.
/// One for each open page.
/// </summary>
internal sealed class DashboardActions(RelayView relay, QueueDesk desk, AuthenticationStateProvider users, DashboardAccess access)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private ClaimsPrincipal? _user;

    /// <summary>Who looks; null for nobody in particular (no login is configured).</summary>
    public string? Name => _user?.Identity is { IsAuthenticated: true, Name: { Length: > 0 } name } ? name : null;

    public bool CanOperate => Role >= ApiRole.Operate;

    public bool CanAdmin => Role >= ApiRole.Admin;

    private ApiRole Role => _user is null ? ApiRole.Read : access.RoleOf(_user);

    /// <summary>Once for each page, before it is drawn.</summary>
    public async Task LoadAsync() => _user = (await users.GetAuthenticationStateAsync()).User;

    /// <summary>An action on every message that matches, or for a dry run only their number. Waits for its end a moment; it goes on after that.</summary>
    public async Task<Answer<QueueActionResultContract>> QueueAsync(QueueActionContract request, CancellationToken cancel)
    {
        Require(ApiRole.Operate);
        var answer = await desk.ActAsync(request, key: null, Patience, cancel);
        if (!request.DryRun && answer.Value is { } done) Did(request.Action, request.Ids is { Count: > 0 } ids ? string.Join(',', ids.Take(20)) : "all that match", done.Messages);
        return answer;
    }

    /// <summary>Forgets the limits of an upstream and the rests of our addresses there; null when nothing of that name is known.</summary>
    public ResetResultContract? Reset(string upstream)
    {
        Require(ApiRole.Operate);
        var done = relay.Shaping()?.Reset(upstream);
        if (done is not null) Did("reset", upstream, done.Limits + done.Rests);
        return done;
    }

    /// <summary>Asks the blocklists about one address of ours.</summary>
    public async Task<AddressStanding?> LookAsync(System.Net.IPAddress address, CancellationToken cancel)
    {
        Require(ApiRole.Operate);
        return relay.Detail() is { } detail ? await detail.Standings.LookAsync(address, cancel) : null;
    }

    /// <summary>Examines a destination; null when others are under way. Throws <see cref="FormatException"/> for what is no target.</summary>
    public Task<CheckResult?> CheckAsync(CheckDesk desk, string target, Action<CheckEvent> told, CancellationToken cancel)
    {
        Require(ApiRole.Operate);
        return desk.RunAsync(target, told, cancel);
    }

    private void Require(ApiRole role)
    {
        if (Role < role) throw new UnauthorizedAccessException($"that needs the role {role.ToString().ToLowerInvariant()}; yours is {Role.ToString().ToLowerInvariant()}");
    }

    private void Did(string action, string what, long count) => access.Did(_user!, action, what, count);
}

/// <summary>Who may do what on the pages, and who hears of it.</summary>
/// <param name="RoleOf">Of whoever looks. Without a login everybody who reaches the page is its administrator, as with the API.</param>
/// <param name="Did">User, action, on what, how many.</param>
internal sealed record DashboardAccess(Func<ClaimsPrincipal, ApiRole> RoleOf, Action<ClaimsPrincipal, string, string, long> Did)
{
    public static readonly DashboardAccess Open = new(static _ => ApiRole.Admin, static (_, _, _, _) => { });
}
