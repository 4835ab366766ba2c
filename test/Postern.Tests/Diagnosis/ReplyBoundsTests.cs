using System.Diagnostics;
using System.Text;
using Postern.Diagnosis.Causes;

namespace Postern.Tests.Diagnosis;

public sealed class ReplyBoundsTests
{
    public static TheoryData<string> Pieces => [" ", "\n", "a", ".", "1", "@", "#", "[", "\\", "/", "é", "邮", "\ud800", "\0", "ip ", "user ", "550 ", "5.1.1 ", "http://a/", "1.2.3.4 ", "::", "a.", "0 sec ", "blocked using "];

    [Theory]
    [MemberData(nameof(Pieces))]
    public void A_hundred_thousand_characters_of_one_kind_are_cut_and_read(string piece)
    {
        string text = Repeat(piece, 100 * 1024);
        var whole = ReplyClassifier.Default.Read(new ReplyInput(text));
        var cut = ReplyClassifier.Default.Read(new ReplyInput(text[..ReplyClassifier.MaxLength]));
        Assert.Equal(cut.Label, whole.Label);
        Assert.Equal(cut.Matched, whole.Matched);
    }

    [Fact]
    public void No_text_takes_long()
    {
        // The words of the rows themselves are the worst that can be said.
        string[] words = [.. ReplyRows.Default.Rows.SelectMany(r => r.Groups).SelectMany(g => g).Select(w => w.TrimStart('*'))];
        var texts = Pieces.Select(p => Repeat(p.Data, ReplyClassifier.MaxLength)).ToList();
        for (int i = 0; i < words.Length; i += 50) texts.Add(Repeat(string.Join(' ', words.Skip(i).Take(50)) + " ", ReplyClassifier.MaxLength));
        foreach (string text in texts) ReplyClassifier.Default.Read(new ReplyInput(text));
        foreach (string text in texts)
        {
            // The best of five: the machine may be busy. The bound is generous; what it must catch is time that grows with more than the length.
            var best = Enumerable.Range(0, 5).Min(_ => Time(text));
            Assert.True(best < TimeSpan.FromMilliseconds(10), $"{best.TotalMilliseconds} ms for '{text[..60]}'");
        }
    }

    private static TimeSpan Time(string text)
    {
        long begin = Stopwatch.GetTimestamp();
        ReplyClassifier.Default.Read(new ReplyInput(text));
        return Stopwatch.GetElapsedTime(begin);
    }

    private static string Repeat(string piece, int length)
    {
        var text = new StringBuilder(length + piece.Length);
        while (text.Length < length) text.Append(piece);
        return text.ToString(0, length);
    }
}
