using Postern.Lab.Peers;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;
using static Postern.Tests.Protocols.Smtp.Client.ClientRig;

namespace Postern.Tests.Protocols.Smtp.Client;

/// <summary>AUTH towards an upstream. "dGltAHRhbnN0YWFmdGFuc3RhYWY=" and the CRAM-MD5 pair are the examples of RFC 4616 and RFC 2195.</summary>
public sealed class AuthTests
{
    private const string Challenge = "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+";
    private const string Answer = "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw";

    private static readonly System.Security.Cryptography.X509Certificates.X509Certificate2 MxTest = LabCertificates.Issue(["mx.test"]);
    private static readonly ClientSettings Clear = Plain with { User = "tim", Password = "tanstaaftanstaaf", AuthWithoutTls = true };
    private static readonly ClientSettings Encrypted = Required with { Tls = TlsMode.Implicit, User = "tim", Password = "tanstaaftanstaaf" };

    [Theory]
    [InlineData("AUTH PLAIN", "C: AUTH *\nS: 235 ok\n", "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n")]
    [InlineData("AUTH LOGIN", "C: AUTH *\nS: 334 VXNlcm5hbWU6\nC: *\nS: 334 UGFzc3dvcmQ6\nC: *\nS: 235 ok\n", "AUTH LOGIN\r\ndGlt\r\ndGFuc3RhYWZ0YW5zdGFhZg==\r\n")]
    [InlineData("AUTH CRAM-MD5", "C: AUTH *\nS: 334 " + Challenge + "\nC: *\nS: 235 ok\n", "AUTH CRAM-MD5\r\n" + Answer + "\r\n")]
    public async Task Each_mechanism_is_spoken_to_the_byte_inside_TLS_and_in_clear_where_that_is_allowed(string offer, string exchange, string said)
    {
        await ForEachDeliveryAsync("starttls\n" + Offering(offer) + exchange, async rig =>
        {
            await rig.OpenAsync();
            Assert.Equal(Hello + said, await rig.HeardAsync());
            // What was said is kept as evidence; the secret is not.
            Assert.DoesNotContain(rig.Recorder.Dialogue(), l => l.Text.Contains("dGFuc3", StringComparison.Ordinal) || l.Text.Contains("AHRpb", StringComparison.Ordinal) || l.Text.Contains(Answer, StringComparison.Ordinal));
        }, Encrypted, MxTest);
        await ForEachDeliveryAsync(Offering(offer) + exchange, async rig =>
        {
            await rig.OpenAsync();
            Assert.Equal(Hello + said, await rig.HeardAsync());
        }, Clear);
    }

    [Theory]
    [InlineData("AUTH LOGIN PLAIN CRAM-MD5", true, "AUTH PLAIN ")]
    [InlineData("AUTH CRAM-MD5 LOGIN", true, "AUTH LOGIN")]
    [InlineData("AUTH PLAIN LOGIN CRAM-MD5", false, "AUTH CRAM-MD5")]
    public async Task The_simplest_mechanism_is_used_inside_TLS_and_the_one_that_hides_the_password_in_clear(string offer, bool encrypted, string said)
    {
        await using var rig = new ClientRig(encrypted ? Encrypted : Clear, [(encrypted ? "starttls\n" : "") + Offering(offer) + "C: AUTH *\nS: 535 5.7.8 no\n"], certificate: MxTest);
        await rig.FailToOpenAsync();
        Assert.StartsWith(Hello + said, await rig.HeardAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PLAIN LOGIN")]
    [InlineData("PLAIN LOGIN CRAM-MD5")]
    [InlineData("CRAM-MD5")]
    public Task Nothing_is_said_of_the_credentials_in_clear_unless_that_is_allowed(string mechanisms) => ForEachDeliveryAsync(Offering("AUTH " + mechanisms), async rig =>
    {
        var failure = await rig.FailToOpenAsync();
        Assert.Equal((ClientStage.Auth, FailureKind.AuthUnavailable, Speaker.Us), (failure.Stage, failure.Kind, failure.Speaker));
        Assert.Contains("without_tls", failure.Detail, StringComparison.Ordinal);
        Assert.Equal(Hello, await rig.HeardAsync());
    }, Opportunistic with { User = "tim", Password = "secret" });

    [Theory]
    [InlineData("SIZE", "the upstream offers no AUTH here")]
    [InlineData("AUTH GSSAPI XOAUTH2", "the upstream offers only GSSAPI XOAUTH2, and PLAIN, LOGIN and CRAM-MD5 are what we speak")]
    public Task An_upstream_with_no_mechanism_of_ours_is_said_to_have_none(string offer, string words) => ForEachDeliveryAsync(Offering(offer), async rig =>
    {
        var failure = await rig.FailToOpenAsync();
        Assert.Equal((ClientStage.Auth, FailureKind.AuthUnavailable, words), (failure.Stage, failure.Kind, failure.Detail));
    }, Clear);

    [Theory]
    [InlineData("AUTH PLAIN", "C: AUTH *\nS: 535 5.7.8 wrong\n", "535 5.7.8 wrong")]
    [InlineData("AUTH PLAIN", "C: AUTH *\nS: 454 4.7.0 later\n", "454 4.7.0 later")]
    [InlineData("AUTH LOGIN", "C: AUTH *\nS: 504 5.5.4 no\n", "504 5.5.4 no")]
    [InlineData("AUTH LOGIN", "C: AUTH *\nS: 334 VXNlcm5hbWU6\nC: dGlt\nS: 535 5.7.8 wrong\n", "535 5.7.8 wrong")]
    [InlineData("AUTH CRAM-MD5", "C: AUTH *\nS: 334 !!\nC: [*]\nS: 501 5.0.0 cancelled\n", "501 5.0.0 cancelled")]
    public Task A_refusal_is_the_upstreams_own_words(string offer, string exchange, string words) => ForEachDeliveryAsync(Offering(offer) + exchange.Replace("[*]", "*", StringComparison.Ordinal), async rig =>
    {
        var failure = await rig.FailToOpenAsync();
        Assert.Equal((ClientStage.Auth, FailureKind.Refused, Speaker.Peer, words), (failure.Stage, failure.Kind, failure.Speaker, failure.Detail));
        Assert.Equal(1, rig.Peer.Connections);
    }, Clear);
}
