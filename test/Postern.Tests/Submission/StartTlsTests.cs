using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postern.Core.Configuration;
using Postern.Lab.Peers;
using Postern.Protocols.Tls;

namespace Postern.Tests.Submission;

public sealed class StartTlsTests : IDisposable
{
    private const string Plain = "AUTH PLAIN AGFwcABwdw==";
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-starttls").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task After_STARTTLS_all_that_was_learnt_is_forgotten()
    {
        await using var fixture = await StartAsync(withoutTls: true);
        using var client = await fixture.ConnectAsync();
        await client.SayAsync("EHLO client.test");
        Assert.Equal("235 2.7.0 Authentication successful", await client.SayAsync(Plain));
        Assert.Equal("220 2.0.0 Ready to start TLS", await client.SayAsync("STARTTLS"));
        await client.TlsAsync();
        Assert.Equal("503 5.5.1 Send EHLO or HELO first", await client.SayAsync("MAIL FROM:<a@example.org>"));
        Assert.Equal("503 5.5.1 Send EHLO or HELO first", await client.SayAsync(Plain));
        await client.SayAsync("EHLO client.test");
        Assert.Equal("530 5.7.0 Authentication required: use AUTH first, with a user of this relay", await client.SayAsync("MAIL FROM:<a@example.org>"));
        Assert.Equal("503 5.5.1 TLS is active already", await client.SayAsync("STARTTLS"));
        Assert.Equal("235 2.7.0 Authentication successful", await client.SayAsync(Plain));
        Assert.StartsWith("250 2.0.0 Ok: queued as ", await client.SendAsync("\r\n"), StringComparison.Ordinal);
        Assert.Contains(" with ESMTPSA id ", Encoding.Latin1.GetString(fixture.Store.Committed.Single().Content), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plaintext_behind_STARTTLS_is_refused_and_nothing_of_it_is_done()
    {
        await using var fixture = await StartAsync(withoutTls: true);
        using var client = await fixture.ConnectAsync();
        await client.SayAsync("EHLO client.test");
        Assert.Equal("554 5.5.0 Nothing may follow STARTTLS before the TLS handshake; closing", await client.SayAsync("STARTTLS\r\nEHLO evil.test"));
        Assert.Null(await client.HearAsync());
        using var late = await fixture.ConnectAsync();
        await late.SayAsync("EHLO client.test");
        Assert.Equal("220 2.0.0 Ready to start TLS", await late.SayAsync("STARTTLS"));
        await late.Stream.WriteAsync("EHLO evil.test\r\n"u8.ToArray());
        // What the handshake makes of it is TLS's own affair; no reply of SMTP may come.
        Assert.DoesNotContain("250", await late.HearAsync() ?? "", StringComparison.Ordinal);
        await fixture.UntilAsync(() => fixture.Listeners.Connections == 0);
    }

    [Fact]
    public async Task Secrets_wait_for_TLS()
    {
        await using var fixture = await StartAsync(withoutTls: false);
        using var client = await fixture.ConnectAsync();
        await client.SayAsync("EHLO client.test");
        Assert.Equal("538 5.7.11 Encryption required: send STARTTLS before AUTH", await client.SayAsync(Plain));
        Assert.Equal("530 5.7.0 Authentication required: use STARTTLS first, then AUTH with a user of this relay", await client.SayAsync("MAIL FROM:<a@example.org>"));
        await client.SayAsync("STARTTLS");
        await client.TlsAsync();
        await client.SayAsync("EHLO client.test");
        Assert.Equal("235 2.7.0 Authentication successful", await client.SayAsync(Plain));
    }

    [Fact]
    public async Task The_end_of_a_session_is_said_within_TLS_too()
    {
        await using var fixture = await StartAsync(withoutTls: false);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(fixture.Listeners.EndPoints[0]);
        var recording = new RecordingStream(new NetworkStream(socket));
        using var client = new LineClient(recording);
        await client.HearAsync();
        await client.SayAsync("EHLO client.test");
        await client.SayAsync("STARTTLS");
        recording.Heard.SetLength(0);
        await client.TlsAsync();
        Assert.StartsWith("221 ", await client.SayAsync("QUIT"), StringComparison.Ordinal);
        Assert.Null(await client.HearAsync());
        byte[] heard = recording.Heard.ToArray();
        int last = 0;
        for (int at = 0; at < heard.Length; at += 5 + BinaryPrimitives.ReadUInt16BigEndian(heard.AsSpan(at + 3))) last = at;
        // The reply has 37 bytes; an alert has two, and what encryption adds.
        Assert.InRange(BinaryPrimitives.ReadUInt16BigEndian(heard.AsSpan(last + 3)), 2, 34);
    }

    [Theory]
    [InlineData(false, false, false, false, "SMTP")]
    [InlineData(false, true, false, false, "SMTP")]
    [InlineData(true, false, false, false, "ESMTP")]
    [InlineData(true, true, false, false, "ESMTPS")]
    [InlineData(true, false, true, false, "ESMTPA")]
    [InlineData(true, true, true, false, "ESMTPSA")]
    [InlineData(true, false, false, true, "UTF8SMTP")]
    [InlineData(true, true, false, true, "UTF8SMTPS")]
    [InlineData(true, false, true, true, "UTF8SMTPA")]
    [InlineData(true, true, true, true, "UTF8SMTPSA")]
    public async Task The_one_Received_line_names_the_protocol(bool extended, bool tls, bool user, bool utf8, string protocol)
    {
        var fixture = new HandlerFixture();
        fixture.Session.IsExtended = extended;
        fixture.Session.Tls = tls ? new TlsObservation("TLSv1.3", "TLS_AES_128_GCM_SHA256") : null;
        fixture.Session.User = user ? "app" : null;
        await fixture.Handler.MailAsync(fixture.Session, new(new("a@example.org"), SmtpUtf8: utf8), default);
        await fixture.RcptAsync("b@example.net");
        var body = (await fixture.Handler.BeginBodyAsync(fixture.Session, default)).Body!;
        await body.WriteAsync("Subject: x\r\n\r\n"u8.ToArray(), default);
        await body.CompleteAsync(default);
        var (id, _, content) = Assert.Single(fixture.Store.Committed);
        Assert.Equal("Received: from client.test ([127.0.0.1])\r\n\tby relay.example.net (Postern) with " + protocol + " id " + id + "\r\n\tfor <b@example.net>"
            + (tls ? "\r\n\ttls TLS_AES_128_GCM_SHA256 (TLSv1.3)" : "") + ";\r\n\tFri, 02 Jan 2026 03:04:05 +0000\r\nSubject: x\r\n\r\n", Encoding.Latin1.GetString(content));
    }

    /// <summary>Keeps a copy of what is read.</summary>
    private sealed class RecordingStream(Stream inner) : DialogueStream
    {
        public MemoryStream Heard { get; } = new();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel = default)
        {
            int count = await inner.ReadAsync(buffer, cancel);
            Heard.Write(buffer.Span[..count]);
            return count;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancel = default) => inner.WriteAsync(buffer, cancel);
    }

    private Task<ListenerFixture> StartAsync(bool withoutTls)
    {
        var certificate = LabCertificates.Issue(["relay.example.net"]);
        var tls = new TlsConfig { Certificate = Path.Combine(_folder, "cert.pem"), Key = Path.Combine(_folder, "key.pem") };
        File.WriteAllText(tls.Certificate, certificate.ExportCertificatePem());
        File.WriteAllText(tls.Key, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        return ListenerFixture.StartAsync(ListenerFixture.Config(new ListenerConfig { Address = "127.0.0.1:0", Tls = ListenerTls.Starttls, AuthWithoutTls = withoutTls }) with
        {
            Tls = tls,
            Access = new AccessConfig { Networks = [] },
            User = [new UserConfig { Name = "app", Password = new Secret("pw", "") }],
        });
    }
}
