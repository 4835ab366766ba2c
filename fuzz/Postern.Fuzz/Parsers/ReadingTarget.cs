using System.Text;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Fuzz.Parsers;

/// <summary>Whatever a peer says is read, the same each time, and what was taken out of it was there.</summary>
internal static class ReadingTarget
{
    public static readonly FuzzTarget Target = new("reading", Run, "\0", "550 5.1.1 ", "421-4.7.0 ", "user unknown", "blocked using zen.spamhaus.org", "[192.0.2.1]", "2001:db8::1", "try again in 5 minutes", "http://a.example/x?c=d",
        "limit is 20", "mx.google.com", "x@example.test", "(#5.7.1)", "don't", "\n", "ü", "邮箱", "~", "*");

    /// <summary>The stage's number, the peer, a zero byte, the text.</summary>
    private static void Run(ReadOnlyMemory<byte> input)
    {
        if (input.IsEmpty) return;
        ClientStage? stage = Enum.IsDefined((ClientStage)input.Span[0]) ? (ClientStage)input.Span[0] : null;
        string[] parts = Encoding.UTF8.GetString(input.Span[1..]).Split('\0', 2);
        string text = parts[^1];
        var reply = new ReplyInput(text, stage, parts.Length > 1 ? parts[0] : null);
        var reading = ReplyClassifier.Default.Read(reply);
        Must.Hold(Enum.IsDefined(reading.Label) && Enum.IsDefined(reading.Cause) && reading.Cause != CauseId.None, $"{reading.Label} by {reading.Cause}");
        Must.Hold(reading.Confidence is >= 0 and <= 1 && reading.RunnerUpConfidence is >= 0 and <= 1, $"confidences {reading.Confidence} and {reading.RunnerUpConfidence}");
        Must.Hold(reading.RunnerUp != reading.Label, $"the runner-up is {reading.Label} too");
        Must.Hold(reading.Pattern is null || reading.Matched.Contains(reading.Pattern), $"'{reading.Pattern}' did not match");
        Must.Hold(reading.Values.Urls.All(u => text.Contains(u, StringComparison.Ordinal)), "a URL that is not there");
        Must.Hold(reading.Values.RetryAfter is not { } wait || (wait > TimeSpan.Zero && wait <= TimeSpan.FromDays(7)), $"wait {reading.Values.RetryAfter}");
        Must.Hold(reading.Values.Limit is null or > 0, $"limit {reading.Values.Limit}");
        var again = ReplyClassifier.Default.Read(reply);
        Must.Hold(again.Label == reading.Label && again.Matched.SequenceEqual(reading.Matched), "the second time it is another");
    }
}
