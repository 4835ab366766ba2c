using Postern.Protocols.Smtp;
using static Postern.Tests.Protocols.Smtp.Server.Wire;

namespace Postern.Tests.Protocols.Smtp.Server;

public class AuthCommandTests
{
    private const string Good = "235 2.7.0 ok\r\n", Wrong = "535 5.7.8 no\r\n", NotBase64 = "501 5.5.2 The response is not base64, or not what the mechanism defines\r\n";
    private const string Syntax = "501 5.5.4 Write AUTH PLAIN or AUTH LOGIN, with at most one initial response\r\n", Cancelled = "501 5.7.0 Authentication cancelled\r\n";
    private const string Mechanism = "504 5.5.4 Mechanism not recognised; PLAIN and LOGIN are\r\n", Already = "503 5.5.1 Authenticated already\r\n";
    private const string User = "334 VXNlcm5hbWU6\r\n", Password = "334 UGFzc3dvcmQ6\r\n", Empty = "334 \r\n";
    private static readonly SessionOptions Offered = WireRun.Options with { OfferAuth = true, AuthWithoutTls = true };

    private static string B64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));

    [Fact]
    public async Task Plain_and_login_with_and_without_an_initial_response()
    {
        string plain = B64("\0app\0pw"), acting = B64("app\0app\0pw"), user = B64("app"), password = B64("pw");
        await Say($"AUTH PLAIN {plain}\r\n", Good, "auth |app|pw");
        await Say($"auth plain\r\n{plain}\r\n", Empty + Good, "auth |app|pw");
        await Say($"AUTH PLAIN {acting}\r\n", Good, "auth app|app|pw");
        await Say($"AUTH LOGIN\r\n{user}\r\n{password}\r\n", User + Password + Good, "auth |app|pw");
        await Say($"AUTH LOGIN {user}\r\n{password}\r\n", Password + Good, "auth |app|pw");
        await Say($"AUTH LOGIN {user}\r\n\r\n", Password + Good, "auth |app|");
        await Say($"AUTH PLAIN {B64("\0app\0pässword")}\r\n", Good, "auth |app|pässword");
    }

    [Theory]
    [InlineData("AUTH", Syntax)]
    [InlineData("AUTH PLAIN a b", Syntax)]
    [InlineData("AUTH CRAM-MD5", Mechanism)]
    [InlineData("AUTH XOAUTH2 dXNlcg==", Mechanism)]
    [InlineData("AUTH PLAIN *", NotBase64)]
    [InlineData("AUTH PLAIN =", NotBase64)]
    [InlineData("AUTH PLAIN AGFwcABwd", NotBase64)]
    [InlineData("AUTH PLAIN AGFwcABwdw=", NotBase64)]
    [InlineData("AUTH PLAIN AGFwcABwdw==AGFwcABwdw==", NotBase64)]
    [InlineData("AUTH PLAIN AGFwcABw-w==", NotBase64)]
    [InlineData("AUTH PLAIN YXBwAHB3", NotBase64)]
    [InlineData("AUTH PLAIN AAAA", NotBase64)]
    [InlineData("AUTH PLAIN AGFwcAA=", NotBase64)]
    [InlineData("AUTH PLAIN AGFwcABwAHc=", NotBase64)]
    [InlineData("AUTH PLAIN AP8Acf8=", NotBase64)]
    [InlineData("AUTH PLAIN\r\n*", Empty + Cancelled)]
    [InlineData("AUTH PLAIN\r\n", Empty + NotBase64)]
    [InlineData("AUTH LOGIN\r\n*", User + Cancelled)]
    [InlineData("AUTH LOGIN\r\nYXBw\r\n*", User + Password + Cancelled)]
    [InlineData("AUTH LOGIN\r\nYXBw\r\n**", User + Password + NotBase64)]
    [InlineData("AUTH LOGIN\r\nYX Bw", User + NotBase64)]
    [InlineData("AUTH LOGIN\r\n\r\ncHc=", User + Password + NotBase64)]
    [InlineData("AUTH LOGIN YQBw\r\ncHc=", Password + NotBase64)]
    public Task What_is_no_answer_is_refused_unseen_by_the_relay_and_another_try_is_allowed(string exchange, string replies) =>
        Say(exchange + "\r\nAUTH PLAIN AGFwcABwdw==\r\n", replies + Good, "auth |app|pw");

    [Fact]
    public Task A_failure_leaves_the_session_as_it_was_and_a_success_is_the_last() => Say(
        $"AUTH PLAIN {B64("\0other\0x")}\r\nEHLO c.test\r\nAUTH PLAIN AGFwcABwdw==\r\nAUTH PLAIN AGFwcABwdw==\r\nEHLO c.test\r\n",
        Wrong + Features.Replace("250 HELP", "250-AUTH PLAIN LOGIN\r\n250 HELP", StringComparison.Ordinal) + Good + Already + Features, "auth |other|x", "auth |app|pw");

    [Fact]
    public async Task A_response_may_have_12288_bytes_and_not_one_more()
    {
        string password = new('p', 9216 - "\0app\0".Length - 3), fits = B64("\0app\0" + password);
        Assert.True(fits.Length + 2 <= 12288);
        await Say($"AUTH PLAIN\r\n{fits}\r\n", Empty + Good, "auth |app|" + password);
        string initial = B64("\0app\0" + password[..9000]);
        await Say($"AUTH PLAIN {initial}\r\n", Good, "auth |app|" + password[..9000]);
        await Say("AUTH PLAIN\r\n" + new string('A', 12288) + "\r\nNOOP\r\n", Empty + "500 5.5.6 Authentication line longer than 12288 bytes\r\n" + Ok);
    }

    [Fact]
    public async Task Without_TLS_no_secret_is_taken_unless_allowed()
    {
        var options = Offered with { AuthWithoutTls = false, OfferStartTls = true };
        const string refused = "538 5.7.11 Encryption required: send STARTTLS before AUTH\r\n";
        await Check("HELO c.test\r\nAUTH PLAIN AGFwcABwdw==\r\nAUTH LOGIN\r\nAUTH\r\n", Start + refused + refused + refused, options: options, calls: ["end"]);
        await Check("HELO c.test\r\nAUTH PLAIN AGFwcABwdw==\r\n", Start + "502 5.5.1 AUTH is not offered here\r\n", calls: ["end"]);
    }

    private static Task Say(string exchange, string replies, params string[] calls) => Check(
        "HELO c.test\r\n" + exchange, Start + replies, options: Offered, calls: [.. calls, "end"]);
}
