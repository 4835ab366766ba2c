using System.Text;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using MimeKit;
using Postern.Core.Bounces;
using Postern.Core.Queue;
using Postern.Lab.Messages;
using Postern.Protocols.Mail;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Bounces;

public sealed class BounceComposerTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly MessageId Id = new(7_000_000_000_000_000_000);
    private const string Original = "Received: from x\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\nBob";
    private int _token;

    [Fact]
    public async Task Failure_report_is_this_text_byte_for_byte()
    {
        var bob = Recipient("bob@example.net", orcpt: "rfc822;Robert@example.net") with
        {
            Failure = Refused(ClientStage.Rcpt, SmtpReply.Of(550, "5.1.1", "<bob@example.net>: no such user", "see https://example.net/help")),
            RemoteHost = "mx1.example.net",
            RemoteAddress = "192.0.2.1",
            LastAttempt = Now,
        };
        var eve = Recipient("eve@example.com") with
        {
            Failure = new StageFailure(ClientStage.Connect, Speaker.Network, FailureKind.TimedOut, "no answer from 192.0.2.9 port 25 within 30 s"),
            RemoteHost = "mx.example.com",
            RemoteAddress = "192.0.2.9",
            LastAttempt = Now,
            Reason = DsnReason.Expired,
        };
        var made = await ComposeAsync(DsnKind.Failure, Envelope() with { EnvId = "env 1" }, Original, bob, eve);
        Assert.Equal("""
            From: "Mail relay relay.example.org" <MAILER-DAEMON@relay.example.org>
            To: <alice@example.org>
            Subject: Not delivered: bob@example.net and 1 other
            Date: Sun, 1 Mar 2026 12:00:00 +0000
            Message-ID: <token2@relay.example.org>
            In-Reply-To: <1@example.org>
            References: <1@example.org>
            Auto-Submitted: auto-replied
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status;
             boundary="=_token1"
            Content-Transfer-Encoding: 8bit

            This is a delivery report in MIME format.

            --=_token1
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 8bit

            This is an automatic message from the mail relay relay.example.org.

            Your message could not be delivered to the 2 recipients below. It will not
            be tried again.

              To: bob@example.net
                The server mx1.example.net [192.0.2.1] said:
                  550 5.1.1 <bob@example.net>: no such user
                  550 5.1.1 see https://example.net/help
                That means: There is no such mailbox at that domain.
                What you can do: Check the address for a typing mistake; if it is right,
                the mailbox may have been closed.

              To: eve@example.com
                Postern last concluded, about the server mx.example.com [192.0.2.9]:
                  no answer from 192.0.2.9 port 25 within 30 s
                That means: The server could not be reached.
                It was tried until the message reached the end of the time it may wait.
                What you can do: Send it again later; the recipient's mail service may
                be out of order.

            The message:
                Subject: Grüße
                Message-ID: <1@example.org>
                Taken: Sun, 1 Mar 2026 08:00:00 +0000, queue id 6297yx69vr000

            The next part of this report is for mail programs. After it comes your
            message.

            --=_token1
            Content-Type: message/delivery-status
            Content-Transfer-Encoding: 7bit

            Reporting-MTA: dns;relay.example.org
            Original-Envelope-Id: env 1
            Arrival-Date: Sun, 1 Mar 2026 08:00:00 +0000

            Original-Recipient: rfc822;Robert@example.net
            Final-Recipient: rfc822;bob@example.net
            Action: failed
            Status: 5.1.1
            Remote-MTA: dns;mx1.example.net
            Diagnostic-Code: smtp; 550 5.1.1 <bob@example.net>: no such user see
             https://example.net/help
            Last-Attempt-Date: Sun, 1 Mar 2026 12:00:00 +0000

            Final-Recipient: rfc822;eve@example.com
            Action: failed
            Status: 4.4.1
            Remote-MTA: dns;mx.example.com
            Diagnostic-Code: X-Postern; no answer from 192.0.2.9 port 25 within 30 s
            Last-Attempt-Date: Sun, 1 Mar 2026 12:00:00 +0000

            --=_token1
            Content-Type: message/rfc822
            Content-Transfer-Encoding: 7bit


            """.ReplaceLineEndings("\r\n") + Original + "\r\n--=_token1--\r\n", Encoding.UTF8.GetString(made.Content.Span));
        Assert.True(made.Envelope.From.IsNull);
        var to = Assert.Single(made.Envelope.Recipients);
        Assert.Equal(("alice@example.org", "mx:example.org", DsnNotify.Never), (to.Address.Address, to.Destination, to.Notify));
        Assert.Equal((Now, Now.AddDays(2), "bounce"), (made.Envelope.AcceptedAt, made.Envelope.ExpiresAt, made.Envelope.Origin.Listener));
        Assert.Equal((BodyType.EightBitMime, true, false), (made.Envelope.Body, made.Envelope.HasEightBit, made.Envelope.SmtpUtf8));
    }

    [Fact]
    public async Task Report_is_read_back_by_a_mime_parser()
    {
        var made = await ComposeAsync(DsnKind.Delay, Envelope(), Original, Recipient("bob@example.net") with
        {
            Failure = Refused(ClientStage.EndOfData, new SmtpReply(451, null, "try later")),
            RetryUntil = Now.AddDays(1),
        });
        var report = Assert.IsType<MultipartReport>(Parse(made).Body);
        Assert.Equal("delivery-status", report.ReportType);
        var status = Assert.IsType<MessageDeliveryStatus>(report[1]);
        Assert.Equal("dns;relay.example.org", status.StatusGroups[0]["Reporting-MTA"]);
        Assert.Equal("delayed", status.StatusGroups[1]["Action"]);
        Assert.Equal("4.3.0", status.StatusGroups[1]["Status"]);
        Assert.Equal("smtp; 451 try later", status.StatusGroups[1]["Diagnostic-Code"]);
        Assert.Equal("Mon, 2 Mar 2026 12:00:00 +0000", status.StatusGroups[1]["Will-Retry-Until"]);
        Assert.Equal("text/rfc822-headers", report[2].ContentType.MimeType);
        Assert.Contains("tried again by itself", ((TextPart)report[0]).Text.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DsnKind.Failure, DsnNotify.Unspecified, true)]
    [InlineData(DsnKind.Failure, DsnNotify.Never, false)]
    [InlineData(DsnKind.Failure, DsnNotify.Failure, true)]
    [InlineData(DsnKind.Failure, DsnNotify.Delay, false)]
    [InlineData(DsnKind.Failure, DsnNotify.Success, false)]
    [InlineData(DsnKind.Failure, DsnNotify.Success | DsnNotify.Failure, true)]
    [InlineData(DsnKind.Delay, DsnNotify.Unspecified, true)]
    [InlineData(DsnKind.Delay, DsnNotify.Never, false)]
    [InlineData(DsnKind.Delay, DsnNotify.Failure, false)]
    [InlineData(DsnKind.Delay, DsnNotify.Delay | DsnNotify.Failure, true)]
    [InlineData(DsnKind.Success, DsnNotify.Unspecified, false)]
    [InlineData(DsnKind.Success, DsnNotify.Never, false)]
    [InlineData(DsnKind.Success, DsnNotify.Failure | DsnNotify.Delay, false)]
    [InlineData(DsnKind.Success, DsnNotify.Success, true)]
    public async Task Notify_decides_who_hears(DsnKind kind, DsnNotify notify, bool heard)
    {
        var result = await TryComposeAsync(kind, Envelope(), new MemoryContent(Original), Recipient("bob@example.net", notify));
        Assert.Equal(heard, result.Message is not null);
        Assert.Equal(heard ? DsnSuppression.None : DsnSuppression.NotAskedFor, result.Suppressed);
    }

    [Fact]
    public async Task Only_recipients_who_asked_stand_in_the_report()
    {
        var made = await ComposeAsync(DsnKind.Failure, Envelope(), Original, Recipient("a@example.net", DsnNotify.Never), Recipient("b@example.net"));
        Assert.DoesNotContain("a@example.net", Text(made), StringComparison.Ordinal);
        Assert.Contains("Final-Recipient: rfc822;b@example.net\r\n", Text(made), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bounce_is_never_bounced_and_an_unroutable_sender_gets_nothing()
    {
        var bounce = Envelope() with { From = MailPath.Null };
        Assert.Equal(DsnSuppression.NullSender, (await TryComposeAsync(DsnKind.Failure, bounce, new MemoryContent(Original), Recipient("bob@example.net"))).Suppressed);
        var composer = Composer();
        var result = await composer.ComposeAsync(DsnKind.Failure, Envelope(), Id, [Recipient("b@example.net")], new MemoryContent(Original), (_, _) => null, default);
        Assert.Equal(DsnSuppression.NoRoute, result.Suppressed);
    }

    [Fact]
    public async Task Success_is_relayed_never_delivered()
    {
        var made = await ComposeAsync(DsnKind.Success, Envelope(), Original, Recipient("bob@example.net", DsnNotify.Success) with { Reply = new SmtpReply(250, null, "taken"), RemoteHost = "mx.example.net" });
        Assert.Contains("Action: relayed\r\nStatus: 2.1.5\r\nRemote-MTA: dns;mx.example.net\r\nDiagnostic-Code: smtp; 250 taken\r\n", Text(made), StringComparison.Ordinal);
        Assert.Contains("Content-Type: text/rfc822-headers\r\n", Text(made), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Message_that_the_operator_returned_says_so_beside_the_last_words()
    {
        var made = await ComposeAsync(DsnKind.Failure, Envelope(), Original,
            Recipient("a@example.net") with { Reason = DsnReason.ReturnedByOperator, Failure = Refused(ClientStage.Rcpt, SmtpReply.Of(450, "4.2.1", "busy")), RemoteHost = "mx.example.net" },
            Recipient("b@example.net") with { Reason = DsnReason.ReturnedByOperator });
        Assert.Contains("The server mx.example.net last said:\r\n      450 4.2.1 busy\r\n    That means: The mailbox takes no mail at present.\r\n    After that the operator of the relay returned the message.\r\n", Text(made), StringComparison.Ordinal);
        Assert.Contains("Postern concluded:\r\n      the operator of the relay returned the message\r\n", Text(made), StringComparison.Ordinal);
        Assert.Contains("Final-Recipient: rfc822;b@example.net\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: X-Postern; the operator of the relay returned the message\r\n", Text(made), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DsnReturn.Unspecified, true)]
    [InlineData(DsnReturn.Full, true)]
    [InlineData(DsnReturn.Headers, false)]
    public async Task Ret_decides_what_is_returned(DsnReturn ret, bool whole)
    {
        var made = await ComposeAsync(DsnKind.Failure, Envelope() with { Return = ret }, Original, Recipient("bob@example.net"));
        Assert.Equal(whole, Text(made).Contains("Hello\r\nBob", StringComparison.Ordinal));
        Assert.Contains("Received: from x\r\n", Text(made), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Giant_original_is_not_read_and_only_its_headers_return()
    {
        var giant = new MemoryContent(Encoding.Latin1.GetBytes(Original), zeros: 50 << 20);
        var result = await TryComposeAsync(DsnKind.Failure, Envelope(), giant, Recipient("bob@example.net"));
        Assert.InRange(giant.BytesRead, 1, 64 << 10);
        Assert.InRange(result.Message!.Content.Length, 1000, 4000);
        Assert.Contains("too large to be returned whole", Text(result.Message).ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Giant_header_section_is_cut_at_a_line()
    {
        string headers = string.Concat(Enumerable.Range(0, 5000).Select(i => $"X-Filler-{i}: {new string('y', 60)}\r\n"));
        var made = await ComposeAsync(DsnKind.Failure, Envelope(), "Subject: big\r\n" + headers + "\r\nbody", Recipient("bob@example.net"));
        Assert.InRange(made.Content.Length, 60_000, 68_000);
        Assert.EndsWith(new string('y', 60) + "\r\n\r\n--=_token1--\r\n", Text(made), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eight_bit_body_returns_untouched_as_8bit()
    {
        const string original = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=latin1\r\nContent-Transfer-Encoding: 8bit\r\n\r\ncaf\xe9\r\n";
        var made = await ComposeAsync(DsnKind.Failure, Envelope(), original, Recipient("bob@example.net"));
        Assert.True(made.Envelope.HasEightBit);
        var returned = Assert.IsType<MessagePart>(((MultipartReport)Parse(made).Body!)[2]);
        Assert.Equal("8bit", returned.Headers[HeaderId.ContentTransferEncoding]);
        Assert.True(made.Content.Span.IndexOf(Encoding.Latin1.GetBytes(original)) > 0);
    }

    [Theory]
    [InlineData("Subject: caf\xe9\r\n\r\nx\r\n")]                  // 8-bit header that is no UTF-8
    [InlineData("Subject: x\r\n\r\na\0b\r\n")]                       // NUL
    [InlineData("Subject: x\r\n\r\na\nb\r\n")]                       // bare LF
    [InlineData("Subject: x\r\n\r\na\rb\r\n")]                       // bare CR
    [InlineData("Subject: x\r\n\r\n{long}\r\n")]
    [InlineData("X-Long: {long}\r\nSubject: x\r\n\r\nbody\r\n")]
    public async Task Original_that_mail_does_not_allow_returns_as_legal_headers(string original)
    {
        original = original.Replace("{long}", new string('z', 2000), StringComparison.Ordinal);
        var made = await ComposeAsync(DsnKind.Failure, Envelope(), original, Recipient("bob@example.net"));
        AssertLegal(made);
        Assert.Contains("cannot be returned as it is", Text(made).ReplaceLineEndings(" "), StringComparison.Ordinal);
        string headers = original[..(original.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 2)];
        // The parser shows encoded headers as a text part and plain ones as a header list.
        if (((MultipartReport)Parse(made).Body!)[2] is not TextPart encoded)
        {
            Assert.Contains($"Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{headers}", Text(made), StringComparison.Ordinal);
            return;
        }
        Assert.Equal("text/rfc822-headers", encoded.ContentType.MimeType);
        using var decoded = new MemoryStream();
        encoded.Content!.DecodeTo(decoded);
        Assert.Equal(headers, Encoding.Latin1.GetString(decoded.ToArray()));
    }

    [Theory]
    [InlineData("bob@example.net\r\nBcc: evil@example.com")]
    [InlineData("bob@example.net\n\n--=_token1\nContent-Type: text/html")]
    [InlineData("bob@example.net\u2028X: y\u0085Z: w")]
    public async Task Control_characters_from_outside_begin_no_line(string hostile)
    {
        var recipient = Recipient(hostile, orcpt: "rfc822;" + hostile) with
        {
            Failure = new StageFailure(ClientStage.Connect, Speaker.Network, FailureKind.TimedOut, hostile),
            RemoteHost = hostile,
            RemoteAddress = hostile,
        };
        var made = await ComposeAsync(DsnKind.Failure, Envelope() with { EnvId = hostile, From = new MailPath("alice@example.org") }, $"Subject: {hostile}\r\n\r\nx", recipient);
        var message = Parse(made);
        Assert.Null(message.Headers["Bcc"]);
        Assert.Equal(3, ((MultipartReport)message.Body!).Count);
        string machine = Text(made)[Text(made).IndexOf("message/delivery-status", StringComparison.Ordinal)..];
        machine = machine[..machine.IndexOf("\r\n--=_token1", StringComparison.Ordinal)];
        Assert.DoesNotContain("\r\nBcc", machine, StringComparison.Ordinal);
        Assert.DoesNotContain("\nX: y", machine, StringComparison.Ordinal);
        AssertLegal(made);
    }

    [Fact]
    public async Task Endless_words_are_broken_so_that_no_line_exceeds_998_bytes()
    {
        string endless = new('é', 5000);
        var made = await ComposeAsync(DsnKind.Failure, Envelope(), Original, Recipient("bob@example.net") with
        {
            Failure = Refused(ClientStage.Rcpt, new SmtpReply(550, null, endless)),
        });
        AssertLegal(made);
    }

    [Fact]
    public async Task Internationalised_sender_gets_an_internationalised_report()
    {
        var envelope = Envelope() with { From = new MailPath("élise@example.org"), SmtpUtf8 = true };
        var made = await ComposeAsync(DsnKind.Failure, envelope, Encoding.Latin1.GetString(Encoding.UTF8.GetBytes("Subject: é\r\n\r\nx\r\n")), Recipient("用户@example.net", orcpt: "utf-8;用户@example.net") with
        {
            Failure = Refused(ClientStage.Rcpt, SmtpReply.Of(550, "5.1.1", "не найден")),
        });
        Assert.True(made.Envelope.SmtpUtf8);
        string text = Text(made);
        Assert.Contains("To: <élise@example.org>\r\n", text, StringComparison.Ordinal);
        Assert.Contains("Subject: Not delivered: 用户@example.net\r\n", text, StringComparison.Ordinal);
        Assert.Contains("Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n", text, StringComparison.Ordinal);
        Assert.Contains("Original-Recipient: utf-8;用户@example.net\r\nFinal-Recipient: utf-8;用户@example.net\r\n", text, StringComparison.Ordinal);
        Assert.Contains("Diagnostic-Code: smtp; 550 5.1.1 не найден\r\n", text, StringComparison.Ordinal);
        Assert.Contains("Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: é\r\n\r\nx\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ascii_sender_gets_an_ascii_report_about_an_internationalised_recipient()
    {
        var made = await ComposeAsync(DsnKind.Failure, Envelope(), Original, Recipient("ü+1@example.net", orcpt: "utf-8;ü+1@example.net") with
        {
            Failure = Refused(ClientStage.Rcpt, new SmtpReply(553, null, "ü?")),
        });
        Assert.False(made.Envelope.SmtpUtf8);
        string text = Text(made);
        Assert.Contains("Original-Recipient: utf-8;\\x{FC}\\x{2B}1@example.net\r\nFinal-Recipient: utf-8;\\x{FC}\\x{2B}1@example.net\r\n", text, StringComparison.Ordinal);
        Assert.Contains("Status: 5.1.3\r\n", text, StringComparison.Ordinal);
        Assert.Contains("Diagnostic-Code: smtp; 553 \\x{FC}?\r\n", text, StringComparison.Ordinal);
        Assert.Equal("Not delivered: ü+1@example.net", Parse(made).Subject);
        Assert.True(Ascii.IsValid(made.Content.Span[..made.Content.Span.IndexOf("\r\n\r\n"u8)]));
    }

    [Fact]
    public async Task Sender_whose_domain_alone_is_international_gets_an_ascii_report()
    {
        var made = await ComposeAsync(DsnKind.Failure, Envelope() with { From = new MailPath("alice@bücher.example") }, Original, Recipient("bob@example.net"));
        Assert.Equal("alice@xn--bcher-kva.example", made.Envelope.Recipients[0].Address.Address);
        Assert.False(made.Envelope.SmtpUtf8);
        Assert.Contains("To: <alice@xn--bcher-kva.example>\r\n", Text(made), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Boundary_is_drawn_anew_when_the_original_holds_it()
    {
        var made = await ComposeAsync(DsnKind.Failure, Envelope(), "Subject: x\r\n\r\n--=_token1\r\n", Recipient("bob@example.net"));
        Assert.Contains("boundary=\"=_token2\"", Text(made), StringComparison.Ordinal);
        Assert.Equal(3, ((MultipartReport)Parse(made).Body!).Count);
    }

    [Fact]
    public void Report_of_any_original_is_legal_and_can_be_made_7_bit()
    {
        var pieces = Gen.OneOf(
            One("\r\n", "\r\n\r\n", "--b\r\n", "--b--\r\n", "MIME-Version: 1.0\r\n", "Content-Type: multipart/mixed; boundary=b\r\n", "Content-Type: message/rfc822\r\n", "Content-Transfer-Encoding: base64\r\n"),
            One("Subject: x\r\n", "\xe9", "\xc3\xa9", "caf\xe9 or so\r\n", "plain\r\n", "\r", "\n", "\0", "DKIM-Signature: x\r\n", new string('w', 700)));
        pieces.List[0, 12].Sample(list =>
        {
            var result = TryComposeAsync(DsnKind.Failure, Envelope(), new MemoryContent(string.Concat(list)), Recipient("bob@example.net")).AsTask().GetAwaiter().GetResult();
            AssertLegal(result.Message!);
            using var converted = EightBitConversion.ConvertAsync(new MemoryContent(result.Message!.Content), EightBitOptions.ForReports(Path.GetTempPath()), default).AsTask().GetAwaiter().GetResult();
            Assert.Null(converted.Refusal);
            Assert.Equal(3, ((MultipartReport)Parse(result.Message).Body!).Count);
        }, iter: 3_000, threads: 1);
    }

    private static Gen<T> One<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    internal static StageFailure Refused(ClientStage stage, SmtpReply reply) => new(stage, Speaker.Peer, FailureKind.Refused, reply.ToString(), reply);

    private static DsnRecipient Recipient(string address, DsnNotify notify = DsnNotify.Unspecified, string? orcpt = null) =>
        new(new QueuedRecipient(new MailPath(address), "mx:example.net", notify, orcpt));

    private static QueuedEnvelope Envelope() => new()
    {
        From = new MailPath("alice@example.org"),
        Recipients = [],
        Origin = new MessageOrigin { Listener = "127.0.0.1:2525" },
        AcceptedAt = Now.AddHours(-4),
        ExpiresAt = Now.AddDays(1),
    };

    private BounceComposer Composer() =>
        new(new BounceSettings("relay.example.org", TimeSpan.FromDays(2)), new FakeTimeProvider(Now), NullLogger.Instance, () => $"token{++_token}");

    private ValueTask<DsnResult> TryComposeAsync(DsnKind kind, QueuedEnvelope envelope, MessageContent original, params DsnRecipient[] recipients) =>
        Composer().ComposeAsync(kind, envelope, Id, recipients, original, (_, to) => "mx:" + to.Domain, default);

    private async Task<GeneratedMessage> ComposeAsync(DsnKind kind, QueuedEnvelope envelope, string original, params DsnRecipient[] recipients)
    {
        bool latin1 = original.All(c => c < 256);
        var content = new MemoryContent(latin1 ? Encoding.Latin1.GetBytes(original) : Encoding.UTF8.GetBytes(original));
        var result = await TryComposeAsync(kind, envelope, content, recipients);
        return Assert.IsType<GeneratedMessage>(result.Message);
    }

    private static string Text(GeneratedMessage message) => Encoding.UTF8.GetString(message.Content.Span);

    private static MimeMessage Parse(GeneratedMessage message) => MimeMessage.Load(new MemoryStream(message.Content.ToArray()));

    /// <summary>CRLF only, no NUL, no line above 998 bytes, and 8-bit bytes only where they are declared.</summary>
    private static void AssertLegal(GeneratedMessage message)
    {
        string text = Encoding.Latin1.GetString(message.Content.Span);
        Assert.DoesNotContain('\0', text);
        foreach (string line in text.Split("\r\n"))
        {
            Assert.InRange(line.Length, 0, 998);
            Assert.DoesNotContain('\r', line);
            Assert.DoesNotContain('\n', line);
        }
        Assert.Equal(!Ascii.IsValid(message.Content.Span), message.Envelope.HasEightBit);
    }
}
