using System.Security.Cryptography.X509Certificates;
using Postern.Core.Configuration;
using Postern.Core.Submission;
using Postern.Lab.Peers;

namespace Postern.Tests.Submission;

public sealed class ServerCertificateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-tls").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private TlsConfig Tls => new() { Certificate = Path.Combine(_folder, "cert.pem"), Key = Path.Combine(_folder, "key.pem") };

    [Fact]
    public async Task A_changed_certificate_is_taken_into_use_and_a_bad_one_is_not()
    {
        Write(LabCertificates.Issue(["one.test"]));
        var config = ListenerFixture.Config(new ListenerConfig { Address = "127.0.0.1:0", Tls = ListenerTls.Implicit }) with { Tls = Tls };
        await using var fixture = await ListenerFixture.StartAsync(config);
        Assert.Equal("CN=one.test", await SubjectAsync(fixture));
        Write(LabCertificates.Issue(["two.test"]));
        await fixture.UntilAsync(() => SubjectAsync(fixture).GetAwaiter().GetResult() == "CN=two.test", TimeSpan.FromSeconds(1));
        File.WriteAllText(Tls.Key, "no key");
        fixture.Time.Advance(ServerCertificate.Interval * 2);
        Assert.Equal("CN=two.test", await SubjectAsync(fixture));
        File.Delete(Tls.Certificate);
        fixture.Time.Advance(ServerCertificate.Interval * 2);
        Assert.Equal("CN=two.test", await SubjectAsync(fixture));
        Write(LabCertificates.Issue(["three.test"]));
        await fixture.UntilAsync(() => SubjectAsync(fixture).GetAwaiter().GetResult() == "CN=three.test", TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_session_over_TLS_has_its_cipher_in_the_Received_line_and_the_chain_is_sent()
    {
        Write(LabCertificates.Issue(["one.test"]), LabCertificates.Authority);
        var config = ListenerFixture.Config(new ListenerConfig { Address = "127.0.0.1:0", Tls = ListenerTls.Implicit }) with { Tls = Tls };
        await using var fixture = await ListenerFixture.StartAsync(config);
        using var client = await fixture.ConnectAsync(greeting: null);
        await client.TlsAsync();
        Assert.StartsWith("220 ", await client.HearAsync(), StringComparison.Ordinal);
        Assert.StartsWith("250 ", await client.SendAsync("\r\n"), StringComparison.Ordinal);
        string text = System.Text.Encoding.Latin1.GetString(fixture.Store.Committed.Single().Content);
        Assert.Contains(" with ESMTPS id ", text, StringComparison.Ordinal);
        Assert.Matches(@"\r\n\ttls TLS_[A-Z0-9_]+ \(TLSv1\.[23]\);\r\n", text);
    }

    [Fact]
    public async Task A_client_that_speaks_no_TLS_to_implicit_TLS_is_closed()
    {
        Write(LabCertificates.Issue(["one.test"]));
        var config = ListenerFixture.Config(new ListenerConfig { Address = "127.0.0.1:0", Tls = ListenerTls.Implicit }) with { Tls = Tls };
        await using var fixture = await ListenerFixture.StartAsync(config);
        using var client = await fixture.ConnectAsync(greeting: null);
        await client.Stream.WriteAsync("EHLO client.test\r\n"u8.ToArray());
        await fixture.UntilAsync(() => fixture.Listeners.Connections == 0);
    }

    [Fact]
    public async Task Unusable_files_are_said_in_one_line()
    {
        var config = ListenerFixture.Config(new ListenerConfig { Address = "127.0.0.1:0", Tls = ListenerTls.Starttls }) with { Tls = Tls };
        var absent = await Assert.ThrowsAsync<ListenException>(() => ListenerFixture.StartAsync(config));
        Assert.StartsWith($"tls.certificate {Tls.Certificate} cannot be read: ", absent.Message, StringComparison.Ordinal);
        Assert.EndsWith("correct tls.certificate or put the file there", absent.Message, StringComparison.Ordinal);
        Write(LabCertificates.Issue(["one.test"]));
        File.WriteAllText(Tls.Key, LabCertificates.Issue(["other.test"]).GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var mismatch = await Assert.ThrowsAsync<ListenException>(() => ListenerFixture.StartAsync(config));
        Assert.DoesNotContain('\n', mismatch.Message);
        Assert.StartsWith($"tls.certificate {Tls.Certificate} with tls.key {Tls.Key} cannot be used: ", mismatch.Message, StringComparison.Ordinal);
    }

    private void Write(X509Certificate2 certificate, X509Certificate2? authority = null)
    {
        File.WriteAllText(Tls.Key, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Tls.Certificate, certificate.ExportCertificatePem() + "\n" + authority?.ExportCertificatePem());
    }

    private static async Task<string> SubjectAsync(ListenerFixture fixture)
    {
        using var client = await fixture.ConnectAsync(greeting: null);
        string subject = "";
        await client.TlsAsync(tls => subject = tls.RemoteCertificate!.Subject);
        return subject;
    }
}
