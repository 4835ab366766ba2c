using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using MimeKit;
using Postern.Access;
using Postern.Core.Submission.Injection;
using Postern.Protocols.Smtp;

namespace Postern.Api;

/// <summary>Takes mail: in parts as JSON, or whole as message/rfc822, which streams to the disk. Answered when it is on stable storage.</summary>
internal sealed class MessageEndpoints(RelayView relay, TimeProvider time)
{
    /// <summary>Of a message in parts, attachments in base64 included; it is composed in memory. Larger ones go whole.</summary>
    private const long MaxJsonBytes = 32L << 20;
    private const long MaxBytesAtOnce = 128L << 20;
    private const string Like = """{"from":"Shop <orders@example.org>","to":["ann@example.net"],"subject":"Your order","text":"It is on its way."}""";
    private const string RawLike = "From: Shop <orders@example.org>\r\nTo: ann@example.net\r\nSubject: Your order\r\n\r\nIt is on its way.\r\n";

    private readonly InjectionBudget _budget = new(MaxBytesAtOnce);
    private readonly IdempotencyTable<AcceptedContract> _keys = new(time);

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/api/v1/messages", (RequestDelegate)TakeAsync).Needs(ApiRole.Send)
        .Describe("sendMessage", "Mail", "Hand in a message", "By the same checks, limits and durability as mail that comes by SMTP: 202 means that the message is on stable storage. All recipients are taken or none. As JSON it is composed, up to 32 MiB; as message/rfc822 it passes untouched but for line ends, Bcc (which is left out), Received, and a Date and Message-ID where they are missing, up to limits.max_message.")
        .Takes(
            QueueEndpoints.KeyParameter,
            new ApiParameter("from", "Of a whole message: where bounces go (<> for nowhere); without it the address in Sender or From.", Example: "orders@example.org"),
            new ApiParameter("to", "Of a whole message: recipients, separated by commas, or given several times; without it those in To, Cc and Bcc.", Example: "ann@example.net,ben@example.net"),
            new ApiParameter("priority", "Of a whole message: -9 to 9 (RFC 6710).", "integer", "4") { Least = -9, Most = 9 },
            new ApiParameter("envelope_id", "Of a whole message: the sender's own id of it (ENVID, RFC 3461).", Example: "order-4711"))
        .TakesBody<MessageContract>("The message.", Like)
        .TakesBytes("message/rfc822", "The message, as it is to be sent.", RawLike)
        .Gives<AcceptedContract>("It is kept, and will be delivered.", """{"id":"01kb2d3e4f5g6","recipients":1,"reply":"250 2.0.0 Ok: queued as 01kb2d3e4f5g6"}""", 202, new Dictionary<string, string> { ["Location"] = "The message, while it waits." })
        .Refuses(ProblemKind.InvalidParameter, ProblemKind.InvalidBody, ProblemKind.RelayingDenied, ProblemKind.BodyTooLarge, ProblemKind.MessageTooLarge, ProblemKind.UnsupportedMediaType, ProblemKind.KeyReused,
            ProblemKind.MessageRefused, ProblemKind.RecipientsRefused, ProblemKind.StorageFull, ProblemKind.TryLater, ProblemKind.Busy, ProblemKind.Starting);

    private async Task TakeAsync(HttpContext http)
    {
        if (relay.Mail() is not { } mail)
        {
            await Answers.Problem(http, Problems.Starting);
            return;
        }
        var answer = http.Request.HasJsonContentType() ? await TakePartsAsync(http, mail)
            : http.Request.ContentType?.Split(';')[0].Trim().Equals("message/rfc822", StringComparison.OrdinalIgnoreCase) == true ? await TakeWholeAsync(http, mail)
            : Problems.Of(ProblemKind.UnsupportedMediaType, "expected a message", "send it in parts as application/json, or whole as message/rfc822");
        if (answer.Problem is { } problem)
        {
            await Answers.Problem(http, problem);
            return;
        }
        http.Response.Headers.Location = $"/api/v1/queue/{answer.Value!.Id}";
        await Answers.Json(http, answer.Value, ApiJson.Default.AcceptedContract, StatusCodes.Status202Accepted);
    }

    private async Task<Answer<AcceptedContract>> TakePartsAsync(HttpContext http, MailInjector mail)
    {
        long most = Math.Min(MaxJsonBytes, mail.MaxMessageBytes / 3 * 4 + Answers.MaxJsonBytes);
        if (http.Request.ContentLength > most) return Problems.Of(ProblemKind.BodyTooLarge, $"the body has {http.Request.ContentLength} bytes, more than {most}", "send a large message whole, as message/rfc822");
        long cost = http.Request.ContentLength ?? most;
        if (!_budget.TryTake(cost)) return Problems.Of(ProblemKind.Busy, "too many large messages are being composed", "try again in a moment, or send it whole, as message/rfc822");
        try
        {
            http.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = most;
            var parts = await JsonSerializer.DeserializeAsync(http.Request.Body, ApiJson.Default.MessageContract, http.RequestAborted);
            if (parts is null) return Problems.Of(ProblemKind.InvalidBody, "the body is null", $"send {Like}");
            var composed = MessageComposer.Compose(parts);
            if (composed.Problem is not null) return composed.Problem;
            return await OnceAsync(http, () => Print(parts), () => SendAsync(http, mail, composed.Value!));
        }
        catch (JsonException e)
        {
            return Problems.Of(ProblemKind.InvalidBody, $"the body is not as expected: {e.Message}", $"send {Like}");
        }
        finally
        {
            _budget.GiveBack(cost);
        }
    }

    private static async Task<Answer<AcceptedContract>> SendAsync(HttpContext http, MailInjector mail, ComposedMessage composed)
    {
        var start = await mail.BeginAsync(Client(http), composed.Mail, composed.Recipients, http.RequestAborted);
        if (Refusal(start) is { } refusal) return refusal;
        await using var injection = start.Message!;
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.International = composed.Mail.SmtpUtf8;
        composed.Message.Prepare(EncodingConstraint.SevenBit);
        await using var stream = new InjectionStream(injection);
        await composed.Message.WriteToAsync(format, stream, http.RequestAborted);
        return await EndAsync(injection, composed.Recipients.Count, http.RequestAborted);
    }

    private async Task<Answer<AcceptedContract>> TakeWholeAsync(HttpContext http, MailInjector mail)
    {
        if (http.Request.ContentLength > mail.MaxMessageBytes) return Problems.Of(ProblemKind.MessageTooLarge, $"the message has {http.Request.ContentLength} bytes, more than {mail.MaxMessageBytes}", "send less, or raise limits.max_message");
        // The message's own limit counts, and it is watched as the bytes come.
        http.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
        var message = new WholeMessage(http.Request.BodyReader, mail.MaxHeaderBytes);
        if (await message.ReadHeadAsync(http.RequestAborted) is not { } head) return Problems.Of(ProblemKind.MessageTooLarge, $"the header has more than {mail.MaxHeaderBytes} bytes", "send less, or raise limits.max_header_size");
        var envelope = ReadEnvelope(http, head);
        if (envelope.Problem is not null) return envelope.Problem;
        var (command, recipients) = envelope.Value!;
        return await OnceAsync(http, () => $"{command.From}\n{string.Join('\n', recipients.Select(r => r.To))}\n{http.Request.ContentLength}", async () =>
        {
            var start = await mail.BeginAsync(Client(http), command, recipients, http.RequestAborted);
            if (Refusal(start) is { } refusal) return refusal;
            await using var injection = start.Message!;
            await message.CopyAsync(injection, http.RequestAborted);
            return await EndAsync(injection, recipients.Count, http.RequestAborted);
        });
    }

    private sealed record Envelope(MailCommand Mail, IReadOnlyList<RcptCommand> Recipients);

    private static Answer<Envelope> ReadEnvelope(HttpContext http, MessageHead head)
    {
        string? sender = http.Query("from");
        string[] recipients = [.. http.Request.Query["to"].SelectMany(t => (t ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal)];
        MailPath from = default;
        if (sender is not null)
        {
            from = sender == "<>" ? MailPath.Null : new MailPath(sender);
            if (!from.IsNull && !MailPath.IsMailbox(sender)) return Problems.Wrong($"from is no address: {sender}", "write it like app@example.org; <> for none");
        }
        IReadOnlyList<MailPath> to = [.. recipients.Select(r => new MailPath(r))];
        foreach (var path in to)
            if (!MailPath.IsMailbox(path.Address)) return Problems.Wrong($"to has what is no address: {path.Address}", "write each like ann@example.org, separated by commas");
        if (sender is null || to.Count == 0)
        {
            if (head.Envelope(out string? problem) is not { } found) return Problems.Wrong(problem!, "name sender and recipients with from= and to=");
            if (sender is null) from = found.From;
            if (to.Count == 0) to = found.To;
        }
        int? priority = null;
        if (http.Query("priority") is { } text)
        {
            if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) || number is < -9 or > 9) return Problems.Wrong($"not a priority: {text}", "use -9 to 9");
            priority = number;
        }
        string? envelopeId = http.Query("envelope_id");
        if (!EnvelopeParameters.IsEnvelopeId(envelopeId)) return Problems.Wrong("envelope_id is none", "use 1 to 100 printable characters of US-ASCII");
        bool smtpUtf8 = head.HasEightBit || from.IsInternationalized || to.Any(t => t.IsInternationalized);
        return new Envelope(new MailCommand(from, BodyType.EightBitMime, smtpUtf8, http.Request.ContentLength, EnvId: envelopeId, MtPriority: priority), [.. to.Select(t => new RcptCommand(t))]);
    }

    private static async Task<Answer<AcceptedContract>> EndAsync(MessageInjection injection, int recipients, CancellationToken cancel)
    {
        var reply = await injection.CompleteAsync(cancel);
        return reply.IsPositive ? new AcceptedContract(injection.Id.ToString(), recipients, reply.ToString()) : MessageReplies.Message(reply);
    }

    /// <summary>With a key, the first request's answer for all that follow it; a refusal leaves the key free.</summary>
    private async Task<Answer<AcceptedContract>> OnceAsync(HttpContext http, Func<string> request, Func<Task<Answer<AcceptedContract>>> take)
    {
        if (!QueueEndpoints.TryKey(http, out string? key, out var problem)) return problem!;
        if (key is null) return await take();
        switch (_keys.Begin(key, request(), out var first))
        {
            case KeyUse.Other:
                return Problems.Of(ProblemKind.KeyReused, "the key was used for another message", "use a key of its own for each message");
            case KeyUse.Full:
                return Problems.Of(ProblemKind.Busy, "too many messages with keys are under way", "try again in a moment");
            case KeyUse.Repeated:
                return await RepeatAsync(first!, http.RequestAborted);
        }
        AcceptedContract? accepted = null;
        try
        {
            var answer = await take();
            accepted = answer.Value;
            return answer;
        }
        finally
        {
            if (accepted is null) _keys.Forget(key);
            else _keys.Complete(key, accepted);
        }
    }

    private static async Task<Answer<AcceptedContract>> RepeatAsync(Task<AcceptedContract> first, CancellationToken cancel)
    {
        try
        {
            return await first.WaitAsync(cancel);
        }
        catch (TaskCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Problems.Of(ProblemKind.TryLater, "the first request with this key came to nothing", "send it again");
        }
    }

    private static ProblemContract? Refusal(in InjectionStart start) =>
        start.Refusal is { } reply ? MessageReplies.Sender(reply) : start.Refused is { } refused ? MessageReplies.Recipients(refused) : null;

    private static InjectionClient Client(HttpContext http)
    {
        // Who is only known to sit on this machine is no user: what it may send goes by its address.
        string? user = Caller.Of(http.User) is { Way: not "local" } caller ? caller.Name : null;
        var local = new IPEndPoint(http.Connection.LocalIpAddress ?? IPAddress.Loopback, http.Connection.LocalPort);
        return new InjectionClient(new IPEndPoint(ProxyPeer.Client(http), http.Connection.RemotePort), local, user, http.Request.IsHttps ? "HTTPS" : "HTTP");
    }

    private static string Print(MessageContract parts) => Convert.ToHexString(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(parts, ApiJson.Default.MessageContract)));
}
