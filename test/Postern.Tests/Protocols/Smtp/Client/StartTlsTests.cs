using Postern.Lab.Peers;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;
using static Postern.Tests.Protocols.Smtp.Client.ClientRig;

namespace Postern.Tests.Protocols.Smtp.Client;

public sealed class StartTlsTests
{
    private const string Start = "C: STARTTLS\nS: 220 go\n";
    private const string PlainAgain = "S: 220 mx.test\nC: EHLO relay.test\nS: 250-mx.test\\r\\n250 STARTTLS\n";

    private static readonly System.Security.Cryptography.X509Certificates.X509Certificate2 MxTest = LabCertificates.Issue(["mx.test"]);

    [Fact]
    public Task EHLO_is_said_again_inside_TLS_and_only_what_is_offered_there_counts() => ForEachDeliveryAsync(
        Offering("STARTTLS", "SIZE 5", "PIPELINING") + Start + "starttls\n" + Ehlo("8BITMIME"), async rig =>
    {
        var session = await rig.OpenAsync();
        Assert.Equal(new EhloExtensions { EightBitMime = true, AuthMechanisms = session.Extensions.AuthMechanisms }, session.Extensions);
        Assert.True(session.Tls is { Verified: true, Problem: null, Protocol: "TLSv1.2" or "TLSv1.3" });
        Assert.Equal(Hello + "STARTTLS\r\n" + Hello, await rig.HeardAsync());
    }, Required, MxTest);

    [Theory]
    [InlineData("454 4.7.0 not now")]
    [InlineData("502 5.5.1 no")]
    public Task A_refused_STARTTLS_leaves_an_opportunistic_session_in_clear(string refusal) => ForEachDeliveryAsync(Offering("STARTTLS", "SIZE") + $"C: STARTTLS\nS: {refusal}\n", async rig =>
    {
        var session = await rig.OpenAsync();
        Assert.Null(session.Tls);
        Assert.True(session.Extensions.HasSize);
        Assert.Equal(Hello + "STARTTLS\r\n", await rig.HeardAsync());
    }, Opportunistic);

    [Theory]
    [InlineData("454 4.7.0 not now")]
    [InlineData("502 5.5.1 no")]
    public Task A_refused_STARTTLS_ends_a_session_that_requires_it(string refusal) => ForEachDeliveryAsync(Offering("STARTTLS") + $"C: STARTTLS\nS: {refusal}\n", async rig =>
    {
        var failure = await rig.FailToOpenAsync();
        Assert.Equal((ClientStage.StartTls, FailureKind.TlsUnavailable, refusal), (failure.Stage, failure.Kind, failure.Detail));
        Assert.Equal(1, rig.Peer.Connections);
    }, Required);

    [Fact]
    public Task A_peer_without_STARTTLS_is_not_used_where_it_is_required() => ForEachDeliveryAsync(Offering("SIZE"), async rig =>
    {
        var failure = await rig.FailToOpenAsync();
        Assert.Equal((ClientStage.StartTls, FailureKind.TlsUnavailable, Speaker.Us), (failure.Stage, failure.Kind, failure.Speaker));
        Assert.Equal(Hello, await rig.HeardAsync());
    }, Required);

    [Theory]
    [InlineData("S: this is no handshake\n")]
    [InlineData("cut\n")]
    [InlineData("reset\n")]
    public async Task A_broken_handshake_is_followed_by_a_plain_session_only_where_TLS_is_opportunistic(string broken)
    {
        string first = Offering("STARTTLS") + "C: STARTTLS\nS: 220 go\npause 20ms\n" + broken;
        await ForEachDeliveryAsync([first, PlainAgain], async rig =>
        {
            Assert.Null((await rig.OpenAsync()).Tls);
            Assert.Equal(Hello, await rig.HeardAsync(2));
        }, Opportunistic);
        await ForEachDeliveryAsync([first, PlainAgain], async rig =>
        {
            var failure = await rig.FailToOpenAsync();
            Assert.Equal(ClientStage.TlsHandshake, failure.Stage);
            Assert.Equal(1, rig.Peer.Connections);
        }, Required);
    }

    [Theory]
    [InlineData(TlsMode.Opportunistic)]
    [InlineData(TlsMode.Required)]
    public async Task Plaintext_injected_after_the_reply_to_STARTTLS_is_refused(TlsMode mode)
    {
        await using var rig = new ClientRig(Required with { Tls = mode }, [Offering("STARTTLS") + "C: STARTTLS\nS: 220 go\\r\\n250 injected\nhold\n", PlainAgain]);
        var failure = await rig.FailToOpenAsync();
        Assert.Equal((ClientStage.StartTls, FailureKind.TlsFailed, Speaker.Peer), (failure.Stage, failure.Kind, failure.Speaker));
        Assert.Contains("plaintext followed the reply to STARTTLS", failure.Detail, StringComparison.Ordinal);
        Assert.Equal(1, rig.Peer.Connections);
    }

    [Fact]
    public Task Implicit_TLS_begins_with_the_handshake() => ForEachDeliveryAsync("starttls\n" + Offering("STARTTLS"), async rig =>
    {
        var session = await rig.OpenAsync();
        Assert.NotNull(session.Tls);
        Assert.Equal(Hello, await rig.HeardAsync());
    }, Required with { Tls = TlsMode.Implicit }, MxTest);

    [Theory]
    [InlineData("name", "name mismatch: it is for other.test, not for mx.test")]
    [InlineData("expired", "expired 2020-02-01")]
    [InlineData("future", "not valid before 2099-01-01")]
    [InlineData("selfsigned", "self-signed")]
    [InlineData("untrusted", "no chain to a trusted authority")]
    public async Task A_certificate_that_is_not_good_is_named_and_only_observed_where_TLS_is_opportunistic(string fault, string words)
    {
        DateTimeOffset At(int year, int month = 1) => new(year, month, 1, 0, 0, 0, TimeSpan.Zero);
        var certificate = fault switch
        {
            "name" => LabCertificates.Issue(["other.test"]),
            "expired" => LabCertificates.Issue(["mx.test"], At(2020), At(2020, 2)),
            "future" => LabCertificates.Issue(["mx.test"], At(2099), At(2099, 2)),
            "selfsigned" => LabCertificates.Issue(["mx.test"], selfSigned: true),
            _ => MxTest,
        };
        string script = Offering("STARTTLS") + Start + "starttls\n" + Ehlo();
        var authorities = fault == "untrusted" ? null : Required.ExtraAuthorities;
        await using var strict = new ClientRig(Required with { ExtraAuthorities = authorities }, [script], certificate: certificate);
        var failure = await strict.FailToOpenAsync();
        Assert.Equal((ClientStage.TlsHandshake, FailureKind.TlsFailed, Speaker.Us), (failure.Stage, failure.Kind, failure.Speaker));
        Assert.StartsWith("the certificate was not accepted: " + words, failure.Detail, StringComparison.Ordinal);
        Assert.Equal(failure.Detail, "the certificate was not accepted: " + strict.Recorder.Tls!.Problem);
        Assert.Equal(1, strict.Peer.Connections);

        foreach (var lenient in (ClientSettings[])[Opportunistic with { ExtraAuthorities = authorities }, Required with { ExtraAuthorities = authorities, TlsVerify = false }])
        {
            await using var rig = new ClientRig(lenient, [script], certificate: certificate);
            var tls = (await rig.OpenAsync()).Tls!;
            Assert.False(tls.Verified);
            Assert.StartsWith(words, tls.Problem, StringComparison.Ordinal);
        }
    }
}
