using Microsoft.AspNetCore.Components.Authorization;
using Postern.Access;
using Postern.Api;
using Postern.Core.Diagnoses;
using Postern.Diagnosis.Checks;

namespace Postern.Dashboard;

/// <summary>
/// Everything that a page does to the relay goes through here, in the name of whoever looks at it: what a role does not allow is refused, whatever the page showed.
/// One for each open page.
/// </summary>
internal sealed class DashboardActions(RelayView relay, QueueDesk desk, AuthenticationStateProvider users, HttpAccess access)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private Caller? _caller;

    /// <summary>Who looks; null for nobody in particular (no login is configured).</summary>
    public string? Name => _caller is { Way: not "local" } caller ? caller.Name : null;

    /// <summary>Somebody signed in here, and can sign out; who comes by a proxy signs out there.</summary>
    public bool CanSignOut => _caller is { Way: "token" or "oidc" };

    public bool CanOperate => Can(ApiRole.Operate);

    public bool CanAdmin => Can(ApiRole.Admin);

    /// <summary>Once for each page, before it is drawn.</summary>
    public async Task LoadAsync() => _caller = Caller.Of((await users.GetAuthenticationStateAsync()).User);

    /// <summary>An action on every message that matches, or for a dry run only their number. Waits for its end a moment; it goes on after that.</summary>
    public async Task<Answer<QueueActionResultContract>> QueueAsync(QueueActionContract request, CancellationToken cancel)
    {
        Require(ApiRole.Operate);
        var answer = await desk.ActAsync(request, key: null, Patience, cancel);
        if (answer.Value is { } done && QueueText.Note(request, done) is { IsNothing: false } note) Did(note.Did, note.On, note.Count, note.Outcome!);
        return answer;
    }

    /// <summary>Forgets the limits of an upstream and the rests of our addresses there; null when nothing of that name is known.</summary>
    public ResetResultContract? Reset(string upstream)
    {
        Require(ApiRole.Operate);
        var done = relay.Shaping()?.Reset(upstream);
        if (done is not null) Did("upstreams.reset", upstream, null, "done");
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
        Did("check", target, null, "begun");
        return desk.RunAsync(target, told, cancel);
    }

    /// <summary>As the configuration has it now: a page may be open for days.</summary>
    private bool Can(ApiRole needed) => _caller is { } caller && access.RoleNow(caller) is { } role && Caller.Allows(role, needed);

    private void Require(ApiRole needed)
    {
        if (Can(needed)) return;
        access.Audit.Refused(_caller, _caller?.From, "an action on a page", $"needs the role {Caller.Word(needed)}");
        throw new UnauthorizedAccessException($"that needs the role {Caller.Word(needed)}, which {_caller?.Name ?? "nobody"} does not have");
    }

    private void Did(string did, string? on, long? count, string outcome) => access.Audit.Action(_caller!, did, on, count, outcome, _caller!.From);
}
