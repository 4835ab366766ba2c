using System.Buffers.Binary;
using System.Text;

namespace Postern.Protocols.Dns;

/// <summary>An extended DNS error (RFC 8914): why a resolver failed, in its own words.</summary>
/// <param name="Text">Printable, at most 200 characters; empty when only the code was given.</param>
public readonly record struct ExtendedError(int Code, string Text)
{
    /// <summary>The answer exists and its signatures do not hold: 6 bogus, 7 expired, 8 not yet valid, 9 no DNSKEY, 10 no RRSIG, 11 no zone key, 12 no NSEC.</summary>
    public bool IsBogus => Code is >= 6 and <= 12;

    public override string ToString() => $"EDE {Code} {Name}{(Text.Length > 0 ? $": {Text}" : "")}";

    private string Name => Code switch
    {
        3 => "stale answer", 5 => "DNSSEC indeterminate", 6 => "DNSSEC bogus", 7 => "signature expired", 8 => "signature not yet valid", 9 => "DNSKEY missing", 10 => "RRSIGs missing",
        11 => "no zone key bit set", 12 => "NSEC missing", 13 => "cached error", 14 => "not ready", 15 => "blocked", 16 => "censored", 17 => "filtered", 18 => "prohibited",
        20 => "not authoritative", 22 => "no reachable authority", 23 => "network error", 24 => "invalid data", _ => "of another sort",
    };
}

/// <param name="Code">The rcode with EDNS's upper bits.</param>
/// <param name="Question">The question section as it was sent back.</param>
internal sealed record DnsReply(ushort Id, int Code, bool IsTruncated, int Answers, ReadOnlyMemory<byte> Question, IReadOnlyList<ExtendedError> Errors);

/// <summary>
/// The little of the DNS's wire form (RFC 1035 section 4) that the DNS library does not offer: a question with the CD bit, and the extended errors of a reply.
/// Pure; a malformed reply is null.
/// </summary>
internal static class DnsWire
{
    private const int HeaderBytes = 12;
    private const int MaxErrors = 4;
    private const int MaxText = 200;
    private const ushort TypeOpt = 41;
    private const ushort OptionExtendedError = 15;

    /// <summary>1,232 bytes: what passes every path unfragmented, as the resolvers agreed for 2020.</summary>
    public const int UdpBytes = 1232;

    /// <param name="name">Without trailing dot, checked before: labels of 1-63, 253 in all, ASCII.</param>
    /// <param name="checkingDisabled">CD: give me the answer even where its signatures do not hold (RFC 4035 section 3.2.2).</param>
    public static byte[] Query(ushort id, string name, ushort type, bool checkingDisabled)
    {
        byte[] query = new byte[HeaderBytes + name.Length + 2 + 4 + 11];
        BinaryPrimitives.WriteUInt16BigEndian(query, id);
        query[2] = 0x01; // RD
        query[3] = (byte)(checkingDisabled ? 0x10 : 0);
        query[5] = 1;    // one question
        query[11] = 1;   // one additional record: OPT
        int at = HeaderBytes;
        foreach (string label in name.Split('.'))
        {
            query[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, query.AsSpan(at));
        }
        at++;
        BinaryPrimitives.WriteUInt16BigEndian(query.AsSpan(at), type);
        query[at + 3] = 1; // IN
        at += 4;
        // OPT: root name, type, our buffer; the rest is zero.
        BinaryPrimitives.WriteUInt16BigEndian(query.AsSpan(at + 1), TypeOpt);
        BinaryPrimitives.WriteUInt16BigEndian(query.AsSpan(at + 3), UdpBytes);
        return query;
    }

    /// <summary>The question section of a query made by <see cref="Query"/>.</summary>
    public static ReadOnlyMemory<byte> QuestionOf(byte[] query) => query.AsMemory(HeaderBytes, query.Length - HeaderBytes - 11);

    public static DnsReply? Parse(ReadOnlyMemory<byte> message)
    {
        var bytes = message.Span;
        if (bytes.Length < HeaderBytes || (bytes[2] & 0x80) == 0 || BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) != 1) return null;
        int at = SkipName(bytes, HeaderBytes) + 4;
        if (at < HeaderBytes + 4 || at > bytes.Length) return null;
        var question = message[HeaderBytes..at];
        int code = bytes[3] & 0x0f, answers = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
        int records = answers + BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]) + BinaryPrimitives.ReadUInt16BigEndian(bytes[10..]);
        bool truncated = (bytes[2] & 0x02) != 0;
        var errors = new List<ExtendedError>();
        for (; records > 0; records--)
        {
            int name = at;
            at = SkipName(bytes, at);
            if (at < 0 || at + 10 > bytes.Length) break;
            int end = at + 10 + BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 8)..]);
            if (end > bytes.Length) break;
            if (BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]) == TypeOpt && bytes[name] == 0)
            {
                code |= bytes[at + 4] << 4;
                ReadErrors(bytes[(at + 10)..end], errors);
            }
            at = end;
        }
        // A cut-off reply still says its code; anything else that ends early is not to be believed.
        return records > 0 && !truncated ? null : new DnsReply(BinaryPrimitives.ReadUInt16BigEndian(bytes), code, truncated, answers, question, errors);
    }

    /// <summary>Where the name ends; -1 when it runs out of the message. A pointer ends it: where that leads does not matter here.</summary>
    private static int SkipName(ReadOnlySpan<byte> bytes, int at)
    {
        while (at >= 0 && at < bytes.Length)
        {
            int length = bytes[at];
            if (length == 0) return at + 1;
            if ((length & 0xc0) == 0xc0) return at + 2 <= bytes.Length ? at + 2 : -1;
            if ((length & 0xc0) != 0) return -1;
            at += 1 + length;
        }
        return -1;
    }

    private static void ReadErrors(ReadOnlySpan<byte> options, List<ExtendedError> errors)
    {
        while (options.Length >= 4)
        {
            int option = BinaryPrimitives.ReadUInt16BigEndian(options), length = BinaryPrimitives.ReadUInt16BigEndian(options[2..]);
            if (length > options.Length - 4) return;
            var value = options.Slice(4, length);
            if (option == OptionExtendedError && length >= 2 && errors.Count < MaxErrors)
                errors.Add(new ExtendedError(BinaryPrimitives.ReadUInt16BigEndian(value), Printable(value[2..])));
            options = options[(4 + length)..];
        }
    }

    private static string Printable(ReadOnlySpan<byte> text)
    {
        var printable = new StringBuilder();
        foreach (byte b in text)
            if (printable.Length < MaxText && b != 0) printable.Append(b is >= 0x20 and < 0x7f ? (char)b : '?');
        return printable.ToString();
    }
}
