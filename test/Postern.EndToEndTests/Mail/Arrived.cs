using System.Text;

namespace Postern.EndToEndTests.Mail;

/// <summary>Says whether what arrived is what was sent.</summary>
internal static class Arrived
{
    /// <summary>The bytes are ours untouched, after exactly one Received field of the relay.</summary>
    public static void Untouched(ReadOnlyMemory<byte> sentBytes, ReadOnlyMemory<byte> arrivedBytes)
    {
        ReadOnlySpan<byte> sent = sentBytes.Span, arrived = arrivedBytes.Span;
        Assert.True(arrived.EndsWith(sent), Difference(sent, arrived));
        string added = Encoding.Latin1.GetString(arrived[..^sent.Length]);
        Assert.StartsWith("Received: from ", added);
        Assert.Contains(" by relay.test ", added.Replace("\r\n\t", " ", StringComparison.Ordinal).Replace("\r\n ", " ", StringComparison.Ordinal));
        string[] lines = added.Split("\r\n");
        Assert.Equal("", lines[^1]);
        Assert.All(lines[1..^1], line => Assert.True(line[0] is ' ' or '\t', $"more than one field was added: {added}"));
    }

    /// <summary>
    /// A real server put its own trace before it; what follows the relay's Received field is ours untouched, with LF line ends. Exim ends the header of
    /// a message without a body with an empty line, and smtp-sink ends every dump with one: those are theirs.
    /// </summary>
    public static void UntouchedBelowTrace(ReadOnlyMemory<byte> sent, ReadOnlyMemory<byte> delivered)
    {
        byte[] expected = NastyMessages.WithLf(sent.Span);
        byte[] actual = NastyMessages.WithLf(delivered.Span);
        if (!actual.AsSpan().EndsWith(expected) && actual is [.., (byte)'\n', (byte)'\n']) actual = actual[..^1];
        Assert.True(actual.AsSpan().EndsWith(expected), Difference(expected, actual));
        string trace = Encoding.Latin1.GetString(actual.AsSpan(0, actual.Length - expected.Length));
        Assert.Contains("by relay.test", trace);
    }

    /// <summary>Where the two part, seen from the end.</summary>
    public static string Difference(ReadOnlySpan<byte> sent, ReadOnlySpan<byte> arrived)
    {
        int same = 0;
        while (same < sent.Length && same < arrived.Length && sent[^(same + 1)] == arrived[^(same + 1)]) same++;
        return $"sent {sent.Length} bytes, {arrived.Length} arrived, the last {same} agree; before them\nsent:    {Shown(sent[..^same])}\narrived: {Shown(arrived[..^same])}";
    }

    private static string Shown(ReadOnlySpan<byte> bytes) =>
        Encoding.Latin1.GetString(bytes[Math.Max(0, bytes.Length - 300)..]).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
