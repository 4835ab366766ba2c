using System.Net;
using System.Text.Json;
using Postern.Access;

namespace Postern.Tests.Access;

public sealed class AuditTests
{
    private static JsonElement Data(JsonElement told) => told.GetProperty("data");

    [Fact]
    public async Task An_action_is_told_with_who_what_on_how_many_and_how_it_ended()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        await rig.SendAsync(HttpMethod.Post, "/api/v1/queue/actions", AccessRig.Operator, new { action = "hold", sender = "*@example.net" });
        var told = Assert.Single(await rig.Events.UntilAsync("audit.action"));
        Assert.Equal("act", told.GetProperty("subject").GetString());
        Assert.Equal("""{"who":"act","role":"operate","way":"token","from":"127.0.0.1","did":"queue.hold","on":"sender=*@example.net","count":0,"outcome":"done"}""", Data(told).GetRawText());
        Assert.Contains("audit: action who=act role=operate way=token from=127.0.0.1 did=queue.hold on=\"sender=*@example.net\" count=0 outcome=done", rig.Logged(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_action_that_is_refused_or_not_understood_is_told_too()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        await rig.SendAsync(HttpMethod.Post, "/api/v1/queue/actions", AccessRig.Operator, new { action = "explode", all = true });
        var done = Data(Assert.Single(await rig.Events.UntilAsync("audit.action")));
        Assert.Equal(("POST /api/v1/queue/actions", "refused with 400"), (done.GetProperty("did").GetString(), done.GetProperty("outcome").GetString()));
        await rig.ActAsync(AccessRig.Reader);
        var refused = Data(Assert.Single(await rig.Events.UntilAsync("audit.refused")));
        Assert.Equal(("look", "needs the role operate"), (refused.GetProperty("who").GetString(), refused.GetProperty("outcome").GetString()));
    }

    [Fact]
    public async Task Looking_is_not_told_but_reading_a_message_and_checking_are()
    {
        await using var rig = await AccessRig.StartAsync();
        await rig.GetAsync("/api/v1/status");
        await rig.GetAsync("/api/v1/queue");
        await rig.GetAsync("/metrics");
        await rig.GetAsync("/api/v1/check?target=example.org");
        var told = Data(Assert.Single(await rig.Events.UntilAsync("audit.action")));
        Assert.Equal(("local", "check", "example.org", "refused with 400"), (told.GetProperty("who").GetString(), told.GetProperty("did").GetString(), told.GetProperty("on").GetString(), told.GetProperty("outcome").GetString()));
    }

    [Fact]
    public async Task No_token_is_ever_told_or_logged()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        const string Guess = "secret-guess-0123456789";
        await rig.ActAsync(AccessRig.Operator);
        await rig.ActAsync(AccessRig.Reader);
        await rig.ActAsync(Guess);
        await rig.SignInAsync(Guess);
        await rig.SignInAsync(AccessRig.Admin);
        await rig.Events.UntilAsync("audit.signed-in");
        string everything = rig.Logged() + string.Concat((await rig.Events.AllAsync()).Select(e => e.GetRawText()));
        foreach (string token in new[] { AccessRig.Operator, AccessRig.Reader, AccessRig.Admin, Guess }) Assert.DoesNotContain(token, everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Strangers_cannot_fill_the_log_with_refusals()
    {
        await using var rig = await AccessRig.StartAsync(AccessRig.Tokens);
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var audit = new AuditLog(() => rig.Events.Log, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, clock);
        for (int i = 0; i < 1000; i++) audit.Refused(null, "198.51.100.7", "GET /", "the token is not known");
        clock.Advance(TimeSpan.FromSeconds(1));
        audit.Refused(null, "198.51.100.7", "GET /", "the token is not known");
        var told = await rig.Events.UntilAsync("audit.refused", 61);
        Assert.Equal(61, told.Count);
        Assert.Equal(940, Data(told[^1]).GetProperty("untold").GetInt64());
    }
}
