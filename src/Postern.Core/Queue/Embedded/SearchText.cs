using System.Buffers;
using System.Text;

namespace Postern.Core.Queue.Embedded;

/// <summary>
/// What an operator searches a message by, in one small array: sender, user, client and recipients in lower case, as UTF-8, one a line. About eighty bytes for a
/// usual message; with it a search over a million messages reads no disk.
/// </summary>
internal static class SearchText
{
    /// <summary>Of a message with a great many recipients the first are kept; whoever searches for others reads them from the journal.</summary>
    public const int MaxBytes = 4096;

    /// <param name="isCut">Some recipients are left out.</param>
    public static byte[] Of(QueuedEnvelope envelope, out bool isCut, int maxBytes = MaxBytes)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1024);
        int length = 0;
        isCut = false;
        try
        {
            Append(ref buffer, ref length, envelope.From.Address);
            Append(ref buffer, ref length, envelope.Origin.User ?? "");
            Append(ref buffer, ref length, envelope.Origin.ClientAddress ?? "");
            var recipients = envelope.Recipients;
            for (int i = 0; i < recipients.Count; i++)
            {
                if (length > maxBytes)
                {
                    isCut = true;
                    break;
                }
                Append(ref buffer, ref length, recipients[i].Address.Address);
            }
            return buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Append(ref byte[] buffer, ref int length, string text)
    {
        text = text.ToLowerInvariant();
        int needed = length + Encoding.UTF8.GetMaxByteCount(text.Length) + 1;
        if (needed > buffer.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, buffer.Length * 2));
            buffer.AsSpan(0, length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
        int written = Encoding.UTF8.GetBytes(text, buffer.AsSpan(length));
        // A user's name may hold anything; a line end would make it two fields.
        buffer.AsSpan(length, written).Replace((byte)'\n', (byte)' ');
        length += written;
        buffer[length++] = (byte)'\n';
    }
}

/// <summary>The fields of a <see cref="SearchText"/>.</summary>
internal readonly ref struct SearchFields
{
    public SearchFields(ReadOnlySpan<byte> text)
    {
        Sender = Line(ref text);
        User = Line(ref text);
        Client = Line(ref text);
        Recipients = text;
    }

    public ReadOnlySpan<byte> Sender { get; }
    public ReadOnlySpan<byte> User { get; }
    public ReadOnlySpan<byte> Client { get; }

    /// <summary>One a line.</summary>
    public ReadOnlySpan<byte> Recipients { get; }

    /// <summary>Takes the first line off.</summary>
    public static ReadOnlySpan<byte> Line(scoped ref ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)'\n');
        var line = end < 0 ? text : text[..end];
        text = end < 0 ? default : text[(end + 1)..];
        return line;
    }
}
