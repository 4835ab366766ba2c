namespace Postern.Protocols.Mail;

/// <summary>What may be converted. Refuses wherever the result could differ, for some reader, in more than its encoding.</summary>
internal static class EightBitPolicy
{
    /// <summary>Null when every part can be converted.</summary>
    public static string? Refusal(IReadOnlyList<MimeEntityOutline> entities, EightBitOptions options)
    {
        if (entities[0].Headers.IsDkimSigned && !options.BreakDkim) return "it is signed with DKIM, and the signature would break";
        foreach (var entity in entities)
        {
            if (entity.Headers.HasEightBit) return "it has bytes above 127 in a header";
            // Also in a part that stays as it is: a reader who takes its headers otherwise may see other parts after it.
            if (entity.Headers.Problem is { } problem) return problem;
            if (entity.EightBitBytes > 0 && OfEntity(entity, options) is { } refusal) return refusal;
        }
        return null;
    }

    private static string? OfEntity(MimeEntityOutline entity, EightBitOptions options)
    {
        if (entity.Kind != EntityKind.Leaf) return "it has bytes above 127 outside the parts of a multipart";
        if (entity.Headers.TransferEncoding is { } encoding and not ("7bit" or "8bit" or "binary"))
            return $"a part has bytes above 127 though it says that it is encoded as {Printable(encoding)}";
        if (entity.Headers.Type is { } type && type.StartsWith("message/", StringComparison.Ordinal) && !type.StartsWith("message/global", StringComparison.Ordinal))
            return $"a part of type {Printable(type)} must not be encoded";
        for (var outer = entity; outer is not null; outer = outer.Parent)
        {
            if (outer.Headers.Type is "multipart/signed" or "multipart/encrypted" && !options.BreakSignedParts)
                return outer.Headers.Type == "multipart/signed" ? "it is signed (multipart/signed), and the signature would break" : "it is encrypted (multipart/encrypted), and must not be changed";
            if (outer.IsMessageRoot && !outer.Headers.HasMimeVersion && !(options.LabelUnknown && outer == entity && CanLabel(entity)))
                return "it is not MIME (no MIME-Version header), so its bytes above 127 cannot be encoded";
        }
        return null;
    }

    /// <summary>True for a plain old message, which says nothing of its content.</summary>
    public static bool CanLabel(MimeEntityOutline entity) => entity is { IsMessageRoot: true, Headers: { HasMimeVersion: false, HasContentType: false, EncodingLength: 0 } };

    /// <summary>Base64 for what is no text, and where quoted-printable would be longer.</summary>
    public static bool PrefersBase64(MimeEntityOutline leaf) =>
        !(leaf.Headers.Type is null || leaf.Headers.Type.StartsWith("text/", StringComparison.Ordinal) || leaf.Headers.Type.StartsWith("message/", StringComparison.Ordinal))
        || leaf.EightBitBytes * 6 > leaf.BodyEnd - leaf.BodyStart;

    private static string Printable(string text) => text.Length <= 40 ? text : string.Concat(text.AsSpan(0, 40), "...");
}
