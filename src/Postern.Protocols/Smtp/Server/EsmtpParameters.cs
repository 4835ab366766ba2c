using System.Text;

namespace Postern.Protocols.Smtp;

/// <summary>The parts that parameters of MAIL and RCPT share: splitting (RFC 5321 section 4.1.2) and xtext (RFC 3461 section 4).</summary>
internal static class EsmtpParameters
{
    /// <summary>Takes the next " KEYWORD[=value]". False at the end or when it is malformed, which <paramref name="reason"/> tells apart.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> keyword, out ReadOnlySpan<byte> value, out bool hasValue, out RejectionReason reason)
    {
        keyword = value = default;
        hasValue = false;
        reason = RejectionReason.None;
        if (rest.IsEmpty) return false;
        reason = RejectionReason.ParameterSyntax;
        if (rest[0] != ' ') return false;
        rest = rest.TrimStart((byte)' ');
        int end = rest.IndexOf((byte)' ');
        var word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[end..];
        int equals = word.IndexOf((byte)'=');
        keyword = equals < 0 ? word : word[..equals];
        value = equals < 0 ? default : word[(equals + 1)..];
        hasValue = equals >= 0;
        if (keyword.IsEmpty || keyword[0] == '-' || (hasValue && (value.IsEmpty || value.Contains((byte)'=')))) return false;
        foreach (byte b in keyword)
            if (!char.IsAsciiLetterOrDigit((char)b) && b != '-') return false;
        reason = RejectionReason.None;
        return true;
    }

    /// <summary>Decimal digits only; what exceeds a long becomes long.MaxValue.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> digits, int maxDigits, out long number)
    {
        number = 0;
        if (digits.IsEmpty || digits.Length > maxDigits) return false;
        foreach (byte b in digits)
        {
            if (b is < (byte)'0' or > (byte)'9') return false;
            int digit = b - '0';
            number = number > (long.MaxValue - digit) / 10 ? long.MaxValue : number * 10 + digit;
        }
        return true;
    }

    /// <summary>Decodes xtext; null when it is none, or hides a control character or a byte above 126: such a value would go into a bounce as it is.</summary>
    public static string? DecodeXtext(ReadOnlySpan<byte> text, int maxBytes, bool allowUtf8 = false)
    {
        if (text.Length > maxBytes) return null;
        Span<byte> decoded = stackalloc byte[text.Length];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            byte b = text[i];
            if (b == '+')
            {
                if (i + 2 >= text.Length || !TryHex(text[i + 1], out int high) || !TryHex(text[i + 2], out int low)) return null;
                b = (byte)(high * 16 + low);
                i += 2;
                if (b is < 32 or > 126) return null;
            }
            else if (b is < 33 or 127 or (byte)'=' || (b > 127 && !allowUtf8)) return null;
            decoded[length++] = b;
        }
        return Encoding.UTF8.GetString(decoded[..length]);
    }

    // hexchar has capital digits only (RFC 3461 section 4).
    private static bool TryHex(byte b, out int digit)
    {
        digit = b is >= (byte)'0' and <= (byte)'9' ? b - '0' : b is >= (byte)'A' and <= (byte)'F' ? b - 'A' + 10 : -1;
        return digit >= 0;
    }
}

/// <summary>Parameters of MAIL.</summary>
internal struct MailParameters
{
    private bool _body, _ret;
    private BodyType _bodyType;
    private long? _size;
    private DsnReturn _return;
    private string? _envId, _auth;
    private int? _priority;

    public bool SmtpUtf8 { get; private set; }

    public readonly MailCommand ToCommand(MailPath from) => new(from, _bodyType, SmtpUtf8, _size, _return, _envId, _auth, _priority);

    public RejectionReason Read(ReadOnlySpan<byte> rest, ParserFeatures features)
    {
        RejectionReason reason;
        while (EsmtpParameters.TryTake(ref rest, out var keyword, out var value, out bool hasValue, out reason))
        {
            if ((features & ParserFeatures.Extended) == 0) return RejectionReason.ParametersNeedEhlo;
            if (ReadOne(keyword, value, hasValue, features) is not RejectionReason.None and var wrong) return wrong;
        }
        return reason;
    }

    private RejectionReason ReadOne(ReadOnlySpan<byte> keyword, ReadOnlySpan<byte> value, bool hasValue, ParserFeatures features)
    {
        if (Ascii.EqualsIgnoreCase(keyword, "SIZE"))
        {
            if (_size is not null) return RejectionReason.ParameterTwice;
            if (!EsmtpParameters.TryNumber(value, 20, out long size)) return RejectionReason.SizeSyntax;
            _size = size;
        }
        else if (Ascii.EqualsIgnoreCase(keyword, "BODY"))
        {
            if (_body) return RejectionReason.ParameterTwice;
            _body = true;
            if (Ascii.EqualsIgnoreCase(value, "8BITMIME")) _bodyType = BodyType.EightBitMime;
            else if (Ascii.EqualsIgnoreCase(value, "BINARYMIME"))
            {
                if ((features & ParserFeatures.BinaryMime) == 0) return RejectionReason.BinaryMimeNotOffered;
                _bodyType = BodyType.BinaryMime;
            }
            else if (!Ascii.EqualsIgnoreCase(value, "7BIT")) return RejectionReason.BodySyntax;
        }
        else if (Ascii.EqualsIgnoreCase(keyword, "SMTPUTF8"))
        {
            if (SmtpUtf8) return RejectionReason.ParameterTwice;
            if (hasValue) return RejectionReason.SmtpUtf8Syntax;
            SmtpUtf8 = true;
        }
        else return ReadRare(keyword, value, features);
        return RejectionReason.None;
    }

    private RejectionReason ReadRare(ReadOnlySpan<byte> keyword, ReadOnlySpan<byte> value, ParserFeatures features)
    {
        if (Ascii.EqualsIgnoreCase(keyword, "RET"))
        {
            if (_ret) return RejectionReason.ParameterTwice;
            _ret = true;
            _return = Ascii.EqualsIgnoreCase(value, "FULL") ? DsnReturn.Full : Ascii.EqualsIgnoreCase(value, "HDRS") ? DsnReturn.Headers : DsnReturn.Unspecified;
            return _return == DsnReturn.Unspecified ? RejectionReason.RetSyntax : RejectionReason.None;
        }
        if (Ascii.EqualsIgnoreCase(keyword, "ENVID"))
        {
            if (_envId is not null) return RejectionReason.ParameterTwice;
            _envId = value.IsEmpty ? null : EsmtpParameters.DecodeXtext(value, 100);
            return _envId is null ? RejectionReason.EnvIdSyntax : RejectionReason.None;
        }
        if (Ascii.EqualsIgnoreCase(keyword, "AUTH"))
        {
            if (_auth is not null) return RejectionReason.ParameterTwice;
            _auth = value.IsEmpty ? null : EsmtpParameters.DecodeXtext(value, 500, allowUtf8: true);
            return _auth is null ? RejectionReason.AuthParameterSyntax : RejectionReason.None;
        }
        if (Ascii.EqualsIgnoreCase(keyword, "MT-PRIORITY") && (features & ParserFeatures.MtPriority) != 0)
        {
            if (_priority is not null) return RejectionReason.ParameterTwice;
            bool negative = value is [(byte)'-', ..];
            if (!EsmtpParameters.TryNumber(negative ? value[1..] : value, 1, out long number)) return RejectionReason.PrioritySyntax;
            _priority = (int)(negative ? -number : number);
            return RejectionReason.None;
        }
        return RejectionReason.ParameterUnknown;
    }
}

/// <summary>Parameters of RCPT.</summary>
internal struct RcptParameters
{
    private bool _notify;

    public DsnNotify Notify { get; private set; }
    public string? OriginalRecipient { get; private set; }

    public RejectionReason Read(ReadOnlySpan<byte> rest, ParserFeatures features)
    {
        RejectionReason reason;
        while (EsmtpParameters.TryTake(ref rest, out var keyword, out var value, out _, out reason))
        {
            if ((features & ParserFeatures.Extended) == 0) return RejectionReason.ParametersNeedEhlo;
            if (Ascii.EqualsIgnoreCase(keyword, "NOTIFY"))
            {
                if (_notify) return RejectionReason.ParameterTwice;
                _notify = true;
                if (!ReadNotify(value)) return RejectionReason.NotifySyntax;
            }
            else if (Ascii.EqualsIgnoreCase(keyword, "ORCPT"))
            {
                if (OriginalRecipient is not null) return RejectionReason.ParameterTwice;
                int semicolon = value.IndexOf((byte)';');
                OriginalRecipient = semicolon < 1 || semicolon + 1 == value.Length || !AddressGrammar.IsDomain(value[..semicolon])
                    ? null : EsmtpParameters.DecodeXtext(value, 500, (features & ParserFeatures.SmtpUtf8) != 0);
                if (OriginalRecipient is null) return RejectionReason.OrcptSyntax;
            }
            else return RejectionReason.ParameterUnknown;
        }
        return reason;
    }

    private bool ReadNotify(ReadOnlySpan<byte> value)
    {
        foreach (var range in value.Split((byte)','))
        {
            var word = value[range];
            var one = Ascii.EqualsIgnoreCase(word, "NEVER") ? DsnNotify.Never : Ascii.EqualsIgnoreCase(word, "SUCCESS") ? DsnNotify.Success
                : Ascii.EqualsIgnoreCase(word, "FAILURE") ? DsnNotify.Failure : Ascii.EqualsIgnoreCase(word, "DELAY") ? DsnNotify.Delay : DsnNotify.Unspecified;
            if (one == DsnNotify.Unspecified) return false;
            Notify |= one;
        }
        return (Notify & DsnNotify.Never) == 0 || Notify == DsnNotify.Never;
    }
}
