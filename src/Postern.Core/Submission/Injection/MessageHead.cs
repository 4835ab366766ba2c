using Postern.Core.Submission.Pickup;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission.Injection;

/// <summary>The header section of a message that somebody hands in whole, read before the rest has come: who it is from and for, and what must not be passed on.</summary>
public sealed class MessageHead
{
    private readonly List<PickupField> _fields;

    private MessageHead(List<PickupField> fields, bool hasEightBit) => (_fields, HasEightBit) = (fields, hasEightBit);

    /// <summary>Some field has a byte above 127: the message needs SMTPUTF8 (RFC 6532).</summary>
    public bool HasEightBit { get; }

    /// <summary>Null when the section does not end in these bytes.</summary>
    /// <param name="isWhole">Nothing follows.</param>
    public static MessageHead? Read(ReadOnlySpan<byte> bytes, bool isWhole) =>
        PickupHeader.Parse(bytes, isWhole, out int end) is { } fields ? new MessageHead(fields, !System.Text.Ascii.IsValid(bytes[..end])) : null;

    /// <summary>Sender and recipients from the fields, as <c>sendmail -t</c> reads them. Null when there are none, with the reason.</summary>
    public (MailPath From, IReadOnlyList<MailPath> To)? Envelope(out string? problem)
    {
        // These two are the envelope of a pickup file, and mean nothing elsewhere.
        var envelope = PickupEnvelope.Of([.. _fields.Where(f => !f.Is("X-Sender") && !f.Is("X-Receiver"))]);
        problem = envelope.Problem?.Replace("there is no X-Sender, ", "there is no ", StringComparison.Ordinal).Replace("there is no X-Receiver line, and ", "", StringComparison.Ordinal);
        return problem is null ? (envelope.From, envelope.Recipients) : null;
    }

    /// <summary>The pieces of these bytes that are passed on: all but Bcc and Resent-Bcc.</summary>
    /// <param name="bytes">The bytes that were read.</param>
    public IEnumerable<ReadOnlyMemory<byte>> Kept(ReadOnlyMemory<byte> bytes)
    {
        int at = 0;
        foreach (var field in _fields.Where(f => f.Is("Bcc") || f.Is("Resent-Bcc")))
        {
            if (field.Start > at) yield return bytes[at..field.Start];
            at = field.Start + field.Length;
        }
        if (at < bytes.Length) yield return bytes[at..];
    }
}
