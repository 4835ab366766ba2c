using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MimeKit;

namespace Postern.Tests.Api;

/// <summary>Mail that is handed in over HTTP, with a whole relay behind it.</summary>
public sealed class MessageApiTests : IAsyncDisposable
{
    private const string Small = """{"from":"app@example.org","to":["ann@example.net"],"text":"hello"}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("postern-mail-").FullName;
    private ApiRelay? _relay;

    public async ValueTask DisposeAsync()
    {
        if (_relay is not null) await _relay.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<ApiRelay> StartAsync(string more = "") => _relay = await ApiRelay.StartAsync(_folder, more);

    [Fact]
    public async Task A_message_in_parts_is_composed_and_kept_with_everybody_in_its_envelope()
    {
        var relay = await StartAsync();
        var accepted = await relay.PostAsync("api/v1/messages", """
            {"from":"Jörg <orders@example.org>","to":["Ann <ann@example.net>","ben@example.net"],"cc":["ann@example.net"],"bcc":["secret@example.com"],"reply_to":["help@example.org"],
             "subject":"Ihre Bestellung – unterwegs","text":"Grüße","html":"<p>Grüße <img src='cid:logo'></p>","headers":{"List-Unsubscribe":"<https://example.org/u>"},
             "attachments":[{"name":"a.pdf","content":"JVBERi0="},{"name":"logo.png","content_id":"logo","content":"iVBORw=="}],"priority":3,"envelope_from":"bounces@example.org","envelope_id":"order-1"}
            """, HttpStatusCode.Accepted);
        string id = accepted.GetProperty("id").GetString()!;
        Assert.Equal((3, $"250 2.0.0 Ok: queued as {id}"), (accepted.GetProperty("recipients").GetInt32(), accepted.GetProperty("reply").GetString()));
        var details = await relay.GetAsync($"api/v1/queue/{id}");
        Assert.Equal(("bounces@example.org", "HTTP", "http", "order-1", 3), (details.GetProperty("message").GetProperty("sender").GetString(), details.GetProperty("protocol").GetString(), details.GetProperty("listener").GetString(), details.GetProperty("envelope_id").GetString(), details.GetProperty("message").GetProperty("priority").GetInt32()));
        Assert.Equal(["ann@example.net", "ben@example.net", "secret@example.com"], details.GetProperty("recipients").EnumerateArray().Select(r => r.GetProperty("address").GetString()!));

        byte[] bytes = await relay.Http.GetByteArrayAsync($"api/v1/queue/{id}/message");
        string text = Encoding.UTF8.GetString(bytes);
        Assert.StartsWith("Received: from [127.0.0.1] ([127.0.0.1])\r\n\tby relay.example.net (Postern) with HTTP id " + id, text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        Assert.DoesNotMatch("(?<!\r)\n", text);
        var message = await MimeMessage.LoadAsync(new MemoryStream(bytes));
        Assert.Equal(("Ihre Bestellung – unterwegs", "Jörg", $"{id}@relay.example.net", "<https://example.org/u>"), (message.Subject!, message.From[0].Name, message.MessageId, message.Headers["List-Unsubscribe"]!));
        Assert.Equal(("Grüße", "Ann", 1), (message.TextBody!.Trim(), message.To.Mailboxes.First().Name!, message.Attachments.Count()));
        Assert.InRange(TimeProvider.System.GetUtcNow() - message.Date, TimeSpan.FromSeconds(-2), TimeSpan.FromMinutes(1));
        Assert.Equal("logo", message.BodyParts.Single(p => p.ContentType.MimeType == "image/png").ContentId);
        Assert.True(System.Text.Ascii.IsValid(bytes));
    }

    [Fact]
    public async Task A_whole_message_passes_untouched_but_for_line_ends_and_Bcc()
    {
        var relay = await StartAsync();
        const string Head = "From: app@example.org\nTo: ann@example.net\n";
        const string Rest = "Subject: x\nMessage-ID: <1@example.org>\nDate: Fri, 02 Jan 2026 03:04:05 +0000\n\n.dots stay\nGrüße\r\nend\n";
        string id = await WholeAsync(relay, Head + "Bcc: ben@example.net,\n carl@example.net\n" + Rest);
        var details = await relay.GetAsync($"api/v1/queue/{id}");
        Assert.Equal(["ann@example.net", "ben@example.net", "carl@example.net"], details.GetProperty("recipients").EnumerateArray().Select(r => r.GetProperty("address").GetString()!));
        Assert.Equal("app@example.org", details.GetProperty("message").GetProperty("sender").GetString());
        string text = await ExportAsync(relay, id);
        Assert.EndsWith((Head + Rest).Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal), text, StringComparison.Ordinal);
        Assert.Equal(1, text.Split("Received:").Length - 1);
    }

    [Theory]
    [InlineData("?from=bounces@example.org&to=x@example.com,y@example.com&to=x@example.com", "bounces@example.org", 2)]
    [InlineData("?from=<>&to=x@example.com", "", 1)]
    [InlineData("?to=x@example.com", "app@example.org", 1)]
    public async Task The_envelope_of_the_address_goes_before_the_header(string query, string sender, int recipients)
    {
        var relay = await StartAsync();
        string id = await WholeAsync(relay, "From: app@example.org\r\nTo: ann@example.net\r\n\r\nhello\r\n", query);
        var message = (await relay.GetAsync($"api/v1/queue/{id}")).GetProperty("message");
        Assert.Equal((sender, recipients), (message.GetProperty("sender").GetString(), message.GetProperty("recipients_total").GetInt32()));
    }

    [Fact]
    public async Task Addresses_and_headers_beyond_ASCII_are_marked_for_SMTPUTF8()
    {
        var relay = await StartAsync();
        foreach (string id in (string[])[
            (await relay.PostAsync("api/v1/messages", """{"from":"jörg@example.org","to":["ann@example.net"],"text":"x"}""", HttpStatusCode.Accepted)).GetProperty("id").GetString()!,
            await WholeAsync(relay, "From: app@example.org\r\nTo: ann@example.net\r\nSubject: Grüße\r\n\r\nx\r\n")])
        {
            Postern.Core.Queue.MessageId.TryParse(id, out var parsed);
            Assert.True((await relay.Relay.Store.ShowAsync(parsed, CancellationToken.None))!.Envelope.SmtpUtf8);
        }
    }

    [Fact]
    public async Task What_is_answered_202_is_there_after_a_restart()
    {
        string id;
        await using (var first = await ApiRelay.StartAsync(_folder)) id = (await first.PostAsync("api/v1/messages", Small, HttpStatusCode.Accepted)).GetProperty("id").GetString()!;
        var again = await StartAsync();
        Assert.Contains("hello\r\n", await ExportAsync(again, id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_sent_twice_with_one_key_is_kept_once()
    {
        var relay = await StartAsync();
        var key = ("Idempotency-Key", "order-1");
        var first = await relay.PostAsync("api/v1/messages", Small, HttpStatusCode.Accepted, key);
        var second = await relay.PostAsync("api/v1/messages", Small, HttpStatusCode.Accepted, key);
        Assert.Equal(first.GetRawText(), second.GetRawText());
        Assert.Equal(1, relay.Relay.Store.Stats.Messages);
        var other = await relay.PostAsync("api/v1/messages", Small.Replace("hello", "bye", StringComparison.Ordinal), HttpStatusCode.UnprocessableEntity, key);
        Assert.Equal("/api/v1/problems/key-reused", other.GetProperty("type").GetString());
        string whole = await WholeAsync(relay, "From: app@example.org\r\nTo: ann@example.net\r\n\r\nx\r\n", "", "raw-1");
        Assert.Equal(whole, await WholeAsync(relay, "From: app@example.org\r\nTo: ann@example.net\r\n\r\nx\r\n", "", "raw-1"));
        Assert.Equal(2, relay.Relay.Store.Stats.Messages);
    }

    [Fact]
    public async Task A_refused_message_leaves_its_key_free()
    {
        var relay = await StartAsync("[access]\nsenders = [\"@example.org\"]");
        var key = ("Idempotency-Key", "k");
        var denied = await relay.PostAsync("api/v1/messages", Small.Replace("app@example.org", "app@example.com", StringComparison.Ordinal), HttpStatusCode.Forbidden, key);
        Assert.Equal("/api/v1/problems/relaying-denied", denied.GetProperty("type").GetString());
        Assert.StartsWith("550 5.7.1 Sender <app@example.com>", denied.GetProperty("reply").GetString(), StringComparison.Ordinal);
        await relay.PostAsync("api/v1/messages", Small, HttpStatusCode.Accepted, key);
    }

    [Fact]
    public async Task With_one_recipient_too_many_nobody_gets_it()
    {
        var relay = await StartAsync("[limits]\nmax_recipients = 2");
        var refused = await relay.PostAsync("api/v1/messages", """{"from":"app@example.org","to":["a@example.net","b@example.net","c@example.net"],"text":"x"}""", HttpStatusCode.UnprocessableEntity);
        Assert.Equal("/api/v1/problems/recipients-refused", refused.GetProperty("type").GetString());
        Assert.Equal("c@example.net", refused.GetProperty("recipients")[0].GetProperty("address").GetString());
        Assert.Equal(0, relay.Relay.Store.Stats.Messages);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_that_is_too_large_is_refused_and_not_kept(bool isChunked)
    {
        var relay = await StartAsync("[limits]\nmax_message = \"100KiB\"");
        using var request = Whole("From: app@example.org\r\nTo: ann@example.net\r\n\r\n" + new string('x', 200_000));
        request.Headers.TransferEncodingChunked = isChunked;
        var response = await relay.Http.SendAsync(request);
        Assert.True(response.Headers.ConnectionClose);
        var problem = await ApiRelay.ReadAsync(response, HttpStatusCode.RequestEntityTooLarge);
        Assert.Equal("/api/v1/problems/message-too-large", problem.GetProperty("type").GetString());
        await relay.PostAsync("api/v1/messages", Small.Replace("hello", new string('x', 150_000), StringComparison.Ordinal), HttpStatusCode.RequestEntityTooLarge);
        Assert.Equal(0, relay.Relay.Store.Stats.Messages);
    }

    [Fact]
    public async Task A_looping_message_and_a_header_without_end_are_refused()
    {
        var relay = await StartAsync("[limits]\nmax_received = 5\nmax_header_size = \"16KiB\"");
        using var looping = Whole(string.Concat(Enumerable.Repeat("Received: by x\r\n", 6)) + "From: app@example.org\r\nTo: ann@example.net\r\n\r\nx\r\n");
        var loop = await ApiRelay.ReadAsync(await relay.Http.SendAsync(looping), HttpStatusCode.UnprocessableEntity);
        Assert.StartsWith("554 5.4.6 Too many hops", loop.GetProperty("reply").GetString(), StringComparison.Ordinal);
        using var endless = Whole("From: app@example.org\r\nTo: ann@example.net\r\nX: " + new string('y', 40_000));
        endless.Headers.TransferEncodingChunked = true;
        await ApiRelay.ReadAsync(await relay.Http.SendAsync(endless), HttpStatusCode.RequestEntityTooLarge);
        Assert.Equal(0, relay.Relay.Store.Stats.Messages);
    }

    [Fact]
    public async Task A_token_sends_as_the_user_of_its_name()
    {
        var relay = await StartAsync("""
            [[user]]
            name = "app"
            password = "not-needed-here-1"
            senders = ["@example.org"]
            [[http.token]]
            name = "app"
            role = "send"
            token = "sender-token-0123456789"
            """);
        var token = ("Authorization", "Bearer sender-token-0123456789");
        await relay.PostAsync("api/v1/messages", Small, HttpStatusCode.Unauthorized);
        await relay.PostAsync("api/v1/messages", Small.Replace("app@example.org", "app@example.com", StringComparison.Ordinal), HttpStatusCode.Forbidden, token);
        string id = (await relay.PostAsync("api/v1/messages", Small, HttpStatusCode.Accepted, token)).GetProperty("id").GetString()!;
        Postern.Core.Queue.MessageId.TryParse(id, out var parsed);
        Assert.Equal("app", (await relay.Relay.Store.ShowAsync(parsed, CancellationToken.None))!.Envelope.Origin.User);
        using var look = new HttpRequestMessage(HttpMethod.Get, "api/v1/queue");
        look.Headers.Add(token.Item1, token.Item2);
        await ApiRelay.ReadAsync(await relay.Http.SendAsync(look), HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("""{"from":"app@example.org","to":["ann@example.net"]}""", "the message has neither text nor html")]
    [InlineData("""{"from":"app@example.org","text":"x"}""", "the message has no recipient")]
    [InlineData("""{"from":"nobody","to":["ann@example.net"],"text":"x"}""", "from has what is no address: nobody")]
    [InlineData("""{"from":"app@example.org","to":["ann@example.net\r\nBcc: x@example.com"],"text":"x"}""", "to has what is no address: ann@example.net\r\nBcc: x@example.com")]
    [InlineData("""{"from":"app@example.org","to":[null],"text":"x"}""", "to has what is no address: ")]
    [InlineData("""{"from":"app@example.org","to":["ann@example.net"],"text":"x","headers":{"Subject":"y"}}""", "the header field Subject cannot be given")]
    [InlineData("""{"from":"app@example.org","to":["ann@example.net"],"text":"x","headers":{"X-A":"y\r\nBcc: z"}}""", "the header field X-A has no value, or one with a control character")]
    [InlineData("""{"from":"app@example.org","to":["ann@example.net"],"text":"x","headers":{"X A":"y"}}""", "not the name of a header field: X A")]
    [InlineData("""{"from":"app@example.org","to":["ann@example.net"],"text":"x","priority":10}""", "not a priority: 10")]
    [InlineData("""{"from":"app@example.org","to":["ann@example.net"],"text":"x","attachments":[{"name":"a","content":null}]}""", "an attachment has no name or no content")]
    [InlineData("""{"from":"app@example.org","to":["ann@example.net"],"text":"x","attachments":[{"name":"a","content_type":"pdf","content":""}]}""", "not a content type: pdf")]
    [InlineData("""{"from":"app@example.org","to":["ann@example.net"],"text":"x","envelope_from":"Ann <a@example.org>"}""", "envelope_from is no address: Ann <a@example.org>")]
    public async Task Parts_that_make_no_message_are_refused(string body, string detail)
    {
        var relay = await StartAsync();
        Assert.Equal(detail, (await relay.PostAsync("api/v1/messages", body, HttpStatusCode.BadRequest)).GetProperty("detail").GetString());
        Assert.Equal(0, relay.Relay.Store.Stats.Messages);
    }

    [Theory]
    [InlineData("", "To: ann@example.net\r\n\r\nx", "no sender: there is no Sender or From line")]
    [InlineData("", "From: app@example.org\r\n\r\nx", "no recipients: To, Cc and Bcc name nobody")]
    [InlineData("?to=nobody", "From: app@example.org\r\n\r\nx", "to has what is no address: nobody")]
    [InlineData("?from=nobody", "To: ann@example.net\r\n\r\nx", "from is no address: nobody")]
    [InlineData("?priority=x", "From: app@example.org\r\nTo: ann@example.net\r\n\r\nx", "not a priority: x")]
    public async Task A_whole_message_without_a_good_envelope_is_refused(string query, string message, string detail)
    {
        var relay = await StartAsync();
        using var request = Whole(message, query);
        Assert.Equal(detail, (await ApiRelay.ReadAsync(await relay.Http.SendAsync(request), HttpStatusCode.BadRequest)).GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_sender_that_goes_away_in_the_middle_leaves_nothing_behind()
    {
        var relay = await StartAsync();
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(relay.Address.Host, relay.Address.Port);
        await socket.GetStream().WriteAsync("POST /api/v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: message/rfc822\r\nContent-Length: 100000\r\n\r\nFrom: app@example.org\r\nTo: ann@example.net\r\n\r\nhello"u8.ToArray());
        socket.Client.Close(0);
        await relay.PostAsync("api/v1/messages", Small, HttpStatusCode.Accepted);
        Assert.Equal(1, relay.Relay.Store.Stats.Messages);
    }

    private static HttpRequestMessage Whole(string message, string query = "", string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "api/v1/messages" + query) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(message)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("message/rfc822");
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return request;
    }

    private static async Task<string> WholeAsync(ApiRelay relay, string message, string query = "", string? key = null)
    {
        using var request = Whole(message, query, key);
        return (await ApiRelay.ReadAsync(await relay.Http.SendAsync(request), HttpStatusCode.Accepted)).GetProperty("id").GetString()!;
    }

    private static async Task<string> ExportAsync(ApiRelay relay, string id) => Encoding.UTF8.GetString(await relay.Http.GetByteArrayAsync($"api/v1/queue/{id}/message"));
}
