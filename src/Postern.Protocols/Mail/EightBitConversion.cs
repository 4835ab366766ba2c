using Postern.Protocols.Smtp;

namespace Postern.Protocols.Mail;

/// <summary>What a conversion may do beyond what is always safe.</summary>
/// <param name="SpoolFolder">Where a converted message above 1 MiB waits in a temporary file; must exist.</param>
public sealed record EightBitOptions(string SpoolFolder)
{
    /// <summary>Convert inside multipart/signed and multipart/encrypted: the signature is over the encoded form (RFC 1847 section 2.1) and breaks.</summary>
    public bool BreakSignedParts { get; init; }

    /// <summary>Convert a message with a DKIM-Signature, which then no longer verifies (RFC 6376 section 5.3).</summary>
    public bool BreakDkim { get; init; }

    /// <summary>Label a body outside MIME as text of an unknown 8-bit character set (RFC 1428); else it is refused.</summary>
    public bool LabelUnknown { get; init; }

    /// <summary>For the notifications that we make ourselves: the original inside is a copy for a person, and losing the report would be worse than a broken seal.</summary>
    public static EightBitOptions ForReports(string spoolFolder) => new(spoolFolder) { BreakSignedParts = true, BreakDkim = true, LabelUnknown = true };
}

/// <summary>Exactly one of the two is set. Dispose when the content has been sent.</summary>
public sealed class EightBitResult : IDisposable
{
    private readonly IDisposable? _owned;

    private EightBitResult(MessageContent? content, string? refusal, IDisposable? owned)
    {
        Content = content;
        Refusal = refusal;
        _owned = owned;
    }

    /// <summary>The message with no byte above 127.</summary>
    public MessageContent? Content { get; }

    /// <summary>Why it cannot be converted without harm: a clause that follows "the message cannot be made 7-bit:".</summary>
    public string? Refusal { get; }

    public void Dispose() => _owned?.Dispose();

    internal static EightBitResult Of(MessageContent content, IDisposable? owned = null) => new(content, null, owned);
    internal static EightBitResult Refuse(string reason) => new(null, reason, null);
}

/// <summary>
/// Makes an 8-bit message 7-bit for a server without 8BITMIME (RFC 6152 section 3): each leaf part that holds bytes above 127 is encoded as
/// quoted-printable or base64, so that a reader gets the same bytes after decoding; its Content-Transfer-Encoding field changes, and that of the
/// multiparts around it; every other byte stays. Streams in bounded memory, two passes over the original. Stateless.
/// </summary>
public static class EightBitConversion
{
    /// <summary>True when <see cref="ConvertAsync"/> would not refuse: one pass, nothing is written.</summary>
    public static async ValueTask<bool> CanConvertAsync(MessageContent original, EightBitOptions options, CancellationToken cancel) =>
        !original.HasEightBit || Refusal(await MimeOutline.ReadAsync(original, cancel), options) is null;

    /// <exception cref="IOException">The original cannot be read, or the spool cannot be written.</exception>
    public static async ValueTask<EightBitResult> ConvertAsync(MessageContent original, EightBitOptions options, CancellationToken cancel)
    {
        if (!original.HasEightBit) return EightBitResult.Of(original);
        var outline = await MimeOutline.ReadAsync(original, cancel);
        if (Refusal(outline, options) is { } refusal) return EightBitResult.Refuse(refusal);
        var spool = new SpooledContent(options.SpoolFolder);
        try
        {
            await new EightBitWriter(original, spool).WriteAsync(outline.Entities, cancel);
            return EightBitResult.Of(spool, spool);
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    private static string? Refusal(MimeOutline outline, EightBitOptions options) => outline.Problem ?? EightBitPolicy.Refusal(outline.Entities, options);
}
