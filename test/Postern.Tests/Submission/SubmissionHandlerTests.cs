using System.Text;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;

namespace Postern.Tests.Submission;

public sealed class SubmissionHandlerTests
{
    [Fact]
    public async Task A_message_is_kept_with_one_Received_line_and_not_a_byte_changed()
    {
        var fixture = new HandlerFixture();
        Assert.Equal("250 2.1.0 Ok", await fixture.MailAsync());
        Assert.Equal("250 2.1.5 Ok", await fixture.RcptAsync("b@Example.NET"));
        const string body = "Subject: x\r\n\r\n.\r\n\xe9 no final newline";
        string reply = await fixture.SendAsync(body, to: "b@Example.NET");
        var (id, envelope, content) = Assert.Single(fixture.Store.Committed);
        Assert.Equal($"250 2.0.0 Ok: queued as {id}", reply);
        Assert.Equal(
            "Received: from client.test ([127.0.0.1])\r\n\tby relay.example.net (Postern) with ESMTP id " + id +
            "\r\n\tfor <b@Example.NET>;\r\n\tFri, 02 Jan 2026 03:04:05 +0000\r\n" + body, Encoding.Latin1.GetString(content));
        Assert.Equal("a@example.org", envelope.From.Address);
        Assert.Equal("mx:example.net", Assert.Single(envelope.Recipients).Destination);
        Assert.True(envelope.HasEightBit);
        Assert.Equal(fixture.Time.GetUtcNow(), envelope.AcceptedAt);
        Assert.Equal(fixture.Time.GetUtcNow() + TimeSpan.FromDays(5), envelope.ExpiresAt);
        Assert.Equal(new MessageOrigin { ClientAddress = "127.0.0.1", ClientHello = "client.test", Listener = "127.0.0.1:2525", Protocol = "ESMTP" }, envelope.Origin);
    }

    [Fact]
    public async Task Recipients_keep_their_order_and_parameters_and_duplicates_are_kept_once()
    {
        var fixture = new HandlerFixture();
        await fixture.Handler.MailAsync(fixture.Session, new MailCommand(MailPath.Null, BodyType.EightBitMime, SmtpUtf8: true, Return: DsnReturn.Headers, EnvId: "e", MtPriority: 3), default);
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < 40; i++)
            {
                var reply = await fixture.Handler.RcptAsync(fixture.Session, new RcptCommand(new MailPath($"u{i}@example.org"), DsnNotify.Delay, "rfc822;x"), default);
                Assert.Equal(250, reply.Code);
            }
        }
        var body = (await fixture.Handler.BeginBodyAsync(fixture.Session, default)).Body!;
        await body.CompleteAsync(default);
        var envelope = fixture.Store.Committed.Single().Envelope;
        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"u{i}@example.org"), envelope.Recipients.Select(r => r.Address.Address));
        Assert.Equal(new QueuedRecipient(new MailPath("u0@example.org"), "mx:example.org", DsnNotify.Delay, "rfc822;x"), envelope.Recipients[0]);
        Assert.Equal((true, DsnReturn.Headers, "e", 3, BodyType.EightBitMime, "UTF8SMTP", false), (envelope.SmtpUtf8, envelope.Return, envelope.EnvId, envelope.Priority, envelope.Body, envelope.Origin.Protocol, envelope.HasEightBit));
        Assert.DoesNotContain("for <", Encoding.Latin1.GetString(fixture.Store.Committed.Single().Content), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_origin_follows_the_session()
    {
        var fixture = new HandlerFixture();
        await fixture.SendAsync("\r\n");
        fixture.Session.Tls = new TlsObservation("TLSv1.3", "TLS_AES_128_GCM_SHA256");
        fixture.Session.User = "app";
        await fixture.SendAsync("\r\n");
        Assert.Equal(["ESMTP", "ESMTPSA"], fixture.Store.Committed.Select(c => c.Envelope.Origin.Protocol));
        Assert.Equal([null, "app"], fixture.Store.Committed.Select(c => c.Envelope.Origin.User));
        Assert.Contains("\r\n\ttls TLS_AES_128_GCM_SHA256 (TLSv1.3);\r\n", Encoding.Latin1.GetString(fixture.Store.Committed.Last().Content), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whatever_a_client_calls_itself_cannot_end_the_Received_line()
    {
        var fixture = new HandlerFixture();
        fixture.Session.Hello = "my ü (printer); \"x\" <y>";
        Assert.StartsWith("250 ", await fixture.SendAsync("\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("Received: from my????printer????x???y? ([127.0.0.1])\r\n\tby relay.example.net (Postern) with ESMTP id ", Encoding.Latin1.GetString(fixture.Store.Committed.Single().Content), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_of_no_network_may_not_relay()
    {
        Assert.Equal("550 5.7.1 Relaying denied: your address 192.0.2.9 is not in a network that may send here (access.networks)", await new HandlerFixture(client: "192.0.2.9").MailAsync());
        var users = HandlerFixture.Defaults with { User = [new UserConfig { Name = "app", Password = new Secret("x", "") }] };
        Assert.Equal("550 5.7.1 Relaying denied: your address 192.0.2.9 is not in a network that may send here (access.networks), and AUTH is not offered on this port", await new HandlerFixture(users, "192.0.2.9").MailAsync());
        var fixture = new HandlerFixture(users, "192.0.2.9", new ListenerConfig { Tls = ListenerTls.Starttls });
        Assert.Equal("530 5.7.0 Authentication required: use STARTTLS first, then AUTH with a user of this relay", await fixture.MailAsync());
        fixture.Session.Tls = new TlsObservation("TLSv1.3", "x");
        Assert.Equal("530 5.7.0 Authentication required: use AUTH first, with a user of this relay", await fixture.MailAsync());
        fixture.Session.User = "app";
        Assert.Equal("250 2.1.0 Ok", await fixture.MailAsync());
    }

    [Fact]
    public async Task Sender_rules_of_the_user_replace_the_general_ones()
    {
        var config = HandlerFixture.Defaults with
        {
            Access = new AccessConfig { Senders = ["@example.org"] },
            User = [new UserConfig { Name = "app", Password = new Secret("x", ""), Senders = ["app@example.com", "<>"] }, new UserConfig { Name = "any", Password = new Secret("x", "") }],
        };
        var fixture = new HandlerFixture(config);
        Assert.Equal("250 2.1.0 Ok", await fixture.MailAsync("x@Example.org"));
        Assert.Equal("550 5.7.1 Sender <x@example.net> is not one of those that this relay is configured to send for (access.senders)", await fixture.MailAsync("x@example.net"));
        fixture.Session.User = "app";
        Assert.Equal("250 2.1.0 Ok", await fixture.MailAsync("app@example.com"));
        Assert.Equal("250 2.1.0 Ok", await fixture.MailAsync(""));
        Assert.Equal("550 5.7.1 Sender <x@example.org> is not one of those that user app may send as (user.senders)", await fixture.MailAsync("x@example.org"));
        fixture.Session.User = "any";
        Assert.StartsWith("550 5.7.1 ", await fixture.MailAsync(""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_have_their_own_replies()
    {
        var fixture = new HandlerFixture(HandlerFixture.Defaults with { Limits = new LimitsConfig { MaxMessageBytes = 1000, MaxRecipients = 2, MaxReceived = 3, MaxHeaders = 10, MaxHeaderBytes = 500 } });
        Assert.Equal("552 5.3.4 Message size exceeds fixed maximum of 1000 bytes", await fixture.MailAsync(size: 1001));
        Assert.Equal("552 5.3.4 Message size exceeds fixed maximum of 1000 bytes", await fixture.SendAsync("\r\n" + new string('x', 999)));
        Assert.StartsWith("250 ", await fixture.SendAsync("\r\n" + new string('x', 998)), StringComparison.Ordinal);
        Assert.Equal("554 5.4.6 Too many hops: more than 3 Received fields; this message is looping", await fixture.SendAsync(string.Concat(Enumerable.Repeat("Received: x\r\n", 4))));
        Assert.Equal("554 5.6.0 Message has more than 10 header fields", await fixture.SendAsync(string.Concat(Enumerable.Repeat("A: x\r\n", 11))));
        Assert.Equal("552 5.3.4 Message header exceeds fixed maximum of 500 bytes", await fixture.SendAsync("A: " + new string('x', 600)));
        await fixture.MailAsync();
        await fixture.RcptAsync("a@example.org");
        await fixture.RcptAsync("b@example.org");
        Assert.Equal("452 4.5.3 Too many recipients: at most 2 for one message; send the others in another transaction", await fixture.RcptAsync("c@example.org"));
        Assert.Equal("250 2.1.5 Ok", await fixture.RcptAsync("b@example.org"));
        Assert.Equal("550 5.7.1 Mail for this recipient is refused by a route of this relay", await new HandlerFixtureWithMail().RcptAsync("x@refused.example"));
        Assert.Single(fixture.Store.Committed);
        Assert.Equal(4, fixture.Store.Dropped);
    }

    [Fact]
    public async Task A_full_or_broken_store_is_said_and_nothing_is_kept()
    {
        var fixture = new HandlerFixture();
        fixture.Store.FailWrite = new StoreException("journal: disk error");
        Assert.Equal("451 4.3.0 Message not kept: this relay's storage failed; try again later", await fixture.SendAsync("Subject: x\r\n\r\n", 4));
        fixture.Store.FailWrite = null;
        fixture.Store.FailCommit = new StoreException("sync failed");
        Assert.Equal("451 4.3.0 Message not kept: this relay's storage failed; try again later", await fixture.SendAsync("\r\n"));
        fixture.Store.FailCommit = null;
        fixture.Store.IsFull = true;
        Assert.Equal("452 4.3.1 Insufficient storage: this relay's queue is full; try again later", await fixture.SendAsync("\r\n"));
        fixture.Room.Look();
        Assert.Equal("452 4.3.1 Insufficient storage: this relay's queue is full; try again later", await fixture.MailAsync());
        fixture.Store.IsFull = false;
        fixture.Room.Look();
        Assert.StartsWith("250 ", await fixture.SendAsync("\r\n"), StringComparison.Ordinal);
        Assert.Equal(2, fixture.Store.Dropped);
    }

    [Fact]
    public async Task An_abandoned_body_leaves_nothing()
    {
        var fixture = new HandlerFixture();
        await fixture.MailAsync();
        await fixture.RcptAsync("b@example.net");
        var body = (await fixture.Handler.BeginBodyAsync(fixture.Session, default)).Body!;
        await body.WriteAsync("Subject: x\r\n"u8.ToArray(), default);
        await body.AbandonAsync();
        Assert.Empty(fixture.Store.Committed);
        Assert.Equal(1, fixture.Store.Dropped);
        Assert.Equal("554 5.5.1 No valid recipients", (await fixture.Handler.BeginBodyAsync(fixture.Session, default)).Refusal!.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\n")]
    [InlineData("no header at all")]
    [InlineData("Subject: x\r\n")]
    [InlineData("Subject: x\r\n\r\n\0\x80\xff\r\n..\r\n")]
    public async Task Every_body_passes_untouched_however_it_is_cut(string body)
    {
        for (int piece = 1; piece <= Math.Max(1, body.Length); piece++)
        {
            var fixture = new HandlerFixture();
            Assert.StartsWith("250 ", await fixture.SendAsync(body, piece), StringComparison.Ordinal);
            Assert.Equal(body, fixture.LastBody);
            Assert.InRange(fixture.Store.LastWrites, 1, 1 + (body.Length + piece - 1) / piece);
        }
    }

    [Theory]
    [InlineData("Subject: x\r\n\r\nbody", "Subject: x\r\n+M+D\r\nbody")]
    [InlineData("Subject: x\r\nDate: y\r\n\r\nbody", "Subject: x\r\nDate: y\r\n+M\r\nbody")]
    [InlineData("Message-ID: x\r\n\r\nbody", "Message-ID: x\r\n+D\r\nbody")]
    [InlineData("message-id: x\r\ndate: y\r\n\r\nbody", "message-id: x\r\ndate: y\r\n\r\nbody")]
    [InlineData("", "+M+D")]
    [InlineData("\r\nbody", "+M+D\r\nbody")]
    [InlineData("just text\r\nDate: no", "+M+Djust text\r\nDate: no")]
    [InlineData("Subject: x\r\nno-field-line\r\nmore", "Subject: x\r\n+M+Dno-field-line\r\nmore")]
    [InlineData("Subject: x\r\n", "Subject: x\r\n+M+D")]
    [InlineData("Subject: x", "Subject: x")]
    [InlineData("Subj", "Subj")]
    public async Task Missing_headers_are_added_behind_the_last_field_when_configured(string body, string expected)
    {
        for (int piece = 1; piece <= Math.Max(1, body.Length); piece++)
        {
            var fixture = new HandlerFixture(listener: new ListenerConfig { AddMissingHeaders = true });
            Assert.StartsWith("250 ", await fixture.SendAsync(body, piece), StringComparison.Ordinal);
            string id = fixture.Store.Committed.Single().Id.ToString();
            Assert.Equal(expected.Replace("+M", $"Message-ID: <{id}@relay.example.net>\r\n", StringComparison.Ordinal).Replace("+D", "Date: Fri, 02 Jan 2026 03:04:05 +0000\r\n", StringComparison.Ordinal), fixture.LastBody);
        }
    }

    private sealed class HandlerFixtureWithMail
    {
        private readonly HandlerFixture _fixture = new();

        public async Task<string> RcptAsync(string to)
        {
            await _fixture.MailAsync();
            return await _fixture.RcptAsync(to);
        }
    }
}
