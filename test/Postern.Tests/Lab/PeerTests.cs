using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postern.Lab.Peers;

namespace Postern.Tests.Lab;

public sealed class PeerTests
{
    [Theory]
    [InlineData(SendMode.Whole)]
    [InlineData(SendMode.ByLine)]
    [InlineData(SendMode.ByByte)]
    public async Task Scripted_peer_plays_its_script_and_records_what_it_received(SendMode mode)
    {
        await using var peer = new ScriptedPeer("""
            S: 220 lab.test
            C: EHLO *
            S: 250-lab.test\x20café
            S: 250 PIPELINING
            C: DATA
            S: 354 go
            body
            S: 250 taken
            """, mode);
        using var client = await ConnectAsync(peer.EndPoint);
        await SayAsync(client, "EHLO me\r\nDATA\r\nhello\r\n.\r\n");
        Assert.Equal("220 lab.test\r\n250-lab.test café\r\n250 PIPELINING\r\n354 go\r\n250 taken\r\n", await HearAllAsync(client));
        var session = await peer.SessionAsync();
        Assert.Null(session.Problem);
        Assert.Equal("EHLO me\r\nDATA\r\nhello\r\n.\r\n", session.ReceivedText);
    }

    [Fact]
    public async Task Scripted_peer_says_what_it_expected_and_closes()
    {
        await using var peer = new ScriptedPeer("C: EHLO *\nS: 250 ok");
        using var client = await ConnectAsync(peer.EndPoint);
        await SayAsync(client, "HELO me\r\n");
        Assert.Equal("", await HearAllAsync(client));
        Assert.Equal("expected \"EHLO *\", got \"HELO me\"", (await peer.SessionAsync()).Problem);
    }

    [Fact]
    public async Task Scripted_peer_resets_and_plays_the_next_script_on_the_next_connection()
    {
        await using var peer = new ScriptedPeer([Script.Parse("S~ 2\nreset"), Script.Parse("S: 220 second")]);
        // The reset may come before the connecting side has looked.
        var reset = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var first = await ConnectAsync(peer.EndPoint);
            await HearAllAsync(first);
        });
        Assert.True(reset is IOException or System.Net.Sockets.SocketException, reset.ToString());
        using var second = await ConnectAsync(peer.EndPoint);
        Assert.Equal("220 second\r\n", await HearAllAsync(second));
    }

    [Fact]
    public async Task Sink_records_envelope_and_exact_body()
    {
        await using var sink = new RecordingSink();
        using var client = await ConnectAsync(sink.EndPoint);
        await SayAsync(client, "EHLO me\r\nMAIL FROM:<a@example.org> BODY=8BITMIME\r\nRCPT TO:<\"x>y\"@example.net> NOTIFY=NEVER\r\nDATA\r\n..\r\n.a\r\n\r\n\xe9\n.\n\r\n.\r\nQUIT\r\n");
        await HearAllAsync(client);
        var message = Assert.Single(await sink.WaitAsync(1));
        Assert.Equal("a@example.org", message.From);
        Assert.Equal("BODY=8BITMIME", message.MailParameters);
        Assert.Equal("\"x>y\"@example.net", Assert.Single(message.Recipients));
        Assert.Equal("NOTIFY=NEVER", Assert.Single(message.RecipientParameters));
        Assert.Equal(".\r\na\r\n\r\n\xe9\n.\n\r\n", message.Text);
        Assert.Equal(2, message.BareNewlines);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(message.Body.Span)), message.Sha256);
    }

    [Fact]
    public async Task Sink_takes_chunks_and_applies_rules_per_recipient_connection_and_count()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Rcpt, "550 5.1.1 unknown", "b@example.net");
        sink.Refuse(SinkStage.EndOfData, "451 4.3.0 later", times: 1);
        sink.Refuse(SinkStage.Connect, "421 4.3.2 busy", connection: 2);
        using (var client = await ConnectAsync(sink.EndPoint))
        {
            const string transaction = "MAIL FROM:<>\r\nRCPT TO:<a@example.net>\r\nRCPT TO:<b@example.net>\r\nBDAT 3\r\nab\nBDAT 1 LAST\r\nc";
            await SayAsync(client, "EHLO me\r\n" + transaction + transaction + "QUIT\r\n");
            string heard = await HearAllAsync(client);
            Assert.Contains("250 2.1.5 recipient ok\r\n550 5.1.1 unknown\r\n250 2.0.0 chunk ok\r\n451 4.3.0 later\r\n250 2.1.0", heard, StringComparison.Ordinal);
            Assert.EndsWith("taken as 1.1\r\n221 2.0.0 bye\r\n", heard, StringComparison.Ordinal);
        }
        using (var client = await ConnectAsync(sink.EndPoint)) Assert.Equal("421 4.3.2 busy\r\n", await HearAllAsync(client));
        Assert.Equal("ab\nc", Assert.Single(sink.Messages).Text);
        Assert.Equal(2, sink.Connections);
    }

    [Fact]
    public async Task Last_reply_reaches_a_client_that_sent_more_than_was_read()
    {
        await using var sink = new RecordingSink();
        sink.Refuse(SinkStage.Mail, "421 4.3.2 closing");
        await using var peer = new ScriptedPeer("S: 220 hi\nC: EHLO *\nS: 421 4.3.2 closing");
        foreach (var endPoint in (IPEndPoint[])[sink.EndPoint, peer.EndPoint])
        {
            using var client = await ConnectAsync(endPoint);
            await SayAsync(client, "EHLO me\r\nMAIL FROM:<>\r\n" + string.Concat(Enumerable.Repeat("RCPT TO:<a@example.net>\r\n", 20_000)));
            Assert.EndsWith("421 4.3.2 closing\r\n", await HearAllAsync(client), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("AUTH PLAIN AGFwcABzZWNyZXQ=", "235 2.7.0 welcome")]
    [InlineData("AUTH PLAIN|AGFwcABzZWNyZXQ=", "334 |235 2.7.0 welcome")]
    [InlineData("AUTH LOGIN|YXBw|c2VjcmV0", "334 VXNlcm5hbWU6|334 UGFzc3dvcmQ6|235 2.7.0 welcome")]
    [InlineData("AUTH PLAIN AGFwcAB3cm9uZw==", "535 5.7.8 wrong name or password")]
    [InlineData("AUTH CRAM-MD5|YXBwIDAw", "334 *|535 5.7.8 wrong name or password")]
    public async Task Sink_speaks_tls_with_a_certificate_of_the_lab_and_authenticates(string said, string heard)
    {
        await using var sink = new RecordingSink(new SinkSettings { Certificate = LabCertificates.Issue(["mx.test"]), Users = new Dictionary<string, string> { ["app"] = "secret" } });
        using var client = await ConnectAsync(sink.EndPoint);
        var plain = client.GetStream();
        Assert.StartsWith("220", await LineAsync(plain), StringComparison.Ordinal);
        await plain.WriteAsync("STARTTLS\r\n"u8.ToArray());
        Assert.Equal("220 2.0.0 go ahead", await LineAsync(plain));
        await using var tls = new SslStream(plain);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(LabCertificates.Authority);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "mx.test", CertificateChainPolicy = policy });
        string[] replies = heard.Split('|');
        string[] lines = said.Split('|');
        for (int i = 0; i < lines.Length; i++)
        {
            await tls.WriteAsync(Encoding.ASCII.GetBytes(lines[i] + "\r\n"));
            string reply = await LineAsync(tls);
            if (replies[i].EndsWith('*')) Assert.StartsWith(replies[i][..^1], reply, StringComparison.Ordinal);
            else Assert.Equal(replies[i], reply);
        }
    }

    [Fact]
    public async Task Scripted_peer_begins_tls_where_the_script_says()
    {
        await using var peer = new ScriptedPeer("S: 220 hi\nC: STARTTLS\nS: 220 go\nstarttls\nC: EHLO *\nS: 250 ok");
        using var client = await ConnectAsync(peer.EndPoint);
        await client.GetStream().WriteAsync("STARTTLS\r\n"u8.ToArray());
        await LineAsync(client.GetStream());
        await LineAsync(client.GetStream());
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost");
        await tls.WriteAsync("EHLO x\r\n"u8.ToArray());
        Assert.Equal("250 ok", await LineAsync(tls));
        tls.Close();
        Assert.Null((await peer.SessionAsync()).Problem);
    }

    [Fact]
    public async Task Sink_goes_down_and_comes_back_on_the_same_port()
    {
        await using var sink = new RecordingSink();
        using var client = await ConnectAsync(sink.EndPoint);
        await sink.GoDownAsync();
        await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(sink.EndPoint));
        sink.GoUp();
        using var again = await ConnectAsync(sink.EndPoint);
        await SayAsync(again, "QUIT\r\n");
        Assert.Equal("220 sink.test ESMTP lab sink\r\n221 2.0.0 bye\r\n", await HearAllAsync(again));
    }

    private static async Task<TcpClient> ConnectAsync(IPEndPoint endPoint)
    {
        var client = new TcpClient(endPoint.AddressFamily);
        await client.ConnectAsync(endPoint);
        return client;
    }

    private static async Task<string> LineAsync(Stream stream)
    {
        var line = new List<byte>();
        byte[] one = new byte[1];
        while (await stream.ReadAsync(one).AsTask().WaitAsync(TimeSpan.FromSeconds(10)) == 1 && one[0] != '\n') line.Add(one[0]);
        return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
    }

    private static async Task SayAsync(TcpClient client, string text) => await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text));

    private static async Task<string> HearAllAsync(TcpClient client)
    {
        using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
        return await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(10));
    }
}
